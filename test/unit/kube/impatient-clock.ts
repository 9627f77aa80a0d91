import type { Clock } from '../../../src/clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock whose sleepers wake at once, time having moved on by what they asked for, which is written down. Deadlines
 * (`after`) fall due only when a test advances it. For tests that talk over real sockets, which take no time here.
 */
export class ImpatientClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();
  readonly slept: number[] = [];

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    this.slept.push(ms);
    this.#now += ms;
    return new Promise((resolve) => setImmediate(resolve));
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time on, firing what falls due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}
