import { type Clock, sleepBy } from '../../src/clock.js';
import type { TrialTime } from './trial-time.js';

/**
 * A clock on which time passes faster than outside, so that minutes of timeouts and backoffs fit into seconds, and whose wall time
 * can jump as that of a real machine does when somebody sets it.
 */
export class FastClock implements Clock {
  readonly #time: TrialTime;
  readonly #factor: number;
  readonly #epoch = Date.now();
  #jumpedMs = 0;

  constructor(time: TrialTime, factor: number) {
    this.#time = time;
    this.#factor = factor;
  }

  /** Sets the wall clock forward, or back where negative. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  now(): number {
    return this.#epoch + Math.floor(this.monotonic()) + this.#jumpedMs;
  }

  monotonic(): number {
    return this.#time.now() * this.#factor;
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return sleepBy((...timer) => this.after(...timer), ms, options);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#time.after(ms / this.#factor, callback);
  }
}
