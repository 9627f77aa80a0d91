import { hostname } from 'node:os';
import type { Clock } from './clock.js';
import { ClusterState } from './cluster/cluster-state.js';
import { type Pod, podKey } from './cluster/pod.js';
import { ClusterWatch } from './cluster-watch.js';
import type { EffectiveConfiguration } from './config/scheduler-configuration.js';
import { createExtenders } from './extenders/create-extenders.js';
import type { Extenders } from './extenders/extenders.js';
import type { ClusterEvent } from './framework/cluster-event.js';
import type { Profile } from './framework/profile.js';
import { EventRecorder } from './kube/event-recorder.js';
import { fencedTransport } from './kube/fenced-transport.js';
import { PodApi } from './kube/pod-api.js';
import type { ApiTransport } from './kube/transport.js';
import { VolumeApi } from './kube/volume-api.js';
import type { WriteFence } from './kube/write-fence.js';
import { ExtenderRecorder } from './observe/extender-recorder.js';
import type { Logger } from './observe/logger.js';
import type { Metrics } from './observe/metrics.js';
import { OutcomeRecorder } from './observe/outcome-recorder.js';
import { PreemptionRecorder } from './observe/preemption-recorder.js';
import { openBreakerEvent } from './plugin-host/breaker-event.js';
import type { PluginHost } from './plugin-host/plugin-host.js';
import { createInTreeRegistry } from './plugins/in-tree.js';
import { type HintObserver, HintTable } from './queue/hints.js';
import { SchedulingQueue } from './queue/scheduling-queue.js';
import type { Random } from './random.js';
import { bindThroughApi } from './scheduler/api-binding.js';
import { writeVolumesThroughApi } from './scheduler/api-volumes.js';
import { Binder } from './scheduler/binder.js';
import { buildProfiles } from './scheduler/build-profiles.js';
import { ClusterFeed } from './scheduler/cluster-feed.js';
import { extenderRejector } from './scheduler/extended-evaluation.js';
import { ExtenderBinding } from './scheduler/extender-binding.js';
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
  /** Plugins from modules. Whoever loaded them closes them. */
  readonly plugins?: PluginHost | undefined;
  /** A pod that nothing has happened for is tried again after so many milliseconds. @default 300_000 */
  readonly maxUnschedulableMs?: number | undefined;
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
  readonly #extenders: Extenders | undefined;
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
    const latest = (uid: string) => this.#watch.pods.get(uid);
    const extenderRecorder = new ExtenderRecorder({ metrics, logger });
    this.#extenders = createExtenders(configuration, {
      clock,
      cluster: this.cluster,
      latest,
      isOurs: (name) => this.#schedulerNames.has(name),
      observer: extenderRecorder,
      exchanged: (...exchange) => extenderRecorder.exchanged(...exchange),
    });
    const extendersFor = this.#extenders && ((pod: Pod) => this.#extenders?.forPod(pod));
    const extenderBinding =
      extendersFor &&
      new ExtenderBinding({
        extendersFor,
        pods: podApi,
        fence,
        clock,
        latest,
        nodeExists: (name) => this.#knowsNode(name),
        passedOver: ({ name }, pod, message) => extenderRecorder.passedOver(name, 'bind', pod, message),
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
      latest,
      observer: new PreemptionRecorder({ metrics, logger, events: this.#events }),
    });
    const registry = createInTreeRegistry({
      bind: bindThroughApi(this.#binder),
      preemption: { random, actions: this.#preemptions },
      volumes: { writer: writeVolumesThroughApi(new VolumeApi(writes), fence), clock },
    });
    for (const plugin of options.plugins?.registered ?? []) registry.register(plugin);
    const profiles = buildProfiles(configuration, { registry, cluster: this.cluster });
    this.#profiles = profiles;
    this.watchedKinds = kindsRead(profiles.values(), registry);
    const observeHint: HintObserver = (plugin, event, hint, seconds) =>
      metrics.queueingHintExecutionDuration.of(plugin, event, hint).observe(seconds);
    // Nobody knows what changes the mind of an extender: every event may.
    const rejectors = this.#extenders === undefined ? [] : [{ name: extenderRejector }];
    const hints = new Map(
      Array.from(profiles, ([name, { all }]) => [
        name,
        new HintTable([...all, ...rejectors], { observe: observeHint }),
      ]),
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
      ...(options.maxUnschedulableMs === undefined ? {} : { maxUnschedulableMs: options.maxUnschedulableMs }),
      observer: {
        incoming: (queue, event) => metrics.queueIncomingPods.of(queue, event).inc(),
        rejectedBy: (plugin, profile, delta) => metrics.unschedulablePods.of(plugin, profile).inc(delta),
      },
    });
    options.plugins?.connect({
      retryRefused: (plugin) => this.queue.activate(refusedBy(plugin, this.queue)),
      allow: (uid, plugin) => waiting.allow(uid, plugin),
      reject: (uid, plugin, reason) => waiting.reject(uid, plugin, reason),
      announce: (report) => {
        const event = openBreakerEvent(report, configuration);
        if (event !== undefined) this.#events.record(event);
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
    this.#watch = new ClusterWatch({
      transport,
      clock,
      random,
      metrics,
      logger,
      feed,
      objectFeeds,
      keep: this.#extenders?.kept,
    });
    this.#scheduler = new Scheduler({
      cluster: this.cluster,
      queue: this.queue,
      feed,
      profiles,
      waiting,
      preBinding,
      hush: (pod) => this.#statuses.hush(pod.uid),
      nominate: (pod, nodeName) => this.#statuses.nominate(pod, nodeName),
      latest,
      extendersFor,
      otherBinder: extenderBinding?.bind,
      bindingBacklog: () => this.#binder.pending + (extenderBinding?.pending ?? 0),
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
    void this.#extenders?.close();
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
    const extenders = this.#extenders;
    metrics.goroutines.provide(() => [
      [['binding'], this.#scheduler.openBindings],
      ...(extenders === undefined ? [] : [[['prioritizing_extender'], extenders.prioritizing] as const]),
    ]);
    metrics.binderConcurrency.provide(() => this.#binder.concurrency);
    metrics.binderInflight.provide(() => this.#binder.inFlight);
  }
}

/** UIDs of pods that wait because a plugin refused them. */
function refusedBy(plugin: string, queue: SchedulingQueue): string[] {
  return Array.from(queue.poolEntries())
    .filter(({ rejectors }) => rejectors.has(plugin))
    .map(({ pod }) => pod.uid);
}

/** Resolves with the work, or when its time is over. */
async function withinMs(ms: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([work, clock.sleep(ms, { signal: settled.signal }).catch(() => undefined)]);
  settled.abort();
}
