import { get } from 'node:http';
import { createInterface } from 'node:readline';
import type { EmbeddedApiServer } from '../../src/kube/embedded/embedded-api-server.js';
import type { ObjectInput } from '../../src/kube/embedded/kube-object.js';
import type { LeaseObject, NodeObject, PodObject } from './api-objects.js';
import { type ClusterApi, type HistoryWatcher, type NewObject, namespace } from './cluster-api.js';

const pod = { apiVersion: 'v1', kind: 'Pod', namespace } as const;
const node = { apiVersion: 'v1', kind: 'Node' } as const;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** The embedded API server, straight and undisturbed. */
export class EmbeddedCluster implements ClusterApi {
  readonly #server: EmbeddedApiServer;

  constructor(server: EmbeddedApiServer) {
    this.#server = server;
  }

  async create(object: NewObject): Promise<void> {
    this.#server.create(object as ObjectInput, { keepStatus: true });
  }

  async patchNode(name: string, patch: object, options: { readonly status?: boolean } = {}): Promise<void> {
    if (this.#server.get({ ...node, name }) === undefined) return;
    this.#server.patch({ ...node, name }, patch, {
      type: 'merge',
      ...(options.status ? { subresource: 'status' as const } : {}),
    });
  }

  async deleteNode(name: string): Promise<void> {
    this.#server.delete({ ...node, name });
  }

  async deletePod(name: string): Promise<void> {
    this.#server.delete({ ...pod, name });
  }

  async bind({ metadata: { name, uid } }: PodObject, nodeName: string): Promise<boolean> {
    try {
      this.#server.bind({ namespace, name, uid }, nodeName);
      return true;
    } catch {
      return false;
    }
  }

  async pods(): Promise<PodObject[]> {
    return this.#server.list(pod) as unknown as PodObject[];
  }

  async nodes(): Promise<NodeObject[]> {
    return this.#server.list(node) as unknown as NodeObject[];
  }

  async watch(watcher: HistoryWatcher, options: { readonly signal: AbortSignal }): Promise<void> {
    await Promise.all([
      this.#follow('/api/v1/pods', (type, object) => watcher.pod(type, object as PodObject), options),
      this.#follow('/api/v1/nodes', (type, object) => watcher.node(type, object as NodeObject), options),
      this.#follow(
        '/apis/coordination.k8s.io/v1/leases',
        (type, object) => watcher.lease(type, object as LeaseObject),
        options,
      ),
    ]);
  }

  #follow(
    path: string,
    tell: (type: EventType, object: unknown) => void,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const outgoing = get(`${this.#server.url}${path}?watch=true&resourceVersion=0`, {
        signal,
        agent: false,
      });
      // The end of the trial breaks the stream.
      outgoing.on('error', (error) => (signal.aborted ? resolve() : reject(error)));
      outgoing.once('response', (answer) => {
        answer.on('error', () => undefined);
        const lines = createInterface({ input: answer });
        lines.on('error', () => undefined);
        lines.on('line', (line) => {
          const { type, object } = JSON.parse(line) as { type: EventType; object: unknown };
          tell(type, object);
        });
        resolve();
      });
    });
  }
}
