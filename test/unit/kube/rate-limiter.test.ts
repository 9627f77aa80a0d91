import { describe, expect, it } from '@jest/globals';
import { RateLimiter } from '../../../src/kube/rate-limiter.js';
import { ManualClock } from '../../manual-clock.js';

function passages(limiter: RateLimiter, count: number): { passed: number } {
  const seen = { passed: 0 };
  for (let index = 0; index < count; index += 1) {
    void limiter.acquire().then(() => {
      seen.passed += 1;
    });
  }
  return seen;
}

describe('RateLimiter', () => {
  it('lets a burst through at once and the rest at its rate', async () => {
    const clock = new ManualClock();
    const seen = passages(new RateLimiter({ qps: 50, burst: 100, clock }), 130);
    await clock.advance(0);
    expect(seen.passed).toBe(100);
    await clock.advance(200);
    expect(seen.passed).toBe(110);
    await clock.advance(399);
    expect(seen.passed).toBe(129);
    await clock.advance(1);
    expect(seen.passed).toBe(130);
  });

  it('saves up no more than its burst', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ qps: 10, burst: 5, clock });
    await clock.advance(60_000);
    const seen = passages(limiter, 10);
    await clock.advance(0);
    expect(seen.passed).toBe(5);
  });

  it('says how long a caller waited', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ qps: 4, burst: 1, clock });
    expect(await limiter.acquire()).toBe(0);
    const waiting = limiter.acquire();
    await clock.advance(250);
    expect(await waiting).toBe(250);
  });

  it('has no limit when qps is negative', async () => {
    const clock = new ManualClock();
    const seen = passages(new RateLimiter({ qps: -1, burst: 1, clock }), 1_000);
    await clock.advance(0);
    expect(seen.passed).toBe(1_000);
  });

  it('gives back the token of a caller that left', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ qps: 1, burst: 1, clock });
    await limiter.acquire();
    const leaving = new AbortController();
    const left = limiter.acquire({ signal: leaving.signal });
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    const seen = passages(limiter, 1);
    await clock.advance(1_000);
    expect(seen.passed).toBe(1);
  });

  it('refuses a rate of zero and an empty bucket', () => {
    const clock = new ManualClock();
    expect(() => new RateLimiter({ qps: 0, burst: 1, clock })).toThrow('qps');
    expect(() => new RateLimiter({ qps: 1, burst: 0, clock })).toThrow('burst');
  });
});
