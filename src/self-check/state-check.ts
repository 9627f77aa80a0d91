import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod } from '../cluster/pod.js';

/** Something that the cluster state had wrong, given what the watch delivered. It was put right. */
export interface StateFault {
  readonly kind: 'pod-not-counted' | 'pod-counted-elsewhere' | 'pod-counted-in-vain' | 'sums-wrong';
  /** `namespace/name` of a pod, or the name of a node. */
  readonly object: string;
}

/** Check this long, then let scheduling go on. */
const sliceMs = 4;

/**
 * Compares the cluster state with the pods that the watch delivered, and each node's sums with its pods; what is wrong is told and put
 * right. Every comparison is made within one turn, so that nothing changes under it. Assumed pods are left alone: their bindings are on
 * the way.
 */
export async function checkState(
  cluster: ClusterState,
  pods: ReadonlyMap<string, Pod>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<StateFault[]> {
  const faults: StateFault[] = [];
  const found = (kind: StateFault['kind'], object: string): void => void faults.push({ kind, object });
  const pace = new Pace(clock, signal);
  for (const uid of [...pods.keys()]) {
    await pace.next();
    // It may have gone or changed since the last pause.
    const pod = pods.get(uid);
    if (pod !== undefined && pod.nodeName !== '') checkBound(cluster, pod, found);
  }
  for (const { uid } of [...cluster.pods()]) {
    await pace.next();
    checkCounted(cluster, uid, pods, found);
  }
  for (const slot of [...cluster.nodes.allSlots()]) {
    await pace.next();
    if (cluster.nodes.recount(slot)) found('sums-wrong', cluster.nodes.nameAt(slot));
  }
  return faults;
}

type Found = (kind: StateFault['kind'], object: string) => void;

function checkBound(cluster: ClusterState, pod: Pod, found: Found): void {
  const counted = cluster.pod(pod.uid);
  if (counted?.nodeName === pod.nodeName && !cluster.isAssumed(pod.uid)) return;
  found(counted === undefined ? 'pod-not-counted' : 'pod-counted-elsewhere', nameOf(pod));
  cluster.setBoundPod(pod);
}

function checkCounted(
  cluster: ClusterState,
  uid: string,
  pods: ReadonlyMap<string, Pod>,
  found: Found,
): void {
  const counted = cluster.pod(uid);
  if (counted === undefined || cluster.isAssumed(uid)) return;
  const pod = pods.get(uid);
  if (pod !== undefined && pod.nodeName !== '') return;
  found('pod-counted-in-vain', nameOf(counted));
  cluster.removePod(uid);
}

function nameOf({ namespace, name }: Pod): string {
  return `${namespace}/${name}`;
}

/** Lets other work run when a slice of time is used up. */
class Pace {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #began: number;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#began = clock.monotonic();
  }

  async next(): Promise<void> {
    if (this.#clock.monotonic() - this.#began < sliceMs) return;
    await nextTurn();
    this.#signal.throwIfAborted();
    this.#began = this.#clock.monotonic();
  }
}
