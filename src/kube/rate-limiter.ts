import type { Clock } from '../clock.js';

export interface RateLimiterOptions {
  /** Tokens that come back each second; negative for no limit. */
  readonly qps: number;
  /** Tokens that can be saved up; a quiet client may send that many at once. At least 1. */
  readonly burst: number;
  readonly clock: Clock;
}

/**
 * The client-side rate limit of `clientConnection.qps` and `burst`: a token bucket in which every caller reserves the
 * next token and waits for it, so that callers are served in the order they came.
 */
export class RateLimiter {
  readonly #qps: number;
  readonly #burst: number;
  readonly #clock: Clock;
  /** Below zero: that many tokens are promised to waiting callers. */
  #tokens: number;
  #filledAt: number;

  constructor({ qps, burst, clock }: RateLimiterOptions) {
    if (qps === 0 || Number.isNaN(qps))
      throw new RangeError('qps must not be 0: use a negative number for no limit');
    if (qps > 0 && !(burst >= 1)) throw new RangeError(`burst must be at least 1, not ${burst}`);
    this.#qps = qps;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.monotonic();
  }

  /**
   * Takes one token, waiting for it where the bucket is empty.
   * @returns the milliseconds waited.
   * @throws the signal's reason; the token reserved is given back.
   */
  async acquire(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<number> {
    options.signal?.throwIfAborted();
    if (this.#qps < 0) return 0;
    this.#refill();
    this.#tokens -= 1;
    if (this.#tokens >= 0) return 0;
    const waitMs = (-this.#tokens / this.#qps) * 1000;
    try {
      await this.#clock.sleep(waitMs, options.signal === undefined ? {} : { signal: options.signal });
    } catch (reason) {
      this.#tokens = Math.min(this.#burst, this.#tokens + 1);
      throw reason;
    }
    return waitMs;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#qps);
    this.#filledAt = now;
  }
}
