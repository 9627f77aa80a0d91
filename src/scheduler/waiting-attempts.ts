import type { Clock } from '../clock.js';

/**
 * Pods are tried one after the other, also where others have to be asked: whoever comes first chooses first. But somebody who does not
 * answer must not stop all pods, so after this long the next ones go on beside the attempt that waits.
 */
const patienceMs = 1_000;
/** Attempts that may wait for the same answerers at once. */
export const maxWaitingAttempts = 16;

/** The attempts that wait for somebody's answer, by whose answer it is, and how long the loop waits with them. */
export class WaitingAttempts {
  readonly #clock: Clock;
  readonly #attempts = new Map<object, Set<Promise<void>>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True while so many wait for the same answerers that no other may. */
  isFull(answerers: object): boolean {
    return (this.#attempts.get(answerers)?.size ?? 0) >= maxWaitingAttempts;
  }

  /**
   * Resolves when the attempt has ended, or when it is time to go on without it: at once where an earlier attempt waits for the same
   * answerers, who then are known to be slow. Rejects as the attempt does, if it does so before.
   */
  async add(attempt: Promise<void>, answerers: object): Promise<void> {
    const attempts = this.#attempts.get(answerers) ?? new Set();
    this.#attempts.set(answerers, attempts.add(attempt));
    const forget = (): void => {
      attempts.delete(attempt);
      if (attempts.size === 0) this.#attempts.delete(answerers);
    };
    void attempt.then(forget, forget);
    if (attempts.size > 1) return;
    const over = new AbortController();
    const patience = this.#clock.sleep(patienceMs, { signal: over.signal }).catch(() => undefined);
    try {
      await Promise.race([attempt, patience]);
    } finally {
      over.abort();
    }
  }

  /** Resolves when those attempts have ended that wait now. */
  async presentEnded(): Promise<void> {
    await Promise.allSettled([...this.#attempts.values()].flatMap((attempts) => [...attempts]));
  }

  /** Resolves when no attempt waits any more. */
  async ended(): Promise<void> {
    while (this.#attempts.size > 0) await this.presentEnded();
  }
}
