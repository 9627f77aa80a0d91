import type { Clock } from '../clock.js';
import type { Random } from '../random.js';

export interface BackoffOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** @default 800 */
  readonly baseMs?: number;
  /** No wait is longer. @default 30_000 */
  readonly maxMs?: number;
  /** A failure that comes this long after the one before starts at the base again. @default 120_000 */
  readonly resetAfterMs?: number;
}

/**
 * How long to wait after each failure: doubling from the base, each wait drawn between once and twice its step so that
 * many clients that failed together do not return together. Figures: client-go's reflector (0.8 s to 30 s, reset 2 min).
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #resetAfterMs: number;
  #failures = 0;
  #goodSince = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#baseMs = options.baseMs ?? 800;
    this.#maxMs = options.maxMs ?? 30_000;
    this.#resetAfterMs = options.resetAfterMs ?? 120_000;
  }

  /** Counts one failure. @returns milliseconds to wait before trying again. */
  next(): number {
    const now = this.#clock.monotonic();
    if (now - this.#goodSince >= this.#resetAfterMs) this.#failures = 0;
    const step = Math.min(this.#maxMs / 2, this.#baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const waitMs = step * (1 + this.#random());
    this.#goodSince = now + waitMs;
    return waitMs;
  }
}
