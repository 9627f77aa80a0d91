import type { Clock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod } from '../cluster/pod.js';
import { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import { isRejection, type Status, statusMessage } from '../framework/status.js';
import type { QueueEntry } from '../queue/queued-pod.js';
import type { SchedulingQueue } from '../queue/scheduling-queue.js';
import type { Random } from '../random.js';
import { runBind, runPermit, runPostBind, runPreBind, runReserve, runUnreserve } from './binding-cycle.js';
import type { ClusterFeed } from './cluster-feed.js';
import { type Decision, noNodesMessage } from './decision.js';
import { evaluate } from './evaluate.js';
import type { EvaluationObserver } from './evaluation-observer.js';
import { EvaluationSpace } from './evaluation-space.js';
import { fitMessage, refusalMessage } from './fit-message.js';
import { Overtaken } from './overtaken.js';
import { type Placement, placementOf } from './placement.js';
import { runPostFilters } from './post-filter-pass.js';
import type { WaitingPods } from './waiting-pods.js';

/** How one attempt ended, for metrics, logs, events and whoever else watches. Durations are in seconds. */
export type Outcome =
  | {
      readonly kind: 'bound';
      readonly pod: Pod;
      readonly entry: QueueEntry;
      readonly placement: Placement;
      readonly seconds: number;
    }
  | {
      readonly kind: 'pending';
      readonly pod: Pod;
      readonly reason: 'Unschedulable' | 'SchedulerError';
      readonly message: string;
      /** A nomination to write, '' to clear the one that the pod has. */
      readonly nominate?: string;
      readonly seconds: number;
    }
  /** Somebody else decided: the pod is bound elsewhere, is gone, or this process may not write any more. */
  | { readonly kind: 'overtaken'; readonly pod: Pod; readonly by: string };

export interface SchedulerObserver {
  outcome?(outcome: Outcome): void;
  /** Time to choose a node, seconds. */
  algorithm?(seconds: number): void;
  /** Measures this attempt's plugins; undefined leaves the attempt unmeasured. */
  evaluation?(schedulerName: string): EvaluationObserver | undefined;
  /** A terminating pod was popped: there is nothing to schedule. */
  skipped?(pod: Pod): void;
}

export interface SchedulerOptions {
  readonly cluster: ClusterState;
  readonly queue: SchedulingQueue;
  readonly feed: ClusterFeed;
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly waiting: WaitingPods;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  /** Bindings waiting or under way: the loop pauses when they pile up. */
  readonly bindingBacklog: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: SchedulerObserver;
}

const nobody: ReadonlySet<string> = new Set();

interface PutBackReason {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  readonly rejectors?: ReadonlySet<string>;
  readonly pendingPlugins?: ReadonlySet<string>;
}

/** A pod that was given a node, until it is bound or given back. */
interface Attempt {
  readonly entry: QueueEntry;
  readonly cycle: Cycle;
  readonly profile: Profile;
  readonly assumed: Pod;
  readonly placement: Placement;
  readonly started: number;
}

/** Work this long, then let timers, sockets and bindings have their turn. */
const sliceMs = 8;
/** More bindings than this waiting would mean deciding on a view that is old when they are posted. */
const maxBacklog = 512;
const backlogPauseMs = 2;

/** The loop: pops one pod after the other, decides, assumes, and leaves the binding to run beside the next decision. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #space = new EvaluationSpace();
  readonly #bindings = new Set<Promise<void>>();
  /** Ends bindings that still wait when the process gives up on them. */
  readonly #stop = new AbortController();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Bindings that have not ended. */
  get openBindings(): number {
    return this.#bindings.size;
  }

  /** Schedules until the signal fires. Bindings under way are not waited for: see `drain`. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    const { queue, clock } = this.#options;
    while (!signal.aborted) {
      await queue.ready({ signal });
      const until = clock.monotonic() + sliceMs;
      while (!signal.aborted && clock.monotonic() < until && this.#options.bindingBacklog() < maxBacklog) {
        const entry = queue.pop();
        if (entry === undefined) break;
        this.#attempt(entry);
      }
      if (this.#options.bindingBacklog() >= maxBacklog)
        await clock.sleep(backlogPauseMs, { signal }).catch(() => undefined);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves when all bindings under way have ended. */
  async drain(): Promise<void> {
    while (this.#bindings.size > 0) await Promise.allSettled([...this.#bindings]);
  }

  /** Gives up bindings under way: to be called when the time for an orderly end is over. */
  abandon(): void {
    this.#stop.abort();
  }

  /** Whatever goes wrong with one pod, the others go on. */
  #attempt(entry: QueueEntry): void {
    const started = this.#options.clock.monotonic();
    try {
      this.scheduleOne(entry);
    } catch (thrown) {
      this.#options.cluster.forget(entry.pod.uid);
      this.#putBack(entry, { reason: 'SchedulerError', message: String(thrown) }, started);
    }
  }

  /** One attempt for one popped pod. Decides at once; a binding goes on after the return. */
  scheduleOne(entry: QueueEntry): void {
    const { cluster, queue, profiles, clock, observer } = this.#options;
    const started = clock.monotonic();
    const { pod } = entry;
    const profile = profiles.get(pod.schedulerName);
    if (profile === undefined || cluster.isAssumed(pod.uid)) {
      queue.done(pod.uid);
      return;
    }
    if (pod.terminating) {
      queue.done(pod.uid);
      observer?.skipped?.(pod);
      return;
    }
    const cycle = new Cycle(pod, cluster.nodes);
    const decision = evaluate(cycle, profile, {
      space: this.#space,
      random: this.#options.random,
      nominations: queue.nominator,
      observer: observer?.evaluation?.(pod.schedulerName),
    });
    observer?.algorithm?.(this.#secondsSince(started));
    if (decision.kind === 'fits') this.#place(entry, cycle, profile, decision, started);
    else this.#refuse(entry, cycle, profile, decision, started);
  }

  /** Assumes the pod on its node, reserves, asks permission, and starts the binding. */
  #place(
    entry: QueueEntry,
    cycle: Cycle,
    profile: Profile,
    decision: Decision & { kind: 'fits' },
    started: number,
  ): void {
    const { cluster, queue } = this.#options;
    const assumed: Pod = { ...entry.pod, nodeName: decision.nodeName };
    const attempt: Attempt = { entry, cycle, profile, assumed, placement: placementOf(decision), started };
    cluster.assume(assumed);
    queue.nominator.remove(assumed.uid);
    const refused = runReserve(cycle, profile, assumed);
    if (refused !== undefined) {
      this.#takeBack(attempt, refused);
      return;
    }
    const permit = runPermit(cycle, profile, assumed);
    if (permit.status !== undefined) {
      this.#takeBack(attempt, permit.status);
      return;
    }
    const binding = this.#bind(attempt, permit.waits);
    this.#bindings.add(binding);
    void binding.finally(() => this.#bindings.delete(binding));
  }

  async #bind(attempt: Attempt, waits: ReadonlyMap<string, number>): Promise<void> {
    const { queue, waiting, observer } = this.#options;
    const { entry, cycle, profile, assumed, placement } = attempt;
    const options = { signal: this.#stop.signal };
    const status =
      (waits.size === 0 ? undefined : await waiting.wait(assumed.uid, waits)) ??
      (await runPreBind(cycle, profile, assumed, options)) ??
      (await runBind(cycle, profile, assumed, options));
    if (status !== undefined) {
      this.#takeBack(attempt, status);
      return;
    }
    queue.done(assumed.uid);
    const seconds = this.#secondsSince(attempt.started);
    observer?.outcome?.({ kind: 'bound', pod: assumed, entry, placement, seconds });
    runPostBind(cycle, profile, assumed);
  }

  /** Undoes an assumption and sends the pod back with the reason. */
  #takeBack({ entry, cycle, profile, assumed, started }: Attempt, status: Status): void {
    const { cluster, feed } = this.#options;
    runUnreserve(cycle, profile, assumed);
    if (cluster.forget(assumed.uid)) feed.assumptionForgotten(assumed);
    if (status.cause instanceof Overtaken) {
      this.#giveUp(entry, status.cause);
      return;
    }
    if (!isRejection(status)) {
      this.#putBack(entry, { reason: 'SchedulerError', message: statusMessage(status) }, started);
      return;
    }
    const rejectors = new Set(status.plugin === undefined ? [] : [status.plugin]);
    this.#putBack(
      entry,
      { reason: 'Unschedulable', message: refusalMessage(status.reasons), rejectors },
      started,
    );
  }

  #refuse(
    entry: QueueEntry,
    cycle: Cycle,
    profile: Profile,
    decision: Exclude<Decision, { kind: 'fits' }>,
    started: number,
  ): void {
    if (decision.kind === 'error') {
      this.#putBack(entry, { reason: 'SchedulerError', message: statusMessage(decision.status) }, started);
      return;
    }
    if (decision.kind === 'no-nodes') {
      this.#putBack(entry, { reason: 'Unschedulable', message: noNodesMessage }, started);
      return;
    }
    const { diagnosis } = decision;
    const { message: postFilterMessage, nominate } = runPostFilters(cycle, profile, diagnosis);
    const why = {
      reason: 'Unschedulable',
      message: fitMessage(diagnosis, { postFilterMessage }),
      rejectors: diagnosis.rejectors(),
      pendingPlugins: diagnosis.pendingPlugins(),
    } as const;
    this.#putBack(entry, why, started, nominate);
  }

  /** Returns the pod to the queue, unless it is gone or bound by now, and says why it is pending. */
  #putBack(entry: QueueEntry, why: PutBackReason, started: number, nominate?: string): void {
    const { queue, latest, observer } = this.#options;
    const pod = latest(entry.pod.uid);
    if (pod === undefined || pod.nodeName !== '') {
      queue.done(entry.pod.uid);
      observer?.outcome?.({
        kind: 'overtaken',
        pod: entry.pod,
        by: pod === undefined ? 'deletion' : pod.nodeName,
      });
      return;
    }
    const { reason, message, rejectors = nobody, pendingPlugins = nobody } = why;
    queue.putBack(entry, pod, { rejectors, pendingPlugins });
    if (nominate !== undefined) queue.nominator.nominate(pod, nominate);
    const nomination = nominate === undefined || nominate === pod.nominatedNodeName ? {} : { nominate };
    observer?.outcome?.({
      kind: 'pending',
      pod,
      reason,
      message,
      ...nomination,
      seconds: this.#secondsSince(started),
    });
  }

  #secondsSince(started: number): number {
    return (this.#options.clock.monotonic() - started) / 1000;
  }

  /** Another decided. What the API server shows next settles the pod; until then it waits out a backoff in silence. */
  #giveUp(entry: QueueEntry, overtaken: Overtaken): void {
    const { queue, latest, observer } = this.#options;
    const pod = latest(entry.pod.uid);
    if (pod === undefined || pod.nodeName !== '') queue.done(entry.pod.uid);
    else queue.putBack(entry, pod, { rejectors: new Set() });
    observer?.outcome?.({ kind: 'overtaken', pod: entry.pod, by: overtaken.by });
  }
}
