import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import type { Pod } from '../cluster/pod.js';
import type { ApiError } from '../kube/api-error.js';
import type { PodApi, PodCondition } from '../kube/pod-api.js';
import type { WriteFence } from '../kube/write-fence.js';
import { retriedWrite } from './retried-write.js';

export interface PendingReason {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** The nomination that the pod is to have from now on, '' for none. Absent: the one it has. */
  readonly nominate?: string;
}

export interface StatusWriterOptions {
  readonly pods: PodApi;
  readonly fence: WriteFence;
  readonly clock: Clock;
  readonly onFailure?: (pod: Pod, error: ApiError) => void;
}

/** What a pod's status is to say, as far as it is not written yet. */
interface Change {
  pod: Pod;
  condition?: { readonly reason: string; readonly message: string };
  nominate?: string;
  readonly waiters: ((error: ApiError | undefined) => void)[];
}

/** What was written last and may not have come back by watch yet. */
interface Written {
  readonly condition?: { readonly reason: string; readonly message: string; readonly transition: string };
  readonly nominate?: string;
}

/** Status patches at once: they must not crowd out bindings. */
const concurrency = 4;
/** Somebody waits for a nomination to be written; nobody waits for a reason. */
const nominationPriority = 1;

/**
 * Writes why a pod is pending into its `PodScheduled` condition, and which node it is nominated to. One patch at a time for a pod, the
 * newest word wins, and what the pod says already is not written again: a storm of unschedulable pods costs one patch per pod and
 * reason.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue = new PQueue({ concurrency });
  /** By UID: what is to be written next. */
  readonly #waiting = new Map<string, Change>();
  /** UIDs with a task in the queue: patches of one pod must not overtake each other. */
  readonly #busy = new Map<string, { forgotten: boolean }>();
  /** By UID. */
  readonly #written = new Map<string, Written>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Never throws and never waits. */
  markPending(pod: Pod, { reason, message, nominate }: PendingReason): void {
    const change = this.#changeOf(pod);
    change.condition = { reason, message };
    if (nominate !== undefined) change.nominate = nominate;
    this.#start(pod.uid);
  }

  /** Writes the pod's nominated node, '' for none. Resolves when that is done: to undefined, or to what went wrong. */
  nominate(pod: Pod, nodeName: string): Promise<ApiError | undefined> {
    const change = this.#changeOf(pod);
    change.nominate = nodeName;
    return new Promise((resolve) => {
      change.waiters.push(resolve);
      this.#start(pod.uid, { priority: nominationPriority });
    });
  }

  /** The pod is bound or gone: nothing is to be written any more. */
  forget(uid: string): void {
    for (const resolve of this.#waiting.get(uid)?.waiters ?? []) resolve(undefined);
    this.#waiting.delete(uid);
    this.#written.delete(uid);
    const busy = this.#busy.get(uid);
    if (busy !== undefined) busy.forgotten = true;
  }

  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  #changeOf(pod: Pod): Change {
    let change = this.#waiting.get(pod.uid);
    if (change === undefined) {
      change = { pod, waiters: [] };
      this.#waiting.set(pod.uid, change);
    }
    change.pod = pod;
    return change;
  }

  #start(uid: string, options: { readonly priority?: number } = {}): void {
    if (this.#busy.has(uid)) return;
    this.#busy.set(uid, { forgotten: false });
    void this.#queue.add(() => this.#writeAll(uid), options);
  }

  /** Writes what is waiting for a pod, and what arrives while that is written. */
  async #writeAll(uid: string): Promise<void> {
    for (let next = this.#waiting.get(uid); next !== undefined; next = this.#waiting.get(uid)) {
      this.#waiting.delete(uid);
      const error = await this.#write(next);
      for (const resolve of next.waiters) resolve(error);
    }
    // A patch that was under way when the pod was forgotten has left its trace.
    if (this.#busy.get(uid)?.forgotten) this.#written.delete(uid);
    this.#busy.delete(uid);
  }

  async #write(change: Change): Promise<ApiError | undefined> {
    const { pod } = change;
    const written = this.#written.get(pod.uid) ?? {};
    const condition = this.#newCondition(change, written);
    const nominate = newNomination(change, written);
    if (condition === undefined && nominate === undefined) return undefined;
    const patch = {
      ...(condition === undefined ? {} : { condition }),
      ...(nominate === undefined ? {} : { nominatedNodeName: nominate }),
    };
    const error = await retriedWrite(() => this.#options.pods.patchStatus(pod, patch), this.#options);
    if (error === undefined) this.#remember(pod.uid, written, condition, nominate);
    else if (error.code !== 404 && error.failure !== 'aborted') this.#options.onFailure?.(pod, error);
    return error;
  }

  /** The condition to write; undefined when the pod says the same already. */
  #newCondition({ pod, condition }: Change, written: Written): PodCondition | undefined {
    if (condition === undefined) return undefined;
    const seen = pod.scheduledCondition;
    const said =
      written.condition ??
      (seen?.status === 'False' ? { ...seen, transition: seen.lastTransitionTime } : undefined);
    if (said !== undefined && said.reason === condition.reason && said.message === condition.message)
      return undefined;
    // The transition time moves only when the status itself flips.
    const now = `${new Date(this.#options.clock.now()).toISOString().slice(0, 19)}Z`;
    return {
      type: 'PodScheduled',
      status: 'False',
      reason: condition.reason,
      message: condition.message,
      lastTransitionTime: said?.transition || now,
      observedGeneration: pod.generation,
    };
  }

  #remember(
    uid: string,
    before: Written,
    condition: PodCondition | undefined,
    nominate: string | undefined,
  ): void {
    const { reason, message, lastTransitionTime: transition } = condition ?? {};
    this.#written.set(uid, {
      ...before,
      ...(reason === undefined || message === undefined || transition === undefined
        ? {}
        : { condition: { reason, message, transition } }),
      ...(nominate === undefined ? {} : { nominate }),
    });
  }
}

/** The nomination to write; undefined when the pod has it, as far as can be known. */
function newNomination({ pod, nominate }: Change, written: Written): string | undefined {
  if (nominate === undefined) return undefined;
  const isKnown = nominate === pod.nominatedNodeName && nominate === (written.nominate ?? nominate);
  return isKnown ? undefined : nominate;
}
