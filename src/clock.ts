/** Time and timers as the program sees them; injected, so that tests decide what time it is. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. For timestamps shown to others. */
  now(): number;
  /** Monotonic milliseconds. For durations and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when it fires first. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Calls `callback` once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** The wall clock of this moment, carried on by the monotonic one: times that may be shown and compared, and that nobody sets back. */
export function steadyNow(clock: Pick<Clock, 'now' | 'monotonic'>): () => number {
  const origin = clock.now() - clock.monotonic();
  return () => origin + clock.monotonic();
}

/** A clock's `sleep`, made of its `after`. Leaves no timer and no listener behind, however it ends. */
export function sleepBy(
  after: Clock['after'],
  ms: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, options) => sleepBy(systemClock.after, ms, options),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
