import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import type { Pod } from '../cluster/pod.js';
import { ApiError } from '../kube/api-error.js';
import type { PodApi } from '../kube/pod-api.js';
import type { WriteFence } from '../kube/write-fence.js';

export interface PendingReason {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** A nominated node to write beside it, '' to clear the one that the pod has. */
  readonly nominate?: string;
}

export interface StatusWriterOptions {
  readonly pods: PodApi;
  readonly fence: WriteFence;
  readonly clock: Clock;
  readonly onFailure?: (pod: Pod, error: ApiError) => void;
}

/** Status patches at once: they must not crowd out bindings. */
const concurrency = 4;
const maxTries = 4;
const firstRetryMs = 10;
const retryGrowth = 5;

/**
 * Writes why a pod is pending into its `PodScheduled` condition. One patch at a time for a pod, the newest wins, and what the
 * pod says already is not written again: a storm of unschedulable pods costs one patch per pod and reason.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue = new PQueue({ concurrency });
  /** By UID: what is to be written next. */
  readonly #waiting = new Map<string, { pod: Pod; reason: PendingReason }>();
  /** UIDs with a task in the queue: patches of one pod must not overtake each other. */
  readonly #busy = new Set<string>();
  /** By UID: what was written last and may not have come back by watch yet. */
  readonly #written = new Map<string, PendingReason & { readonly transition: string }>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Never throws and never waits. */
  markPending(pod: Pod, reason: PendingReason): void {
    this.#waiting.set(pod.uid, { pod, reason });
    if (this.#busy.has(pod.uid)) return;
    this.#busy.add(pod.uid);
    void this.#queue.add(() => this.#writeAll(pod.uid));
  }

  /** The pod is bound or gone: nothing is to be written any more. */
  forget(uid: string): void {
    this.#waiting.delete(uid);
    this.#written.delete(uid);
  }

  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  /** Writes what is waiting for a pod, and what arrives while that is written. */
  async #writeAll(uid: string): Promise<void> {
    for (let next = this.#waiting.get(uid); next !== undefined; next = this.#waiting.get(uid)) {
      this.#waiting.delete(uid);
      await this.#write(next.pod, next.reason);
    }
    this.#busy.delete(uid);
  }

  async #write(pod: Pod, reason: PendingReason): Promise<void> {
    const { uid } = pod;
    if (!this.#options.fence.mayWrite()) return;
    const said = this.#written.get(uid) ?? {
      ...pod.scheduledCondition,
      transition: pod.scheduledCondition?.lastTransitionTime,
    };
    const isFalse = this.#written.has(uid) || pod.scheduledCondition?.status === 'False';
    const sameWords = isFalse && said.reason === reason.reason && said.message === reason.message;
    if (sameWords && reason.nominate === undefined) return;
    // The transition time moves only when the status itself flips.
    const transition =
      (isFalse && said.transition) || `${new Date(this.#options.clock.now()).toISOString().slice(0, 19)}Z`;
    const error = await this.#patch(pod, reason, transition);
    if (error === undefined)
      this.#written.set(uid, { reason: reason.reason, message: reason.message, transition });
    else if (error.code !== 404) this.#options.onFailure?.(pod, error);
  }

  async #patch(pod: Pod, reason: PendingReason, lastTransitionTime: string): Promise<ApiError | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#options.pods.patchStatus(pod, {
          condition: {
            type: 'PodScheduled',
            status: 'False',
            reason: reason.reason,
            message: reason.message,
            lastTransitionTime,
            observedGeneration: pod.generation,
          },
          ...(reason.nominate === undefined ? {} : { nominatedNodeName: reason.nominate }),
        });
        return undefined;
      } catch (thrown) {
        const error =
          thrown instanceof ApiError
            ? thrown
            : new ApiError(String(thrown), { failure: 'malformed', cause: thrown });
        // A conflict here is the UID precondition: another pod has the name.
        const mayHelp =
          error.code === 500 || error.code === 503 || error.failure === 'unreachable' || error.isAmbiguous;
        if (!mayHelp || tries >= maxTries || !this.#options.fence.mayWrite()) return error;
        await this.#options.clock.sleep(firstRetryMs * retryGrowth ** (tries - 1));
      }
    }
  }
}
