import { hostname } from 'node:os';
import type { Clock } from './clock.js';
import { ClusterState } from './cluster/cluster-state.js';
import type { Node } from './cluster/node.js';
import { type Pod, podKey } from './cluster/pod.js';
import { createNodeProjector } from './cluster/project-node.js';
import { createPodProjector } from './cluster/project-pod.js';
import type { EffectiveConfiguration } from './config/scheduler-configuration.js';
import type { Profile } from './framework/profile.js';
import type { Disruption } from './kube/disruption.js';
import { EventRecorder } from './kube/event-recorder.js';
import { PodApi } from './kube/pod-api.js';
import { Reflector } from './kube/reflector.js';
import type { ApiTransport } from './kube/transport.js';
import type { WriteFence } from './kube/write-fence.js';
import type { Logger } from './observe/logger.js';
import type { Metrics } from './observe/metrics.js';
import { OutcomeRecorder } from './observe/outcome-recorder.js';
import { createInTreeRegistry } from './plugins/in-tree.js';
import { HintTable } from './queue/hints.js';
import { SchedulingQueue } from './queue/scheduling-queue.js';
import type { Random } from './random.js';
import { bindThroughApi } from './scheduler/api-binding.js';
import { Binder } from './scheduler/binder.js';
import { buildProfiles } from './scheduler/build-profiles.js';
import { ClusterFeed } from './scheduler/cluster-feed.js';
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
/** Ended pods hold nothing; they leave the watch as if deleted. */
const livePods = 'status.phase!=Succeeded,status.phase!=Failed';

/** The whole scheduler between an API server's watches and its bindings, put together from the rooms of the house. */
export class Berth {
  readonly cluster = new ClusterState();
  readonly queue: SchedulingQueue;
  readonly #options: BerthOptions;
  readonly #scheduler: Scheduler;
  readonly #binder: Binder;
  readonly #events: EventRecorder;
  readonly #statuses: StatusWriter;
  readonly #pods: Reflector<Pod>;
  readonly #nodes: Reflector<Node>;
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
    const podApi = new PodApi(transport);
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
    const profiles = buildProfiles(configuration, {
      registry: createInTreeRegistry({ bind: bindThroughApi(this.#binder) }),
      cluster: this.cluster,
    });
    this.#profiles = profiles;
    this.#schedulerNames = new Set(profiles.keys());
    this.queue = new SchedulingQueue({
      profiles: new Map(
        [...profiles.values()].map((profile) => [
          profile.schedulerName,
          {
            preEnqueue: profile.preEnqueue,
            hints: new HintTable(profile.all, {
              observe: (plugin, event, hint, seconds) =>
                metrics.queueingHintExecutionDuration.of(plugin, event, hint).observe(seconds),
            }),
          },
        ]),
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
    const feed = new ClusterFeed({
      cluster: this.cluster,
      queue: this.queue,
      isOurs: (name) => this.#schedulerNames.has(name),
      observe: {
        handled: (event, seconds) => metrics.eventHandlingDuration.of(event).observe(seconds),
        movedElsewhere: (pod) =>
          logger.warn('the pod was bound elsewhere than decided', { pod: podKey(pod), node: pod.nodeName }),
        settled: (uid) => this.#statuses.forget(uid),
      },
    });
    this.#pods = this.#reflect('pods', '/api/v1/pods', createPodProjector(), {
      added: (pod) => feed.podAdded(pod),
      updated: (old, pod) => feed.podUpdated(old, pod),
      deleted: (pod) => feed.podDeleted(pod),
    });
    this.#nodes = this.#reflect('nodes', '/api/v1/nodes', createNodeProjector(), {
      added: (node) => feed.nodeAdded(node),
      updated: (old, node) => feed.nodeUpdated(old, node),
      deleted: (node) => feed.nodeDeleted(node),
    });
    this.#scheduler = new Scheduler({
      cluster: this.cluster,
      queue: this.queue,
      feed,
      profiles,
      waiting: new WaitingPods({ clock }),
      latest: (uid) => this.#pods.store.get(uid),
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

  /** True when pods and nodes were listed in full: from then on decisions rest on the whole cluster. */
  get synced(): boolean {
    return this.#pods.hasSynced && this.#nodes.hasSynced;
  }

  /** Keeps the cluster state up to date until the signal fires. Decides nothing. */
  async watch(options: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all([this.#nodes.run(options), this.#pods.run(options)]);
  }

  /** Schedules until the signal fires, then ends in order: bindings and conditions under way are finished. */
  async schedule(options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    this.#tellWhatIsMissing();
    await Promise.all([
      this.#scheduler.run({ signal }),
      this.queue.run({ signal }),
      this.#reconcileForever(signal),
    ]);
    await this.#drain();
  }

  #tellWhatIsMissing(): void {
    for (const profile of this.#profiles.values()) {
      if (profile.missing.length === 0) continue;
      this.#options.logger.warn(
        'plugins of kube-scheduler that this version does not have are left out; pods that need them are refused',
        {
          profile: profile.schedulerName,
          plugins: profile.missing.join(', '),
        },
      );
    }
  }

  async #drain(): Promise<void> {
    const { clock } = this.#options;
    await withinMs(drainMs, clock, Promise.all([this.#scheduler.drain(), this.#statuses.idle()]));
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
      const found = reconcile(this.#pods.store.values(), this.queue, this.cluster, this.#schedulerNames);
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

  #reflect<T extends Pod | Node>(
    resource: string,
    path: string,
    project: (raw: unknown) => T,
    handler: { added(object: T): void; updated(old: T, object: T): void; deleted(object: T): void },
  ): Reflector<T> {
    const { transport, clock, random } = this.#options;
    const disruption = (news: Disruption): void => this.#disrupted(resource, news);
    return new Reflector<T>({
      transport,
      path,
      ...(resource === 'pods' ? { query: { fieldSelector: livePods } } : {}),
      project,
      handler: { ...handler, disruption },
      clock,
      random,
    });
  }

  #disrupted(resource: string, disruption: Disruption): void {
    const { metrics, logger } = this.#options;
    metrics.reflectorDisruptions.of(resource, disruption.kind).inc();
    if (disruption.kind === 'relist') metrics.reflectorRelists.of(resource).inc();
    if (disruption.kind === 'reconnect') metrics.reflectorReconnects.of(resource).inc();
    const routine = disruption.kind === 'reconnect' || disruption.kind === 'relist';
    if (!routine) logger.warn('the watch was disturbed', { resource, ...disruption });
    else if (logger.debugEnabled) logger.debug('the watch goes on', { resource, ...disruption });
  }

  #exposeMetrics(): void {
    const { metrics, clock } = this.#options;
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
    const reflectors = { pods: this.#pods, nodes: this.#nodes };
    metrics.reflectorSynced.provide(() =>
      Object.entries(reflectors).map(([name, reflector]) => [[name], reflector.hasSynced ? 1 : 0] as const),
    );
    metrics.reflectorLastActivity.provide(() =>
      Object.entries(reflectors).map(
        ([name, reflector]) => [[name], (clock.monotonic() - reflector.lastActivity) / 1000] as const,
      ),
    );
  }
}

/** Resolves with the work, or when its time is over. */
async function withinMs(ms: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([work, clock.sleep(ms, { signal: settled.signal }).catch(() => undefined)]);
  settled.abort();
}
