import { hostname } from 'node:os';
import type { Clock } from './clock.js';
import { ClusterState } from './cluster/cluster-state.js';
import { podKey } from './cluster/pod.js';
import { ClusterWatch } from './cluster-watch.js';
import type { EffectiveConfiguration } from './config/scheduler-configuration.js';
import type { ClusterEvent } from './framework/cluster-event.js';
import type { Profile } from './framework/profile.js';
import { EventRecorder } from './kube/event-recorder.js';
import { fencedTransport } from './kube/fenced-transport.js';
import { PodApi } from './kube/pod-api.js';
import type { ApiTransport } from './kube/transport.js';
import { VolumeApi } from './kube/volume-api.js';
import type { WriteFence } from './kube/write-fence.js';
import type { Logger } from './observe/logger.js';
import type { Metrics } from './observe/metrics.js';
import { OutcomeRecorder } from './observe/outcome-recorder.js';
import { PreemptionRecorder } from './observe/preemption-recorder.js';
import { createInTreeRegistry } from './plugins/in-tree.js';
import { type HintObserver, HintTable } from './queue/hints.js';
import { SchedulingQueue } from './queue/scheduling-queue.js';
import type { Random } from './random.js';
import { bindThroughApi } from './scheduler/api-binding.js';
import { writeVolumesThroughApi } from './scheduler/api-volumes.js';
import { Binder } from './scheduler/binder.js';
import { buildProfiles } from './scheduler/build-profiles.js';
import { ClusterFeed } from './scheduler/cluster-feed.js';
import { ObjectFeed } from './scheduler/object-feed.js';
import { kindsRead, type ObjectKind } from './scheduler/object-kinds.js';
import { PodsInPreBind } from './scheduler/pods-in-pre-bind.js';
import { PreemptionExecutor } from './scheduler/preemption-executor.js';
import { reconcile } from './scheduler/reconcile.js';
import { type Outcome, Scheduler } from './scheduler/scheduler.js';
import { StatusWriter } from './scheduler/status-writer.js';
import { WaitingPods } from './scheduler/waiting-pods.js';

export interface BerthOptions {
  /** For watching, binding and conditions. */
  readonly transport: ApiTransport;
  /** For events, which have a rate limit of their own. @default transport */
  readonly eventTransport?: ApiTransport;
  readonly configuration: EffectiveConfiguration;
  readonly fence: WriteFence;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Sees every outcome after it was recorded; for the demo and for tests. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** How often pending pods are compared with the queue: nothing may be lost for longer. */
const reconcileMs = 30_000;
/** What is left for bindings, events and conditions under way when the program is told to end. */
const drainMs = 5_000;
/** A few megabytes: room for the events of a large burst until the API server has time for them. */
const eventQueueLimit = 10_000;

/** The whole scheduler between an API server's watches and its bindings, put together from the rooms of the house. */
export class Berth {
  readonly cluster = new ClusterState();
  readonly queue: SchedulingQueue;
  /** What is watched beside pods and nodes: the kinds that some plugin reads. */
  readonly watchedKinds: readonly ObjectKind[];
  readonly #options: BerthOptions;
  readonly #scheduler: Scheduler;
  readonly #binder: Binder;
  readonly #events: EventRecorder;
  readonly #statuses: StatusWriter;
  readonly #preemptions: PreemptionExecutor;
  readonly #watch: ClusterWatch;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #schedulerNames: ReadonlySet<string>;
  /** Scheduling ended in good order: what is left to write are events of what was done before. */
  #ended = false;

  constructor(options: BerthOptions) {
    this.#options = options;
    const {
      configuration,
      transport,
      eventTransport = transport,
      fence,
      clock,
      random,
      metrics,
      logger,
    } = options;
    const writes = fencedTransport(transport, fence);
    const podApi = new PodApi(writes);
    this.#binder = new Binder({
      pods: podApi,
      fence,
      clock,
      nodeExists: (name) => this.#knowsNode(name),
      observe: { throttled: (reason) => metrics.binderThrottled.of(reason).inc() },
    });
    this.#statuses = new StatusWriter({
      pods: podApi,
      fence,
      clock,
      onFailure: (pod, error) =>
        logger.warn('could not write why the pod is pending', { pod: podKey(pod), error: error.message }),
    });
    this.#events = new EventRecorder(eventTransport, {
      hostname: hostname(),
      queueLimit: eventQueueLimit,
      clock,
      random,
      mayPost: () => this.#binder.pending === 0 && (this.#ended || fence.mayWrite()),
      onFailure: (error, event) =>
        logger.warn('could not write an event', {
          object: event.regarding.name,
          reason: event.reason,
          error: String(error),
        }),
    });
    const waiting = new WaitingPods({ clock });
    const preBinding = new PodsInPreBind();
    this.#preemptions = new PreemptionExecutor({
      pods: podApi,
      statuses: this.#statuses,
      fence,
      clock,
      waiting,
      preBinding,
      queue: () => this.queue,
      latest: (uid) => this.#watch.pods.get(uid),
      observer: new PreemptionRecorder({ metrics, logger, events: this.#events }),
    });
    const registry = createInTreeRegistry({
      bind: bindThroughApi(this.#binder),
      preemption: { random, actions: this.#preemptions },
      volumes: { writer: writeVolumesThroughApi(new VolumeApi(writes), fence), clock },
    });
    const profiles = buildProfiles(configuration, { registry, cluster: this.cluster });
    this.#profiles = profiles;
    this.watchedKinds = kindsRead(profiles.values(), registry);
    const observeHint: HintObserver = (plugin, event, hint, seconds) =>
      metrics.queueingHintExecutionDuration.of(plugin, event, hint).observe(seconds);
    const hints = new Map(
      Array.from(profiles, ([name, { all }]) => [name, new HintTable(all, { observe: observeHint })]),
    );
    this.#schedulerNames = new Set(profiles.keys());
    this.queue = new SchedulingQueue({
      profiles: new Map(
        Array.from(profiles, ([name, { preEnqueue }]) => [name, { preEnqueue, hints: hints.get(name)! }]),
      ),
      less: (a, b) => firstProfile.queueSort.less(a, b),
      clock,
      backoff: {
        initialMs: configuration.podInitialBackoffSeconds * 1_000,
        maxMs: configuration.podMaxBackoffSeconds * 1_000,
      },
      observer: {
        incoming: (queue, event) => metrics.queueIncomingPods.of(queue, event).inc(),
        rejectedBy: (plugin, profile, delta) => metrics.unschedulablePods.of(plugin, profile).inc(delta),
      },
    });
    // All profiles sort alike: the configuration was checked for it.
    const firstProfile = profiles.values().next().value!;
    const handled = (event: string, seconds: number): void =>
      metrics.eventHandlingDuration.of(event).observe(seconds);
    const feed = new ClusterFeed({
      cluster: this.cluster,
      queue: this.queue,
      isOurs: (name) => this.#schedulerNames.has(name),
      rejectWaiting: (uid, reason) => waiting.reject(uid, '', reason),
      observe: {
        handled,
        movedElsewhere: (pod) =>
          logger.warn('the pod was bound elsewhere than decided', { pod: podKey(pod), node: pod.nodeName }),
        settled: (uid) => this.#statuses.forget(uid),
      },
    });
    const isAwaited = (event: ClusterEvent): boolean =>
      Array.from(hints.values()).some((table) => table.matching(event).size > 0);
    const { cluster, queue } = this;
    const objectFeeds = this.watchedKinds.map(
      (kind) => new ObjectFeed({ kind, cluster, queue, isAwaited, observe: { handled } }),
    );
    this.#watch = new ClusterWatch({ transport, clock, random, metrics, logger, feed, objectFeeds });
    this.#scheduler = new Scheduler({
      cluster: this.cluster,
      queue: this.queue,
      feed,
      profiles,
      waiting,
      preBinding,
      nominate: (pod, nodeName) => this.#statuses.nominate(pod, nodeName),
      latest: (uid) => this.#watch.pods.get(uid),
      bindingBacklog: () => this.#binder.pending,
      clock,
      random,
      observer: new OutcomeRecorder({
        metrics,
        logger,
        events: this.#events,
        statuses: this.#statuses,
        random,
        now: () => clock.now(),
        ...(options.onOutcome === undefined ? {} : { onOutcome: options.onOutcome }),
      }),
    });
    this.#exposeMetrics();
  }

  /** Names of the plugins that some profile enables. */
  get plugins(): ReadonlySet<string> {
    return new Set([...this.#profiles.values()].flatMap(({ all }) => all.map(({ name }) => name)));
  }

  /** True when all that is watched was listed in full: from then on decisions rest on the whole cluster. */
  get synced(): boolean {
    return this.#watch.synced;
  }

  /** Keeps the cluster state up to date until the signal fires. Decides nothing. */
  async watch(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#watch.run(options);
  }

  /** Schedules until the signal fires, then ends in order: bindings, evictions and conditions under way are finished. */
  async schedule(options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    await Promise.all([
      this.#scheduler.run({ signal }),
      this.queue.run({ signal }),
      this.#reconcileForever(signal),
    ]);
    await this.#drain();
  }

  async #drain(): Promise<void> {
    const { clock } = this.#options;
    await withinMs(
      drainMs,
      clock,
      Promise.all([this.#scheduler.drain(), this.#statuses.idle(), this.#preemptions.idle()]),
    );
    this.#scheduler.abandon();
    this.#ended = true;
  }

  /** Gives up whatever is not written yet, for a process that may not write any more. */
  abandon(): void {
    this.#scheduler.abandon();
    this.#events.close();
  }

  /**
   * Writes the events that still wait, for some seconds at most. They tell what was done and decide nothing: no reason to keep
   * the lease from others meanwhile.
   */
  async flushEvents(): Promise<void> {
    await withinMs(drainMs, this.#options.clock, this.#events.flush());
    this.#events.close();
  }

  async #reconcileForever(signal: AbortSignal): Promise<void> {
    const { clock, logger, metrics } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(reconcileMs, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const found = reconcile(this.#watch.pods.values(), this.queue, this.cluster, this.#schedulerNames);
      if (found.length === 0) continue;
      metrics.reconcileFoundPods.inc(found.length);
      logger.error('found pending pods that were in no queue', {
        pods: found.slice(0, 5).map(podKey).join(', '),
        count: found.length,
      });
    }
  }

  #knowsNode(name: string): boolean {
    const slot = this.cluster.nodes.slotOf(name);
    return slot !== undefined && this.cluster.nodes.nodeAt(slot) !== undefined;
  }

  #exposeMetrics(): void {
    const { metrics } = this.#options;
    const { queue, cluster } = this;
    metrics.providePendingPods(() => queue.counts);
    metrics.queuedEntities.provide(() =>
      Object.entries(queue.counts).map(([name, count]) => [[name, 'pod'], count] as const),
    );
    metrics.inflightEvents.provide(() => [
      [['PodPopped'], queue.inFlightPods],
      [['Event'], queue.inFlightEvents],
    ]);
    metrics.cacheSize.provide(() => [
      [['nodes'], cluster.nodes.nodeCount],
      [['pods'], cluster.podCount],
      [['assumed_pods'], cluster.assumedCount],
    ]);
    metrics.goroutines.provide(() => [[['binding'], this.#scheduler.openBindings]]);
    metrics.binderConcurrency.provide(() => this.#binder.concurrency);
    metrics.binderInflight.provide(() => this.#binder.inFlight);
  }
}

/** Resolves with the work, or when its time is over. */
async function withinMs(ms: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([work, clock.sleep(ms, { signal: settled.signal }).catch(() => undefined)]);
  settled.abort();
}
