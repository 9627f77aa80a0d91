import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/api-client.js';
import type { Node } from '../controlplane/kwok-node.js';
import { NodeAdmission, type Quantities } from './node-admission.js';
import { PODS, type Pod } from './workload.js';

/** Has KWOK leave a pod alone, so that it is in the hands of {@link StrictKubelet}. */
export const LEFT_TO_KUBELET = { 'kwok.x-k8s.io/status': 'custom' } as const;

export interface StrictKubeletOptions {
  /** From hearing of a pod to writing what becomes of it. */
  readonly reactionMs?: number;
  /** From hearing that a pod is to go to its end. */
  readonly leavingMs?: number;
}

/**
 * Does what the kubelets of all nodes would do with the pods of namespace `default`: each node takes pods in the order in which it hears
 * of them, and fails those for which there is no room left; a pod that is deleted ends after a while.
 */
export class StrictKubelet {
  readonly #api: ApiClient;
  readonly #reactionMs: number;
  readonly #leavingMs: number;
  readonly #nodes: ReadonlyMap<string, NodeAdmission>;
  /** Where pods are that it has heard of, by UID. */
  readonly #decided = new Map<string, NodeAdmission>();
  readonly #leaving = new Set<string>();
  readonly #stop = new AbortController();
  /** What is under way. */
  readonly #writes = new Set<Promise<void>>();
  /** Sentences on what could not be written, other than because the pod was gone. */
  readonly failures: string[] = [];
  #running: Promise<void> = Promise.resolve();

  private constructor(api: ApiClient, nodes: readonly Node[], options: StrictKubeletOptions) {
    this.#api = api;
    this.#reactionMs = options.reactionMs ?? 200;
    this.#leavingMs = options.leavingMs ?? 200;
    this.#nodes = new Map(
      nodes.map(({ metadata, status }) => [metadata.name, new NodeAdmission(status.allocatable)]),
    );
  }

  /** Is there for the nodes that exist by now. */
  static async start(api: ApiClient, options: StrictKubeletOptions = {}): Promise<StrictKubelet> {
    const { items } = await api.list<Node>('/api/v1/nodes');
    const kubelet = new StrictKubelet(api, items, options);
    const resourceVersion = await kubelet.#list();
    kubelet.#running = kubelet.#follow(resourceVersion);
    return kubelet;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all([...this.#writes]);
  }

  async #follow(from: string): Promise<void> {
    const { signal } = this.#stop;
    for (let resourceVersion: string | undefined = from; !signal.aborted; resourceVersion = undefined) {
      try {
        resourceVersion ??= await this.#list();
        for await (const { type, object } of this.#api.watch<Pod>(PODS, resourceVersion, signal)) {
          if (type === 'ERROR') break;
          if (type === 'DELETED') this.#decided.get(object.metadata.uid)?.release(object.metadata.uid);
          else if (type !== 'BOOKMARK') this.#see(object);
        }
      } catch {
        await sleep(100);
      }
    }
  }

  async #list(): Promise<string> {
    const { items, resourceVersion } = await this.#api.list<Pod>(PODS);
    const present = new Set(items.map(({ metadata }) => metadata.uid));
    for (const [uid, node] of this.#decided) if (!present.has(uid)) node.release(uid);
    for (const pod of items) this.#see(pod);
    return resourceVersion;
  }

  #see(pod: Pod): void {
    const { uid, annotations } = pod.metadata;
    const isMine = Object.keys(LEFT_TO_KUBELET).every((key) => key in ((annotations ?? {}) as object));
    const node = this.#nodes.get(pod.spec.nodeName ?? '');
    if (!isMine || node === undefined) return;
    if (pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') node.release(uid);
    if (pod.metadata.deletionTimestamp !== undefined) this.#letGo(pod);
    else if (!this.#decided.has(uid)) this.#decide(pod, node);
  }

  #decide(pod: Pod, node: NodeAdmission): void {
    this.#decided.set(pod.metadata.uid, node);
    const refusal = node.admit(pod.metadata.uid, requestsOf(pod));
    const status = refusal === undefined ? { phase: 'Running' } : { phase: 'Failed', ...refusal };
    this.#write(pod, this.#reactionMs, (path) => this.#api.patch(`${path}/status`, { status }));
  }

  #letGo(pod: Pod): void {
    if (this.#leaving.has(pod.metadata.uid)) return;
    this.#leaving.add(pod.metadata.uid);
    this.#write(pod, this.#leavingMs, (path) => this.#api.delete(path, { gracePeriodSeconds: 0 }));
  }

  #write({ metadata }: Pod, afterMs: number, send: (path: string) => Promise<unknown>): void {
    const writing = sleep(afterMs)
      .then(() => send(`${PODS}/${metadata.name}`))
      .then(
        () => undefined,
        (error: { status?: number }) => {
          if (error.status !== 404) this.failures.push(`${metadata.name}: ${String(error)}`);
        },
      )
      .finally(() => this.#writes.delete(writing));
    this.#writes.add(writing);
  }
}

/** What a pod asks for, of a single container. */
export function requestsOf({ spec }: Pod): Quantities {
  return spec.containers[0]?.resources?.requests ?? {};
}
