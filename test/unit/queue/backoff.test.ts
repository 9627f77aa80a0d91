import { describe, expect, it } from '@jest/globals';
import { backoffExpiry, isBackingOff } from '../../../src/queue/backoff.js';
import { QueueEntry } from '../../../src/queue/queued-pod.js';
import { makePod } from '../../build-objects.js';

const limits = { initialMs: 1_000, maxMs: 10_000 };

function entry(parts: {
  readonly rejections?: number;
  readonly errors?: number;
  readonly at?: number;
}): QueueEntry {
  const made = new QueueEntry(makePod(), parts.at ?? 0);
  made.rejections = parts.rejections ?? 0;
  made.errors = parts.errors ?? 0;
  return made;
}

describe('backoffExpiry', () => {
  it('doubles from the first failure on up to the maximum', () => {
    const expiries = [1, 2, 3, 4, 5, 6, 40, 2_000].map((rejections) =>
      backoffExpiry(entry({ rejections }), limits),
    );
    expect(expiries).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000]);
  });

  it('counts errors in a row, where there are any, instead of rejections', () => {
    expect(backoffExpiry(entry({ rejections: 5, errors: 1 }), limits)).toBe(1_000);
  });

  it('is a whole second, rounded down', () => {
    expect(backoffExpiry(entry({ rejections: 1, at: 1_700 }), limits)).toBe(2_000);
  });

  it('is nothing for a pod that never failed, and where backoff is switched off', () => {
    expect(backoffExpiry(entry({ at: 5_000 }), limits)).toBe(0);
    expect(backoffExpiry(entry({ rejections: 3, at: 5_000 }), { initialMs: 1_000, maxMs: 0 })).toBe(0);
  });
});

describe('isBackingOff', () => {
  it('ends with the first whole second after the expiry', () => {
    const waiting = entry({ rejections: 1, at: 1_700 });
    expect([2_000, 2_999, 3_000].map((now) => isBackingOff(waiting, now, limits))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
