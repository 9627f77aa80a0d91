import type { Clock } from '../../../src/clock.js';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/**
 * A clock that stands still until told to move, and then lets everything that follows from each timer happen before it
 * fires the next. Its wall clock and its monotonic clock differ, as they do in life.
 */
export class SettlingClock implements Clock {
  static readonly epoch = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  #elapsed = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return SettlingClock.epoch + this.#elapsed;
  }

  monotonic(): number {
    return 1000 + this.#elapsed;
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + ms, fire: callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time forward, firing what falls due in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.fire();
      await settle();
    }
    this.#elapsed = until;
    await settle();
  }

  /** Moves time without letting any code run, as if the process had been stopped meanwhile. */
  freeze(ms: number): void {
    this.#elapsed += ms;
  }
}

/** Lets promises run their course. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
