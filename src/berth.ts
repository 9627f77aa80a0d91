import { hostname } from 'node:os';
import type { Clock } from './clock.js';
import { ClusterState } from './cluster/cluster-state.js';
import { type Pod, podKey } from './cluster/pod.js';
import { ClusterWatch } from './cluster-watch.js';
import type { EffectiveConfiguration } from './config/scheduler-configuration.js';
import { type EventRecord, EventRecorder } from './kube/event-recorder.js';
import { fencedTransport } from './kube/fenced-transport.js';
import { PodApi } from './kube/pod-api.js';
import type { ApiTransport } from './kube/transport.js';
import { VolumeApi } from './kube/volume-api.js';
import type { WriteFence } from './kube/write-fence.js';
import { openBreakerEvent } from './observe/breaker-event.js';
import { ExtenderRecorder } from './observe/extender-recorder.js';
import type { Logger } from './observe/logger.js';
import type { Metrics } from './observe/metrics.js';
import { OutcomeRecorder } from './observe/outcome-recorder.js';
import { PreemptionRecorder } from './observe/preemption-recorder.js';
import { UntriedPods } from './observe/untried-pods.js';
import type { PluginHost } from './plugin-host/plugin-host.js';
import { createInTreeRegistry } from './plugins/in-tree.js';
import { Policy, type PolicyParts } from './policy.js';
import { SchedulingQueue } from './queue/scheduling-queue.js';
import type { Random } from './random.js';
import { bindThroughApi } from './scheduler/api-binding.js';
import { writeVolumesThroughApi } from './scheduler/api-volumes.js';
import { Binder } from './scheduler/binder.js';
import { ClusterFeed } from './scheduler/cluster-feed.js';
import { KubeletRefusals } from './scheduler/kubelet-refusals.js';
import { lateRefusal } from './scheduler/late-refusal.js';
import { ObjectFeed } from './scheduler/object-feed.js';
import type { ObjectKind } from './scheduler/object-kinds.js';
import { PodsInPreBind } from './scheduler/pods-in-pre-bind.js';
import { PreemptionExecutor } from './scheduler/preemption-executor.js';
import { reconcile } from './scheduler/reconcile.js';
import { type Outcome, Scheduler } from './scheduler/scheduler.js';
import { StatusWriter } from './scheduler/status-writer.js';
import { WaitingPods } from './scheduler/waiting-pods.js';
import { CacheCheck } from './self-check/cache-check.js';

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
  /** Plugins from modules. */
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
  readonly #options: BerthOptions;
  readonly #scheduler: Scheduler;
  readonly #binder: Binder;
  readonly #events: EventRecorder;
  readonly #statuses: StatusWriter;
  readonly #preemptions: PreemptionExecutor;
  readonly #refusals: KubeletRefusals;
  readonly #waiting: WaitingPods;
  readonly #untried: UntriedPods;
  readonly #watch: ClusterWatch;
  readonly #parts: PolicyParts;
  readonly #feedFor: (kind: ObjectKind) => ObjectFeed;
  #policy: Policy;
  /** Scheduling ended in good order: what is left to write are events of what was done before. */
  #ended = false;

  constructor(options: BerthOptions) {
    this.#options = options;
    const { transport, eventTransport = transport, fence, clock, random, metrics, logger } = options;
    const writes = fencedTransport(transport, fence);
    const podApi = new PodApi(writes);
    this.#binder = new Binder({
      pods: podApi,
      fence,
      clock,
      nodeExists: (name) => this.#knowsNode(name),
      lateRefusal: (pod) =>
        lateRefusal(pod, {
          cluster: this.cluster,
          profiles: this.#policy.profiles,
          nominations: this.queue.nominator,
        }),
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
      onEnd: (end) =>
        ({ posted: metrics.eventsPosted, dropped: metrics.eventsDropped, failed: metrics.eventsFailed })[
          end
        ].inc(),
    });
    this.#untried = new UntriedPods({
      record: (event) => this.record(event),
      isOurs: (name) => this.#policy.isOurs(name),
    });
    const latest = (uid: string) => this.#watch.pods.get(uid);
    const waiting = new WaitingPods({ clock });
    const preBinding = new PodsInPreBind();
    this.#waiting = waiting;
    this.#preemptions = new PreemptionExecutor({
      pods: podApi,
      statuses: this.#statuses,
      fence,
      clock,
      waiting,
      preBinding,
      queue: () => this.queue,
      latest,
      isOurs: (name) => this.#policy.isOurs(name),
      observer: new PreemptionRecorder({ metrics, logger, events: this.#events }),
    });
    this.#parts = {
      cluster: this.cluster,
      registry: (plugins) => {
        const registry = createInTreeRegistry({
          bind: bindThroughApi(this.#binder),
          preemption: { random, actions: this.#preemptions },
          volumes: { writer: writeVolumesThroughApi(new VolumeApi(writes), fence), clock },
        });
        for (const plugin of plugins?.registered ?? []) registry.register(plugin);
        return registry;
      },
      latest,
      nodeExists: (name) => this.#knowsNode(name),
      pods: podApi,
      fence,
      clock,
      extenderRecorder: new ExtenderRecorder({ metrics, logger }),
      observeHint: (plugin, event, hint, seconds) =>
        metrics.queueingHintExecutionDuration.of(plugin, event, hint).observe(seconds),
    };
    this.#policy = new Policy(options.configuration, options.plugins, this.#parts);
    this.queue = new SchedulingQueue({
      ...this.#policy.queue,
      clock,
      ...(options.maxUnschedulableMs === undefined ? {} : { maxUnschedulableMs: options.maxUnschedulableMs }),
      observer: {
        incoming: (queue, event) => metrics.queueIncomingPods.of(queue, event).inc(),
        rejectedBy: (plugin, profile, delta) => metrics.unschedulablePods.of(plugin, profile).inc(delta),
        gated: (pod, reason) => this.#untried.gated(pod, reason),
      },
    });
    const handled = (event: string, seconds: number): void =>
      metrics.eventHandlingDuration.of(event).observe(seconds);
    const feed = new ClusterFeed({
      cluster: this.cluster,
      queue: this.queue,
      isOurs: (name) => this.#policy.isOurs(name),
      rejectWaiting: (uid, reason) => waiting.reject(uid, '', reason),
      observe: {
        handled,
        confirmed: (pod) => this.#refusals.bound(pod.uid),
        movedElsewhere: (pod) =>
          logger.warn('the pod was bound elsewhere than decided', { pod: podKey(pod), node: pod.nodeName }),
        settled: (uid) => {
          this.#statuses.forget(uid);
          this.#untried.settled(uid);
        },
        left: (pod) => this.#refusals.left(pod),
        leftUnbound: (pod) => this.#preemptions.leftUnbound(pod),
      },
    });
    this.#refusals = new KubeletRefusals({
      cluster: this.cluster,
      pods: podApi,
      clock,
      released: (pod) => feed.assumptionForgotten(pod),
      onRefusal: (pod, reason) => {
        metrics.kubeletRefusals.of(reason).inc();
        logger.warn('the kubelet did not take the pod', { pod: podKey(pod), node: pod.nodeName, reason });
      },
    });
    this.#feedFor = (kind) =>
      new ObjectFeed({
        kind,
        cluster: this.cluster,
        queue: this.queue,
        isAwaited: (event) => this.#policy.isAwaited(event),
        observe: { handled },
      });
    this.#watch = new ClusterWatch({
      transport,
      clock,
      random,
      metrics,
      logger,
      feed,
      objectFeeds: this.#policy.watchedKinds.map(this.#feedFor),
      keep: this.#policy.extenders?.keepsObjects ? this.#policy.extenders.kept : undefined,
      unreadablePod: (raw, error) => this.#untried.unreadable(raw, error),
    });
    this.#scheduler = new Scheduler({
      ...this.#policy.scheduling,
      cluster: this.cluster,
      queue: this.queue,
      feed,
      waiting,
      preBinding,
      hush: (pod) => this.#statuses.hush(pod.uid),
      nominate: (pod, nodeName) => this.#statuses.nominate(pod, nodeName),
      latest,
      bindingBacklog: () => this.#binder.pending + this.#policy.pendingBindings,
      clock,
      random,
      observer: new OutcomeRecorder({
        metrics,
        logger,
        events: this.#events,
        statuses: this.#statuses,
        random,
        now: this.queue.now,
        onOutcome: (outcome) => {
          if (outcome.kind === 'bound') this.#refusals.bound(outcome.pod.uid, outcome.seconds);
          options.onOutcome?.(outcome);
        },
      }),
    });
    this.#connect(this.#policy);
    this.#exposeMetrics();
  }

  /** What is in effect. */
  get policy(): Policy {
    return this.#policy;
  }

  /** Pods as the API server last showed them, by UID, ended ones left out. */
  get pods(): ReadonlyMap<string, Pod> {
    return this.#watch.pods;
  }

  /** True when all that is watched was listed in full: from then on decisions rest on the whole cluster. */
  get synced(): boolean {
    return this.#watch.synced;
  }

  /**
   * Makes a policy of another configuration, without any effect yet. The plugins are the policy's own from then on.
   * Throws `BerthError` with exit code 2 on plugins and extenders that cannot work as configured.
   */
  makePolicy(configuration: EffectiveConfiguration, plugins: PluginHost | undefined): Policy {
    const policy = new Policy(configuration, plugins, this.#parts);
    this.#connect(policy);
    return policy;
  }

  /** Begins to watch what a policy needs beyond what is watched already; resolves when all of it is known. Rejects with the signal. */
  async prepare(policy: Policy, options: { readonly signal: AbortSignal }): Promise<void> {
    const further = policy.watchedKinds.filter(({ resource }) => !this.#watch.watches(resource));
    if (further.length > 0) await this.#watch.add(further.map(this.#feedFor), options);
    const { extenders } = policy;
    if (extenders?.keepsObjects) await this.#watch.keep(extenders.kept, options);
  }

  /**
   * Schedules by another policy, which was prepared, from the next pod on. Attempts and bindings under way go on under the policy that
   * they began with; resolves when there are none left and that policy is closed.
   */
  async adopt(policy: Policy): Promise<void> {
    const former = this.#policy;
    this.#policy = policy;
    this.queue.reconfigure(policy.queue);
    const atRest = this.#scheduler.use(policy.scheduling);
    // Pods whose scheduler name was nobody's until now.
    this.#takeIn();
    await atRest;
    await this.dismiss(former);
  }

  /** Lets go of what a policy holds that is not in effect: connections, whole objects, work in the background. */
  async dismiss(policy: Policy): Promise<void> {
    if (policy.extenders !== undefined) this.#watch.stopKeeping(policy.extenders.kept);
    policy.plugins?.close();
    await policy.extenders?.close();
  }

  /** Tells of something in an event, unless another replica is the one to tell. */
  record(event: EventRecord): void {
    if (this.#options.fence.mayWrite()) this.#events.record(event);
  }

  /** Keeps the cluster state up to date until the signal fires. Decides nothing. */
  async watch(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#watch.run(options);
  }

  /**
   * Lists everything anew, and resolves when that is known. For a new leader: what it watched as a candidate may be old without its
   * knowing, while its predecessor bound pods until a moment ago.
   */
  async catchUp(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#watch.refresh(options);
  }

  /** Compares what it believes with the cluster every so often until the signal fires, and puts right what differs. */
  async checkItself(options: { readonly everyMs: number; readonly signal: AbortSignal }): Promise<void> {
    const { clock, metrics, logger } = this.#options;
    const check = new CacheCheck({ watch: this.#watch, cluster: this.cluster, clock, metrics, logger });
    await check.run(options);
  }

  /** Schedules until the signal fires, then ends in order: bindings, evictions and conditions under way are finished. */
  async schedule(options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    this.#untried.begin();
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
    this.#refusals.close();
    this.#policy.plugins?.close();
    void this.#policy.extenders?.close();
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
      const found = this.#takeIn();
      if (found.length === 0) continue;
      metrics.reconcileFoundPods.inc(found.length);
      logger.error('found pending pods that were in no queue', {
        pods: found.slice(0, 5).map(podKey).join(', '),
        count: found.length,
      });
    }
  }

  /** Brings pending pods of ours into the queue that are not in it, and returns them. */
  #takeIn(): Pod[] {
    return reconcile(this.#watch.pods.values(), this.queue, this.cluster, this.#policy.profiles);
  }

  /** Lets a policy's plugins reach what they may ask the scheduler for. */
  #connect({ plugins, configuration }: Policy): void {
    plugins?.connect({
      retryRefused: (plugin) => this.queue.activate(refusedBy(plugin, this.queue)),
      allow: (uid, plugin) => this.#waiting.allow(uid, plugin),
      reject: (uid, plugin, reason) => this.#waiting.reject(uid, plugin, reason),
      announce: (report) => {
        const event = openBreakerEvent(report, configuration);
        if (event !== undefined) this.#events.record(event);
      },
    });
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
    metrics.goroutines.provide(() => {
      const { extenders } = this.#policy;
      return [
        [['binding'], this.#scheduler.openBindings],
        ...(extenders === undefined ? [] : [[['prioritizing_extender'], extenders.prioritizing] as const]),
      ];
    });
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
