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
  /** The pod was settled: what is not written yet is not to be. */
  dropped?: boolean;
  readonly waiters: ((error: ApiError | undefined) => void)[];
}

/** What was written last and may not have come back by watch yet. */
interface Written {
  readonly condition?: { readonly reason: string; readonly message: string; readonly transition: string };
  readonly nominate?: string;
}

/** The writing of one pod's changes, one after the other. */
interface Task {
  change?: Change;
  /** Undefined until its turn has come. */
  underWay?: Promise<void>;
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
  readonly #busy = new Map<string, Task>();
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
    const change = this.#busy.get(uid)?.change;
    if (change !== undefined) change.dropped = true;
  }

  /**
   * The pod is about to be bound. What waits to be written about it is dropped, and what is being written is waited for: a refusal
   * that reached the API server after the binding would stand there for good.
   */
  async hush(uid: string): Promise<void> {
    this.forget(uid);
    await this.#busy.get(uid)?.underWay;
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
    const task: Task = {};
    this.#busy.set(uid, task);
    void this.#queue.add(() => {
      task.underWay = this.#writeAll(uid, task);
      return task.underWay;
    }, options);
  }

  /** Writes what is waiting for a pod, and what arrives while that is written. */
  async #writeAll(uid: string, task: Task): Promise<void> {
    for (let next = this.#waiting.get(uid); next !== undefined; next = this.#waiting.get(uid)) {
      this.#waiting.delete(uid);
      task.change = next;
      const error = await this.#write(next);
      for (const resolve of next.waiters) resolve(error);
    }
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
    const { clock, fence } = this.#options;
    const mayWrite = (): boolean => fence.mayWrite() && !change.dropped;
    const error = await retriedWrite(() => this.#options.pods.patchStatus(pod, patch), {
      clock,
      fence: { mayWrite },
    });
    if (error === undefined) {
      if (!change.dropped) this.#remember(pod.uid, written, condition, nominate);
    } else if (error.code !== 404 && error.failure !== 'aborted') this.#options.onFailure?.(pod, error);
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
