import type { Clock } from './clock.js';
import type { Node } from './cluster/node.js';
import type { Pod } from './cluster/pod.js';
import { createNodeProjector } from './cluster/project-node.js';
import { createPodProjector } from './cluster/project-pod.js';
import type { Disruption } from './kube/disruption.js';
import type { KubeObject, ReflectorHandler } from './kube/object-store.js';
import { Reflector } from './kube/reflector.js';
import type { ApiTransport } from './kube/transport.js';
import type { Logger } from './observe/logger.js';
import type { Metrics } from './observe/metrics.js';
import type { Random } from './random.js';
import type { ClusterFeed } from './scheduler/cluster-feed.js';
import type { ObjectFeed } from './scheduler/object-feed.js';

export interface ClusterWatchOptions {
  readonly transport: ApiTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Takes pods and nodes, which are always watched. */
  readonly feed: ClusterFeed;
  /** One for each further kind that is to be watched. */
  readonly objectFeeds: readonly ObjectFeed[];
  /** Sees each pod and node as it was decoded, for those to whom the slim object is not enough. */
  readonly keep?: WholeObjects | undefined;
}

/** Takes decoded objects beside the slim ones that were made of them. */
export interface WholeObjects {
  pod(pod: Pod, raw: unknown): void;
  node(node: Node, raw: unknown): void;
}

/** Ended pods hold nothing; they leave the watch as if deleted. */
const livePods = 'status.phase!=Succeeded,status.phase!=Failed';

/** Keeps all that is watched up to date, one reflector for each kind, and says in metrics and log how that goes. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #pods: Reflector<Pod>;
  /** By resource. */
  readonly #reflectors = new Map<string, Reflector<KubeObject>>();

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { feed, objectFeeds, keep } = options;
    const projectNode = keeping(createNodeProjector(), keep && ((node, raw) => keep.node(node, raw)));
    const projectPod = keeping(createPodProjector(), keep && ((pod, raw) => keep.pod(pod, raw)));
    this.#reflect<Node>('nodes', '/api/v1/nodes', projectNode, {
      added: (node) => feed.nodeAdded(node),
      updated: (old, node) => feed.nodeUpdated(old, node),
      deleted: (node) => feed.nodeDeleted(node),
    });
    this.#pods = this.#reflect<Pod>('pods', '/api/v1/pods', projectPod, {
      added: (pod) => feed.podAdded(pod),
      updated: (old, pod) => feed.podUpdated(old, pod),
      deleted: (pod) => feed.podDeleted(pod),
    });
    for (const objects of objectFeeds) {
      const { resource, path, project } = objects.kind;
      this.#reflect(resource, path, project, {
        added: (object) => objects.added(object),
        updated: (old, object) => objects.updated(old, object),
        deleted: (object) => objects.deleted(object),
      });
    }
    this.#exposeMetrics();
  }

  /** Pods as the API server last showed them, by UID, ended ones left out. */
  get pods(): ReadonlyMap<string, Pod> {
    return this.#pods.store;
  }

  /** True when every kind was listed in full: from then on decisions rest on the whole cluster. */
  get synced(): boolean {
    return [...this.#reflectors.values()].every((reflector) => reflector.hasSynced);
  }

  /** Lists and watches until the signal fires. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.run(options)));
  }

  #reflect<T extends KubeObject>(
    resource: string,
    path: string,
    project: (raw: unknown) => T,
    handler: ReflectorHandler<T>,
  ): Reflector<T> {
    const { transport, clock, random } = this.#options;
    const reflector = new Reflector<T>({
      transport,
      path,
      ...(resource === 'pods' ? { query: { fieldSelector: livePods } } : {}),
      project,
      handler: { ...handler, disruption: (news) => this.#disrupted(resource, news) },
      clock,
      random,
    });
    this.#reflectors.set(resource, reflector);
    return reflector;
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
    const reflectors = this.#reflectors;
    metrics.reflectorSynced.provide(() =>
      Array.from(reflectors, ([resource, { hasSynced }]) => [[resource], hasSynced ? 1 : 0] as const),
    );
    metrics.reflectorLastActivity.provide(() =>
      Array.from(
        reflectors,
        ([resource, { lastActivity }]) => [[resource], (clock.monotonic() - lastActivity) / 1000] as const,
      ),
    );
  }
}

function keeping<T>(
  project: (raw: unknown) => T,
  keep: ((object: T, raw: unknown) => void) | undefined,
): (raw: unknown) => T {
  if (keep === undefined) return project;
  return (raw) => {
    const object = project(raw);
    keep(object, raw);
    return object;
  };
}
