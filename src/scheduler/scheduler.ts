import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod } from '../cluster/pod.js';
import type { PodExtenders } from '../extenders/pod-extenders.js';
import { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import { statusMessage } from '../framework/status.js';
import type { QueueEntry } from '../queue/queued-pod.js';
import type { SchedulingQueue } from '../queue/scheduling-queue.js';
import type { Random } from '../random.js';
import { type PermitOutcome, runPermit, runPostBind, runReserve, runUnreserve } from './binding-cycle.js';
import { type BindingEnd, BindingRunner, type OtherBinder } from './binding-runner.js';
import { PodClasses } from './classes/pod-classes.js';
import type { ClusterFeed } from './cluster-feed.js';
import { type Decision, noNodesMessage } from './decision.js';
import { evaluate } from './evaluate.js';
import type { EvaluationObserver } from './evaluation-observer.js';
import { EvaluationSpace } from './evaluation-space.js';
import { runExtendedAttempt } from './extended-attempt.js';
import { ExtendedEvaluation } from './extended-evaluation.js';
import type { SchedulerObserver } from './outcome.js';
import { Overtaken } from './overtaken.js';
import { type Placement, placementOf } from './placement.js';
import { PodsInPreBind } from './pods-in-pre-bind.js';
import { runPostFilters } from './post-filter-pass.js';
import { failedPlacement, type PutBackReason, refusedPlacement } from './put-back-reason.js';
import { unschedulableReason, withPostFilters } from './unschedulable-reason.js';
import { withNomination } from './unseen-nomination.js';
import { maxWaitingAttempts, WaitingAttempts } from './waiting-attempts.js';
import type { WaitingPods } from './waiting-pods.js';

export type { Outcome, SchedulerObserver } from './outcome.js';

/** What the loop owes to the configuration. */
export interface SchedulingPolicy {
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** The extenders that a pod concerns. Default: none. */
  readonly extendersFor?: ((pod: Pod) => PodExtenders | undefined) | undefined;
  /** Asked before the profile's Bind plugins. */
  readonly otherBinder?: OtherBinder | undefined;
}

export interface SchedulerOptions extends SchedulingPolicy {
  readonly cluster: ClusterState;
  readonly queue: SchedulingQueue;
  readonly feed: ClusterFeed;
  readonly waiting: WaitingPods;
  /** Pods in PreBind, for those who call them back. */
  readonly preBinding?: PodsInPreBind;
  /** Sees to it that nothing more is written about earlier attempts of a pod that is to be bound; never rejects. Default: nothing is. */
  readonly hush?: (pod: Pod) => Promise<void>;
  /** Writes a pod's nominated node into its status; never rejects. Default: it is not written. */
  readonly nominate?: (pod: Pod, nodeName: string) => Promise<unknown>;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  /** Bindings waiting or under way: the loop pauses when they pile up. */
  readonly bindingBacklog: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: SchedulerObserver;
}

/** A pod that was given a node, until it is bound or given back. */
interface Attempt {
  readonly entry: QueueEntry;
  readonly cycle: Cycle;
  readonly profile: Profile;
  readonly otherBinder: OtherBinder | undefined;
  readonly assumed: Pod;
  readonly placement: Placement;
  readonly started: number;
}

/** What is known of an attempt before it is decided. */
interface Undecided {
  readonly entry: QueueEntry;
  readonly profile: Profile;
  readonly otherBinder: OtherBinder | undefined;
  readonly observer: EvaluationObserver | undefined;
  readonly started: number;
}

/** Work this long, then let timers, sockets and bindings have their turn. */
const sliceMs = 8;
/**
 * More bindings than this waiting would mean deciding on a view that is old when they are posted: the binder looks again at decisions of
 * more than 250 ms, and an API server that binds 800 pods a second gets through so many in 160 ms.
 */
const maxBacklog = 128;
const backlogPauseMs = 2;

/** The loop: pops one pod after the other, decides, assumes, and leaves the binding to run beside the next decision. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #policy: SchedulingPolicy;
  readonly #space = new EvaluationSpace();
  readonly #classes = new PodClasses();
  readonly #runner: BindingRunner;
  readonly #bindings = new Set<Promise<void>>();
  readonly #waitingAttempts: WaitingAttempts;
  /** Ends bindings that still wait when the process gives up on them. */
  readonly #stop = new AbortController();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#policy = options;
    // Every binding listens to it: that many listeners are no leak.
    setMaxListeners(0, this.#stop.signal);
    this.#waitingAttempts = new WaitingAttempts(options.clock);
    const { waiting, clock, queue, observer } = options;
    this.#runner = new BindingRunner({
      waiting,
      clock,
      preBinding: options.preBinding ?? new PodsInPreBind(),
      hush: options.hush ?? (async () => undefined),
      nominate: options.nominate ?? (async () => undefined),
      settled: ({ uid }) => queue.done(uid),
      held: (pod, plugins) => observer?.held?.(pod, plugins),
      permitWaited: (code, seconds) => observer?.permitWaited?.(code, seconds),
    });
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
      // What arrived together is read first: a claim and the pod that needs it come by watches of their own.
      await new Promise((resolve) => setImmediate(resolve));
      const until = clock.monotonic() + sliceMs;
      while (!signal.aborted && clock.monotonic() < until && this.#options.bindingBacklog() < maxBacklog) {
        const entry = queue.pop();
        if (entry === undefined) break;
        const waiting = this.#attempt(entry, signal);
        if (waiting !== undefined) await waiting;
      }
      if (this.#options.bindingBacklog() >= maxBacklog)
        await clock.sleep(backlogPauseMs, { signal }).catch(() => undefined);
    }
    // They hear the signal as well.
    await this.#waitingAttempts.ended();
  }

  /**
   * The next pod is decided under this policy. What is under way goes on under the one it began with; resolves when nothing does any
   * more.
   */
  async use(policy: SchedulingPolicy): Promise<void> {
    this.#policy = policy;
    await this.#waitingAttempts.presentEnded();
    await Promise.allSettled([...this.#bindings]);
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
  #attempt(entry: QueueEntry, signal: AbortSignal): Promise<void> | undefined {
    const started = this.#options.clock.monotonic();
    try {
      return this.scheduleOne(entry, { signal });
    } catch (thrown) {
      this.#breakOff(entry, thrown, started);
      return undefined;
    }
  }

  #breakOff(entry: QueueEntry, thrown: unknown, started: number): void {
    this.#options.cluster.forget(entry.pod.uid);
    this.#putBack(entry, { reason: 'SchedulerError', message: String(thrown), nominate: '' }, started);
  }

  /**
   * One attempt for one popped pod. Decides at once, unless extenders have to be asked: the promise then resolves when it is time for
   * the next pod. A binding goes on after the decision.
   */
  scheduleOne(entry: QueueEntry, options: { readonly signal?: AbortSignal } = {}): Promise<void> | undefined {
    const { cluster, queue, clock, observer, random } = this.#options;
    const { profiles, extendersFor, otherBinder } = this.#policy;
    const started = clock.monotonic();
    const { pod } = entry;
    const profile = profiles.get(pod.schedulerName);
    if (profile === undefined || cluster.isAssumed(pod.uid)) {
      queue.done(pod.uid);
      return undefined;
    }
    if (pod.terminating) {
      this.#skip(pod);
      return undefined;
    }
    const evaluation = observer?.evaluation?.(pod.schedulerName);
    const attempt: Undecided = { entry, profile, otherBinder, observer: evaluation, started };
    const extenders = extendersFor?.(pod);
    if (extenders?.areAsked) return this.#ask(extenders, attempt, options.signal ?? this.#stop.signal);
    const cycle = this.#cycleOf(pod);
    const decision = evaluate(cycle, profile, {
      space: this.#space,
      random,
      nominations: queue.nominator,
      observer: attempt.observer,
      classes: this.#classes,
    });
    this.#conclude(decision, cycle, attempt);
    return undefined;
  }

  #cycleOf(pod: Pod): Cycle {
    const { cluster, queue } = this.#options;
    return new Cycle(withNomination(pod, queue.nominator), cluster.nodes);
  }

  /** There is nothing to schedule. */
  #skip(pod: Pod): void {
    this.#options.queue.done(pod.uid);
    this.#options.observer?.skipped?.(pod);
  }

  #conclude(decision: Decision, cycle: Cycle, undecided: Undecided): void {
    const { entry, profile, observer, started } = undecided;
    const refusal = decision.kind === 'fits' ? undefined : this.#explain(cycle, profile, decision, observer);
    this.#options.observer?.algorithm?.(this.#secondsSince(started));
    if (decision.kind === 'fits') this.#place(cycle, decision, undecided);
    else this.#putBack(entry, refusal!, started);
  }

  #ask(extenders: PodExtenders, attempt: Undecided, signal: AbortSignal): Promise<void> | undefined {
    const { queue, random } = this.#options;
    const { entry, profile, observer, started } = attempt;
    if (this.#waitingAttempts.isFull(extenders)) {
      const message = `${maxWaitingAttempts} attempts wait for an answer of its extenders already`;
      this.#putBack(entry, { reason: 'SchedulerError', message }, started);
      return undefined;
    }
    const nominations = queue.nominator;
    const space = this.#space;
    const asking = runExtendedAttempt({
      profile,
      extenders,
      evaluation: new ExtendedEvaluation(profile, { extenders, space, random, nominations, observer }),
      observer,
      signal,
      pod: () => this.#undecidedPod(entry),
      cycleOf: (pod) => this.#cycleOf(pod),
      decided: (decision, cycle) => this.#conclude(decision, cycle, attempt),
      refused: (reason) => {
        this.#options.observer?.algorithm?.(this.#secondsSince(started));
        this.#putBack(entry, reason, started);
      },
      // The pod waits for whoever comes next.
      abandoned: () => queue.putBack(entry, entry.pod, { rejectors: new Set() }),
    });
    const ended = asking.catch((thrown) => this.#breakOff(entry, thrown, started));
    return this.#waitingAttempts.add(ended, extenders);
  }

  /** The pod of an attempt that has waited, as it is by now; undefined, after it was told, when there is nothing left to decide. */
  #undecidedPod(entry: QueueEntry): Pod | undefined {
    const pod = this.#pendingPod(entry);
    if (pod?.terminating) {
      this.#skip(pod);
      return undefined;
    }
    if (pod !== undefined) entry.pod = pod;
    return pod;
  }

  /** Why the pod has to wait; PostFilter plugins may have found a way out by then. */
  #explain(
    cycle: Cycle,
    profile: Profile,
    decision: Exclude<Decision, { kind: 'fits' }>,
    observer: EvaluationObserver | undefined,
  ): PutBackReason {
    if (decision.kind === 'error')
      return { reason: 'SchedulerError', message: statusMessage(decision.status), nominate: '' };
    if (decision.kind === 'no-nodes')
      return { reason: 'Unschedulable', message: noNodesMessage, nominate: '' };
    const { diagnosis: rejections, hypothetical } = decision;
    const reason = unschedulableReason(decision);
    return withPostFilters(reason, runPostFilters(cycle, profile, { rejections, hypothetical, observer }));
  }

  /** Assumes the pod on its node, reserves, asks permission, and starts the binding. */
  #place(
    cycle: Cycle,
    decision: Decision & { kind: 'fits' },
    { entry, profile, otherBinder, started }: Undecided,
  ): void {
    const { cluster, queue } = this.#options;
    const assumed: Pod = { ...entry.pod, nodeName: decision.nodeName };
    const placement = placementOf(decision);
    const attempt: Attempt = { entry, cycle, profile, otherBinder, assumed, placement, started };
    cluster.assume(assumed);
    queue.nominator.remove(assumed.uid);
    const permit = this.#reserve(attempt);
    if (permit.status === undefined) this.#startBinding(attempt, permit.waits);
    else {
      // Nobody has seen the assumption: there is no event to tell of its end.
      this.#withdraw(attempt);
      this.#putBack(entry, refusedPlacement(permit.status), started);
    }
  }

  #reserve({ cycle, profile, assumed }: Attempt): PermitOutcome {
    const status = runReserve(cycle, profile, assumed);
    return status === undefined ? runPermit(cycle, profile, assumed) : { status, waits: new Map() };
  }

  #startBinding(attempt: Attempt, waits: ReadonlyMap<string, number>): void {
    const { cycle, profile, otherBinder, assumed: pod } = attempt;
    const binding = this.#runner
      .run({ cycle, profile, otherBinder, pod, waits, signal: this.#stop.signal })
      .then((end) => this.#endBinding(attempt, end));
    this.#bindings.add(binding);
    void binding.finally(() => this.#bindings.delete(binding));
  }

  #endBinding(attempt: Attempt, end: BindingEnd): void {
    const { entry, cycle, profile, assumed, placement, started } = attempt;
    if (end.kind === 'failed') {
      this.#takeBack(attempt, end);
      return;
    }
    const seconds = this.#secondsSince(started);
    this.#options.observer?.outcome?.({ kind: 'bound', pod: assumed, entry, placement, seconds });
    runPostBind(cycle, profile, assumed);
  }

  /** Undoes what a binding that failed had taken, and sends the pod back with the reason. */
  #takeBack(attempt: Attempt, { status, during }: BindingEnd & { kind: 'failed' }): void {
    const { entry, assumed, started } = attempt;
    if (status.cause instanceof Overtaken && status.cause.by === assumed.nodeName) {
      this.#confirmed(entry, status.cause);
      return;
    }
    const forgotten = this.#withdraw(attempt);
    const why = during === 'permit' ? refusedPlacement(status) : failedPlacement(status);
    if (status.cause instanceof Overtaken) this.#giveUp(entry, status.cause);
    else this.#putBack(entry, why, started);
    if (forgotten) this.#options.feed.assumptionForgotten(assumed);
  }

  /** Another bound the pod to the very node: the assumption is true, and the watch is going to say so. */
  #confirmed(entry: QueueEntry, { by }: Overtaken): void {
    this.#options.queue.done(entry.pod.uid);
    this.#options.observer?.outcome?.({ kind: 'overtaken', pod: entry.pod, by });
  }

  /** True when the assumption was still there to be taken back. */
  #withdraw({ cycle, profile, assumed }: Attempt): boolean {
    runUnreserve(cycle, profile, assumed);
    return this.#options.cluster.forget(assumed.uid);
  }

  /** The pod as it is by now; undefined, after it was told, when it is gone or bound: nothing is left to do. */
  #pendingPod(entry: QueueEntry): Pod | undefined {
    const { queue, latest, observer } = this.#options;
    const pod = latest(entry.pod.uid);
    if (pod !== undefined && pod.nodeName === '') return pod;
    queue.done(entry.pod.uid);
    const by = pod === undefined ? 'deletion' : pod.nodeName;
    observer?.outcome?.({ kind: 'overtaken', pod: entry.pod, by });
    return undefined;
  }

  /** Returns the pod to the queue, unless it is gone or bound by now, and says why it is pending. */
  #putBack(entry: QueueEntry, why: PutBackReason, started: number): void {
    const { queue, observer } = this.#options;
    const pod = this.#pendingPod(entry);
    if (pod === undefined) return;
    const { reason, message, causes, rejectors = new Set(), pendingPlugins = new Set(), nominate } = why;
    const before = entry.pod;
    queue.putBack(entry, pod, { rejectors, pendingPlugins });
    this.#renominate(before, pod, nominate);
    observer?.outcome?.({
      kind: 'pending',
      pod,
      entry,
      reason,
      message,
      ...(causes === undefined ? {} : { causes }),
      ...(nominate === undefined ? {} : { nominate }),
      seconds: this.#secondsSince(started),
    });
  }

  #renominate(before: Pod, pod: Pod, nominate: string | undefined): void {
    const { queue, feed } = this.#options;
    const { nominator } = queue;
    const promised = withNomination(pod, nominator);
    if (nominate === undefined) nominator.update(before, pod);
    else nominator.nominate(pod, nominate);
    const wasUnseen = pod.nominatedNodeName === '' && promised.nominatedNodeName !== '';
    if (wasUnseen && nominator.nodeOf(pod.uid) !== promised.nominatedNodeName) feed.nominationEnded(promised);
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
