import { AffinityTerms } from './affinity-terms.js';
import type { DisruptionBudget } from './disruption-budget.js';
import type { Node } from './node.js';
import { NodeTable } from './node-table.js';
import { ObjectTable } from './object-table.js';
import type { Pod } from './pod.js';
import { PodCounts } from './pod-counts.js';
import { StorageState } from './storage-state.js';
import type { Namespace, PodController, Service } from './workload.js';

interface KnownPod {
  pod: Pod;
  slot: number;
  /** True from `assume` until the API server shows the pod bound. */
  assumed: boolean;
}

/** What became of a pod that was told to be bound. */
export type BindingNews =
  /** Not known before: bound by someone else, or by us before a restart. */
  | 'added'
  /** Our own assumption came true. */
  | 'confirmed'
  /** Assumed on one node, bound to another: somebody was faster. */
  | 'moved'
  /** Known and bound: an update. */
  | 'updated';

/**
 * What the scheduler believes of the cluster: nodes, and the pods on them, by UID, and the objects that decisions ask about.
 * Changed by the main thread alone. A pod without a node is not in here; the queue has it.
 */
export class ClusterState {
  readonly nodes: NodeTable;
  /** How many pods of which kind are where. */
  readonly podCounts: PodCounts;
  /** What pods on nodes demand and wish of other pods. */
  readonly affinityTerms: AffinityTerms;
  readonly namespaces = new ObjectTable<Namespace>();
  readonly services = new ObjectTable<Service>();
  readonly replicationControllers = new ObjectTable<PodController>();
  readonly replicaSets = new ObjectTable<PodController>();
  readonly statefulSets = new ObjectTable<PodController>();
  readonly disruptionBudgets = new ObjectTable<DisruptionBudget>();
  readonly storage = new StorageState();
  readonly #pods = new Map<string, KnownPod>();
  #assumedCount = 0;

  constructor(options: { readonly nodes?: NodeTable } = {}) {
    this.nodes = options.nodes ?? new NodeTable();
    this.podCounts = new PodCounts(this.nodes);
    this.affinityTerms = new AffinityTerms(this.nodes);
  }

  /** Bound and assumed pods. */
  get podCount(): number {
    return this.#pods.size;
  }

  get assumedCount(): number {
    return this.#assumedCount;
  }

  /** The pod as counted, bound or assumed. */
  pod(uid: string): Pod | undefined {
    return this.#pods.get(uid)?.pod;
  }

  *pods(): Generator<Pod> {
    for (const known of this.#pods.values()) yield known.pod;
  }

  isAssumed(uid: string): boolean {
    return this.#pods.get(uid)?.assumed ?? false;
  }

  /** Assumed pods and the nodes they are assumed on. */
  *assumedPods(): Generator<Pod> {
    for (const known of this.#pods.values()) if (known.assumed) yield known.pod;
  }

  setNode(node: Node): void {
    this.nodes.setNode(node);
  }

  removeNode(name: string): void {
    this.nodes.removeNode(name);
  }

  /**
   * Counts a pod on its node before the API server knows: a binding is on its way. `pod.nodeName` names the node.
   * Throws when the pod is counted already; two attempts for one pod are a fault in the caller.
   */
  assume(pod: Pod): void {
    if (this.#pods.has(pod.uid)) {
      throw new Error(`pod ${pod.uid}(${pod.namespace}/${pod.name}) is in the cache, so can't be assumed`);
    }
    const slot = this.nodes.addPod(pod.nodeName, pod);
    this.#pods.set(pod.uid, { pod, slot, assumed: true });
    this.#assumedCount += 1;
  }

  /** Takes an assumption back; false when there is none, for example because it came true meanwhile. */
  forget(uid: string): boolean {
    const known = this.#pods.get(uid);
    if (known === undefined || !known.assumed) return false;
    this.#drop(known);
    return true;
  }

  /** The API server shows the pod bound: counts it, or confirms what was assumed. */
  setBoundPod(pod: Pod): BindingNews {
    const known = this.#pods.get(pod.uid);
    if (known === undefined) {
      const slot = this.nodes.addPod(pod.nodeName, pod);
      this.#pods.set(pod.uid, { pod, slot, assumed: false });
      return 'added';
    }
    const news = !known.assumed ? 'updated' : known.pod.nodeName === pod.nodeName ? 'confirmed' : 'moved';
    if (known.assumed) this.#assumedCount -= 1;
    known.assumed = false;
    if (known.pod.nodeName === pod.nodeName) this.nodes.replacePod(known.slot, known.pod, pod);
    else {
      this.nodes.removePod(known.slot, known.pod);
      known.slot = this.nodes.addPod(pod.nodeName, pod);
    }
    known.pod = pod;
    return news;
  }

  /** The pod is gone or has ended: it holds nothing any more. Returns what was counted. */
  removePod(uid: string): Pod | undefined {
    const known = this.#pods.get(uid);
    if (known === undefined) return undefined;
    this.#drop(known);
    return known.pod;
  }

  #drop(known: KnownPod): void {
    this.nodes.removePod(known.slot, known.pod);
    this.#pods.delete(known.pod.uid);
    if (known.assumed) this.#assumedCount -= 1;
  }
}
