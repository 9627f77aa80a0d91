import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod } from '../cluster/pod.js';
import { createPodProjector } from '../cluster/project-pod.js';
import type { PodApi } from '../kube/pod-api.js';

export interface KubeletRefusalsOptions {
  readonly cluster: ClusterState;
  readonly pods: Pick<PodApi, 'readEnd'>;
  readonly clock: Clock;
  /** What was kept for a refused pod is free again. */
  readonly released: (pod: Pod) => void;
  /** A kubelet did not take a pod that was bound to its node; `reason` is its word, such as `OutOfcpu`. */
  readonly onRefusal?: (pod: Pod, reason: string) => void;
}

/** A kubelet decides about a pod as soon as it hears of it. What ends later ends by itself. */
const attentionMs = 60_000;
/** How long the room that a kubelet says it does not have counts as taken; doubled with each incident while the node goes on refusing. */
const firstDistrustMs = 30_000;
const longestDistrustMs = 300_000;
/** A node that has taken pods for so long after its last refusal starts anew. */
const forgivenAfterMs = 600_000;
/** Reads at once, of pods that ended soon after they were bound. */
const concurrency = 2;

/**
 * Kubelets' reasons for want of room: `OutOfcpu`, `OutOfmemory`, `OutOfpods` and so on; no processors and devices that lie together; no
 * device that is free.
 */
const wantOfRoom = /^(OutOf.+|TopologyAffinityError|UnexpectedAdmissionError)$/;
const otherRefusals: ReadonlySet<string> = new Set(['NodePorts', 'NodeAffinity', 'PodOSNotSupported']);

/** When it was chosen for a node, and when it was on it. */
interface BoundPod {
  readonly decidedAt: number;
  readonly boundAt: number;
}

/** Refusals of one cause: pods that were on their way to the node before its kubelet had refused the first of them. */
interface Incident {
  readonly beganAt: number;
  /** How long the room of each pod is kept. */
  readonly lastMs: number;
  refusedAt: number;
}

/**
 * Notices when a kubelet does not take what was bound to its node, which happens where somebody else uses the node as well. The watch
 * shows of it only that the pod is there no more; whatever takes its place would be sent to the same node at once. So the room of a
 * pod that ended right after it was bound counts as taken until it is known why it ended, and for a while longer if the kubelet had no
 * room for it.
 */
export class KubeletRefusals {
  readonly #options: KubeletRefusalsOptions;
  readonly #reads = new PQueue({ concurrency });
  /** Pods of ours by UID, the one that was bound first at the front. */
  readonly #bound = new Map<string, BoundPod>();
  /** By node. */
  readonly #incidents = new Map<string, Incident>();
  readonly #blank = createPodProjector();
  /** End the timers that run. */
  readonly #timers = new Set<() => void>();

  constructor(options: KubeletRefusalsOptions) {
    this.#options = options;
  }

  /**
   * A pod is where we wanted it, as the watch shows or the binding was answered, whichever is first; the end of an attempt says how many
   * seconds it took.
   */
  bound(uid: string, seconds = 0): void {
    const now = this.#options.clock.monotonic();
    const { decidedAt, boundAt } = this.#bound.get(uid) ?? { decidedAt: now, boundAt: now };
    this.#bound.set(uid, { decidedAt: Math.min(decidedAt, now - seconds * 1_000), boundAt });
    for (const [oldest, { boundAt }] of this.#bound) {
      if (now - boundAt <= attentionMs) break;
      this.#bound.delete(oldest);
    }
  }

  /** The pod has left its node, and is counted there no more. */
  left(pod: Pod): void {
    const { clock, cluster } = this.#options;
    const bound = this.#bound.get(pod.uid);
    this.#bound.delete(pod.uid);
    if (bound === undefined || pod.terminating || clock.monotonic() - bound.boundAt > attentionMs) return;
    const room = this.#roomOf(pod);
    if (cluster.pod(room.uid) !== undefined) return;
    cluster.assume(room);
    void this.#reads.add(() => this.#judge(pod, room, bound.decidedAt));
  }

  /** Resolves when it is known of all pods why they ended. */
  async idle(): Promise<void> {
    await this.#reads.onIdle();
  }

  /** Lets no timer keep the process alive. */
  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  async #judge(pod: Pod, room: Pod, decidedAt: number): Promise<void> {
    const { pods, clock, onRefusal } = this.#options;
    const end = await pods.readEnd(pod).catch(() => undefined);
    const reason = end?.phase === 'Failed' ? end.reason : '';
    if (!wantOfRoom.test(reason) && !otherRefusals.has(reason)) {
      this.#release(room);
      return;
    }
    onRefusal?.(pod, reason);
    if (!wantOfRoom.test(reason)) {
      this.#release(room);
      return;
    }
    const cancel = clock.after(this.#distrust(pod.nodeName, decidedAt), () => {
      this.#timers.delete(cancel);
      this.#release(room);
    });
    this.#timers.add(cancel);
  }

  /** For how many milliseconds. Pods that were sent there before it was known to refuse any add nothing to what is held against it. */
  #distrust(nodeName: string, decidedAt: number): number {
    const now = this.#options.clock.monotonic();
    const before = this.#incidents.get(nodeName);
    if (before !== undefined && decidedAt <= before.beganAt && now - before.refusedAt <= before.lastMs) {
      before.refusedAt = now;
      return before.lastMs;
    }
    const isNew = before === undefined || now - before.refusedAt > forgivenAfterMs;
    const lastMs = isNew ? firstDistrustMs : Math.min(before.lastMs * 2, longestDistrustMs);
    this.#incidents.set(nodeName, { beganAt: now, lastMs, refusedAt: now });
    return lastMs;
  }

  #release(room: Pod): void {
    const { cluster, released } = this.#options;
    if (cluster.forget(room.uid)) released(room);
  }

  /** Takes what the pod took, and is no pod to anybody otherwise: nobody's neighbour, nobody's victim. */
  #roomOf(pod: Pod): Pod {
    const uid = `${pod.uid}/refused`;
    const blank = this.#blank({
      metadata: { name: pod.name, namespace: pod.namespace, uid, resourceVersion: '0' },
      spec: { containers: [] },
    });
    const { nodeName, accounted, nonZeroCpu, nonZeroMemory } = pod;
    return { ...blank, nodeName, accounted, nonZeroCpu, nonZeroMemory, priority: Number.MAX_SAFE_INTEGER };
  }
}
