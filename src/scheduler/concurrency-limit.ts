/** What one finished call tells the limit. */
export type CallOutcome = 'ok' | 'throttled' | 'timed-out' | 'failed';

export interface ConcurrencyLimitOptions {
  /** @default 16 */
  readonly initial?: number;
  /** @default 1 */
  readonly min?: number;
  /** @default 64 */
  readonly max?: number;
}

/** Weight of a new latency in the running mean. */
const smoothing = 0.1;
/** A mean above this many times the best one says that calls queue up at the server. */
const queueingRatio = 2;
const shrinkFactor = 0.7;

/**
 * How many calls may be under way at once: one more for each full round of calls while latency stays flat, 30 % fewer when the
 * server answers 429 or lets a call time out. At most one shrink per latency, because the answers of one overload come together.
 */
export class ConcurrencyLimit {
  readonly #min: number;
  readonly #max: number;
  #limit: number;
  #mean = 0;
  #best = Number.POSITIVE_INFINITY;
  #shrunkAt = Number.NEGATIVE_INFINITY;

  constructor(options: ConcurrencyLimitOptions = {}) {
    this.#min = options.min ?? 1;
    this.#max = options.max ?? 64;
    this.#limit = Math.min(this.#max, Math.max(this.#min, options.initial ?? 16));
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** `latency` and `now` in milliseconds of a monotonic clock; `inFlight` calls were under way when this one ended. */
  record(
    outcome: CallOutcome,
    call: { readonly latency: number; readonly now: number; readonly inFlight: number },
  ): void {
    if (outcome === 'throttled' || outcome === 'timed-out') {
      this.#shrink(call.now);
      return;
    }
    if (outcome === 'failed') return;
    this.#mean = this.#mean === 0 ? call.latency : this.#mean + smoothing * (call.latency - this.#mean);
    // The best mean is forgotten slowly, so that a server that became slower for good is not held against itself.
    this.#best = Math.min(this.#best * 1.001, this.#mean);
    // A limit that is not reached says nothing about what the server can take.
    if (call.inFlight < this.limit) return;
    if (this.#mean <= queueingRatio * this.#best)
      this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
    else if (this.#limit > 8) this.#limit = Math.max(this.#min, this.#limit - 1 / this.#limit);
  }

  #shrink(now: number): void {
    if (now - this.#shrunkAt < Math.max(this.#mean, 1)) return;
    this.#shrunkAt = now;
    this.#limit = Math.max(this.#min, this.#limit * shrinkFactor);
  }
}
