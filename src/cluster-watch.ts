import type { Clock } from './clock.js';
import type { Node } from './cluster/node.js';
import type { Pod } from './cluster/pod.js';
import { createNodeProjector } from './cluster/project-node.js';
import { createPodProjector } from './cluster/project-pod.js';
import { auditCollection, type Divergence } from './kube/collection-audit.js';
import type { Disruption } from './kube/disruption.js';
import type { KubeObject, ReflectorHandler } from './kube/object-store.js';
import { readPagedList } from './kube/paged-list.js';
import { Reflector } from './kube/reflector.js';
import type { ApiTransport } from './kube/transport.js';
import { referenceOf } from './kube/watch-event.js';
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
  /** Told of pods that are set aside because they cannot be read, as they were decoded. */
  readonly unreadablePod?: (raw: unknown, error: unknown) => void;
}

/** Takes decoded objects beside the slim ones that were made of them. */
export interface WholeObjects {
  pod(pod: Pod, raw: unknown): void;
  node(node: Node, raw: unknown): void;
}

const nodesPath = '/api/v1/nodes';
const podsPath = '/api/v1/pods';
/** Ended pods hold nothing; they leave the watch as if deleted. */
const livePods = { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' };
const keptPageSize = 500;
const syncCheckMs = 20;
const maxUnreadable = 1_000;

/** Keeps all that is watched up to date, one reflector for each kind, and says in metrics and log how that goes. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #nodes: Reflector<Node>;
  readonly #pods: Reflector<Pod>;
  /** By resource. */
  readonly #reflectors = new Map<string, Reflector<KubeObject>>();
  /** See each pod and node as it was decoded. */
  readonly #keepers = new Set<WholeObjects>();
  /** UIDs of objects that could not be read, and are kept out until they change; by resource. */
  readonly #unreadable = new Map<string, Set<string>>();
  /** Of `run`. */
  #signal: AbortSignal | undefined;
  #failed: (error: unknown) => void = () => {};

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { feed, objectFeeds, keep } = options;
    if (keep !== undefined) this.#keepers.add(keep);
    const keepers = this.#keepers;
    const projectNode = seenBy(createNodeProjector(), (node, raw) => {
      for (const keeper of keepers) keeper.node(node, raw);
    });
    const projectReadable = seenBy(createPodProjector(), (pod, raw) => {
      for (const keeper of keepers) keeper.pod(pod, raw);
    });
    const projectPod = (raw: unknown): Pod => {
      try {
        return projectReadable(raw);
      } catch (error) {
        options.unreadablePod?.(raw, error);
        throw error;
      }
    };
    this.#nodes = this.#reflect<Node>('nodes', nodesPath, projectNode, {
      added: (node) => feed.nodeAdded(node),
      updated: (old, node) => feed.nodeUpdated(old, node),
      deleted: (node) => feed.nodeDeleted(node),
    });
    this.#pods = this.#reflect<Pod>('pods', podsPath, projectPod, {
      added: (pod) => feed.podAdded(pod),
      updated: (old, pod) => feed.podUpdated(old, pod),
      deleted: (pod) => feed.podDeleted(pod),
    });
    for (const objects of objectFeeds) this.#adopt(objects, this.#reflectorOf(objects));
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

  /** All that is watched. */
  get resources(): readonly string[] {
    return [...this.#reflectors.keys()];
  }

  /** Compares what is known of a resource with a fresh list: see `auditCollection`. */
  async audit(
    resource: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly Divergence[] | undefined> {
    const { transport, clock } = this.#options;
    const reflector = this.#reflectors.get(resource);
    if (reflector === undefined) return undefined;
    const { path, query } = reflector;
    const isLeftOut = (uid: string): boolean => this.#unreadable.get(resource)?.has(uid) ?? false;
    return auditCollection(reflector, {
      transport,
      path,
      ...(query === undefined ? {} : { query }),
      clock,
      isLeftOut,
      signal,
    });
  }

  /** Lists a resource anew, and resolves when that is known. */
  async relist(resource: string, options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#reflectors.get(resource)?.refresh(options);
  }

  /** True for a kind that is watched. */
  watches(resource: string): boolean {
    return this.#reflectors.has(resource);
  }

  /** Lists and watches until the signal fires. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    this.#signal = options.signal;
    const failure = new Promise<never>((_resolve, reject) => {
      this.#failed = reject;
    });
    const running = Promise.all([...this.#reflectors.values()].map((reflector) => reflector.run(options)));
    await Promise.race([running, failure]);
  }

  /**
   * Watches further kinds as well, which count as soon as each of them was listed in full: then it resolves. Rejects, and watches none
   * of them, when the signal fires before. To be called while `run` is under way.
   */
  async add(objectFeeds: readonly ObjectFeed[], options: { readonly signal: AbortSignal }): Promise<void> {
    const { clock } = this.#options;
    const added = objectFeeds.map((objects) => ({ objects, reflector: this.#reflectorOf(objects) }));
    const giveUp = new AbortController();
    const signal = AbortSignal.any([this.#signal ?? options.signal, giveUp.signal]);
    const running = added.map(({ reflector }) =>
      reflector.run({ signal }).catch((error) => this.#failed(error)),
    );
    try {
      while (!added.every(({ reflector }) => reflector.hasSynced))
        await clock.sleep(syncCheckMs, { signal: options.signal });
      options.signal.throwIfAborted();
    } catch (error) {
      giveUp.abort();
      await Promise.all(running);
      // Nobody is going to say when these come to an end.
      for (const { objects, reflector } of added)
        for (const object of reflector.store.values()) objects.deleted(object);
      throw error;
    }
    for (const { objects, reflector } of added) this.#adopt(objects, reflector);
  }

  /** From now on `keep` sees each whole pod and node as it was decoded; resolves when it has seen those that are here already. */
  async keep(keep: WholeObjects, options: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all([this.#nodes.readWholeObjects(options), this.#pods.readWholeObjects(options)]);
    this.#keepers.add(keep);
    try {
      await this.#review(nodesPath, {}, this.#nodes.store, (node, raw) => keep.node(node, raw), options);
      await this.#review(podsPath, livePods, this.#pods.store, (pod, raw) => keep.pod(pod, raw), options);
    } catch (error) {
      this.#keepers.delete(keep);
      throw error;
    }
  }

  /** Takes `keep` back. */
  stopKeeping(keep: WholeObjects): void {
    this.#keepers.delete(keep);
  }

  /** Reads a collection once more, for the sake of what was dropped of it. An object that has changed meanwhile comes by watch. */
  async #review<T extends KubeObject>(
    path: string,
    query: Readonly<Record<string, string>>,
    store: ReadonlyMap<string, T>,
    see: (object: T, raw: unknown) => void,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    const { transport } = this.#options;
    const project = (raw: unknown): undefined => {
      const reference = referenceOf(raw);
      const object = reference && store.get(reference.uid);
      if (object !== undefined && object.resourceVersion === reference?.resourceVersion) see(object, raw);
    };
    const ignore = (): void => {};
    const pageSize = keptPageSize;
    await readPagedList({
      transport,
      path,
      query,
      pageSize,
      project,
      onPage: ignore,
      onExpired: ignore,
      signal,
    });
  }

  #reflectorOf(objects: ObjectFeed): Reflector<KubeObject> {
    const { resource, path, project } = objects.kind;
    return this.#makeReflector(resource, path, project, {
      added: (object) => objects.added(object),
      updated: (old, object) => objects.updated(old, object),
      deleted: (object) => objects.deleted(object),
    });
  }

  #adopt({ kind }: ObjectFeed, reflector: Reflector<KubeObject>): void {
    this.#reflectors.set(kind.resource, reflector);
  }

  /** Resolves when everything that had happened before the call is known, or the signal fires. */
  async refresh(options: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.refresh(options)));
  }

  #reflect<T extends KubeObject>(
    resource: string,
    path: string,
    project: (raw: unknown) => T,
    handler: ReflectorHandler<T>,
  ): Reflector<T> {
    // Who keeps objects wants all of their fields.
    const protobuf = this.#keepers.size === 0;
    const reflector = this.#makeReflector(resource, path, project, handler, { protobuf });
    this.#reflectors.set(resource, reflector);
    return reflector;
  }

  #makeReflector<T extends KubeObject>(
    resource: string,
    path: string,
    project: (raw: unknown) => T,
    handler: ReflectorHandler<T>,
    { protobuf }: { readonly protobuf: boolean } = { protobuf: false },
  ): Reflector<T> {
    const { transport, clock, random } = this.#options;
    return new Reflector<T>({
      transport,
      path,
      ...(resource === 'pods' ? { query: livePods } : {}),
      project,
      protobuf,
      handler: { ...handler, disruption: (news) => this.#disrupted(resource, news) },
      clock,
      random,
    });
  }

  #disrupted(resource: string, disruption: Disruption): void {
    const { metrics, logger } = this.#options;
    metrics.reflectorDisruptions.of(resource, disruption.kind).inc();
    if (disruption.kind === 'unprojectable') this.#remember(resource, disruption.object.uid);
    if (disruption.kind === 'relist') metrics.reflectorRelists.of(resource).inc();
    if (disruption.kind === 'reconnect') metrics.reflectorReconnects.of(resource).inc();
    const routine = disruption.kind === 'reconnect' || disruption.kind === 'relist';
    if (!routine) logger.warn('the watch was disturbed', { resource, ...disruption });
    else if (logger.debugEnabled) logger.debug('the watch goes on', { resource, ...disruption });
  }

  #remember(resource: string, uid: string): void {
    const known = this.#unreadable.get(resource) ?? new Set();
    this.#unreadable.set(resource, known.add(uid));
    if (known.size > maxUnreadable) known.delete(known.values().next().value!);
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

function seenBy<T>(project: (raw: unknown) => T, see: (object: T, raw: unknown) => void) {
  return (raw: unknown): T => {
    const object = project(raw);
    see(object, raw);
    return object;
  };
}
