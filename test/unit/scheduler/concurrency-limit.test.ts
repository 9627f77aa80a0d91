import { describe, expect, it } from '@jest/globals';
import { ConcurrencyLimit } from '../../../src/scheduler/concurrency-limit.js';

describe('ConcurrencyLimit', () => {
  it('grows by about one per round of calls while latency is flat', () => {
    const limit = new ConcurrencyLimit({ initial: 8 });
    for (let call = 0; call < 9; call++) limit.record('ok', { latency: 5, now: call, inFlight: 8 });
    expect(limit.limit).toBe(9);
  });

  it('stops at its maximum', () => {
    const limit = new ConcurrencyLimit({ initial: 8, max: 10 });
    for (let call = 0; call < 1000; call++) limit.record('ok', { latency: 5, now: call, inFlight: 10 });
    expect(limit.limit).toBe(10);
  });

  it('does not grow while it is not used', () => {
    const limit = new ConcurrencyLimit({ initial: 8 });
    for (let call = 0; call < 1000; call++) limit.record('ok', { latency: 5, now: call, inFlight: 2 });
    expect(limit.limit).toBe(8);
  });

  it('shrinks once for all 429s of one overload, and not below its minimum', () => {
    const limit = new ConcurrencyLimit({ initial: 10 });
    limit.record('throttled', { latency: 5, now: 100, inFlight: 10 });
    limit.record('throttled', { latency: 5, now: 100.5, inFlight: 9 });
    expect(limit.limit).toBe(7);
    for (let call = 0; call < 100; call++)
      limit.record('timed-out', { latency: 5, now: 200 + 10 * call, inFlight: 1 });
    expect(limit.limit).toBe(1);
  });

  it('gives way when calls begin to queue up at the server', () => {
    const limit = new ConcurrencyLimit({ initial: 32 });
    for (let call = 0; call < 50; call++) limit.record('ok', { latency: 5, now: call, inFlight: 1 });
    for (let call = 0; call < 500; call++) limit.record('ok', { latency: 50, now: 100 + call, inFlight: 32 });
    expect(limit.limit).toBeLessThan(32);
  });
});
