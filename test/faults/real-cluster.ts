import { setTimeout as sleep } from 'node:timers/promises';
import { ApiAnswerError, type ApiClient } from '../controlplane/api-client.js';
import type { LeaseObject, NodeObject, PodObject } from './api-objects.js';
import { type ClusterApi, type HistoryWatcher, type NewObject, namespace } from './cluster-api.js';

const pods = '/api/v1/pods';
const nodes = '/api/v1/nodes';
const leases = '/apis/coordination.k8s.io/v1/namespaces/berth-system/leases';
const podsOf = `/api/v1/namespaces/${namespace}/pods`;

const collections: Readonly<Record<string, string>> = {
  Pod: podsOf,
  Node: nodes,
  PriorityClass: '/apis/scheduling.k8s.io/v1/priorityclasses',
};

type Kept = PodObject | NodeObject | LeaseObject;
type Tell = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Kept) => void;

/** A real API server, straight. Waits and tries again while it is down: whoever does something here wants it done. */
export class RealCluster implements ClusterApi {
  readonly #api: ApiClient;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  async create(object: NewObject): Promise<void> {
    const path = collections[object.kind];
    if (path === undefined) throw new Error(`no collection is known for ${object.kind}`);
    await this.#patiently(() => this.#api.create(path, object), [409]);
  }

  async patchNode(name: string, patch: object, options: { readonly status?: boolean } = {}): Promise<void> {
    const path = `${nodes}/${name}${options.status ? '/status' : ''}`;
    await this.#patiently(() => this.#api.patch(path, patch), [404]);
  }

  async deleteNode(name: string): Promise<void> {
    await this.#patiently(() => this.#api.delete(`${nodes}/${name}`), [404]);
  }

  async deletePod(name: string): Promise<void> {
    await this.#patiently(() => this.#api.delete(`${podsOf}/${name}`, { gracePeriodSeconds: 0 }), [404]);
  }

  async bind({ metadata: { name, uid } }: PodObject, nodeName: string): Promise<boolean> {
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: nodeName },
    };
    try {
      await this.#api.create(`${podsOf}/${name}/binding`, binding);
      return true;
    } catch {
      return false;
    }
  }

  async pods(): Promise<PodObject[]> {
    return (await this.#patiently(() => this.#api.list<PodObject & Listed>(pods)))!.items;
  }

  async nodes(): Promise<NodeObject[]> {
    return (await this.#patiently(() => this.#api.list<NodeObject & Listed>(nodes)))!.items;
  }

  async watch(watcher: HistoryWatcher, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const follow = (path: string, kind: 'pods' | 'nodes' | 'leases', tell: Tell): Promise<void> =>
      this.#follow(path, { tell, relisted: (...list) => watcher.relisted(kind, ...list) }, signal);
    await Promise.all([
      follow(pods, 'pods', (type, object) => watcher.pod(type, object as PodObject)),
      follow(nodes, 'nodes', (type, object) => watcher.node(type, object as NodeObject)),
      follow(leases, 'leases', (type, object) => watcher.lease(type, object as LeaseObject)),
    ]);
  }

  /** Resolves after the first list; goes on behind it. */
  async #follow(path: string, follower: Follower, signal: AbortSignal): Promise<void> {
    const version = await this.#list(path, follower);
    void this.#followFrom(path, version, follower, signal);
  }

  async #list(path: string, { relisted }: Follower): Promise<string> {
    const { items, resourceVersion } = (await this.#patiently(() => this.#api.list<Kept & Listed>(path)))!;
    relisted(items, Number(resourceVersion));
    return resourceVersion;
  }

  /** Resumes after the last event where the server can; after a restart or a compaction it often cannot. */
  async #followFrom(path: string, start: string, follower: Follower, signal: AbortSignal): Promise<void> {
    let version = start;
    while (!signal.aborted) {
      try {
        for await (const event of this.#api.watch<Kept>(path, version, signal)) {
          if (event.type === 'ERROR') throw new Error('the version is gone');
          if (event.type !== 'BOOKMARK') follower.tell(event.type, event.object);
          version = event.object.metadata.resourceVersion;
        }
      } catch (error) {
        if (signal.aborted) return;
        const isDown = !(error instanceof ApiAnswerError) && (error as { code?: string }).code !== undefined;
        if (!isDown) version = await this.#list(path, follower).catch(() => version);
      }
      await sleep(100, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Undefined where the answer was one of those that are as good. */
  async #patiently<T>(call: () => Promise<T>, asGood: readonly number[] = []): Promise<T | undefined> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await call();
      } catch (error) {
        const status = error instanceof ApiAnswerError ? error.status : 0;
        if (asGood.includes(status)) return undefined;
        const isPassing = status === 0 || status === 429 || status >= 500;
        if (!isPassing || tries > 200) throw error;
        await sleep(100);
      }
    }
  }
}

interface Follower {
  readonly tell: Tell;
  readonly relisted: (objects: readonly Kept[], version: number) => void;
}

interface Listed {
  readonly metadata: { readonly [field: string]: unknown };
}
