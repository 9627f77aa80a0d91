import { describe, expect, it } from '@jest/globals';
import { type Clock, sleepBy, systemClock } from '../../../src/clock.js';
import { rehearse } from '../../../src/rehearsal/rehearse.js';

const never = new AbortController().signal;
const anHour = 3_600_000;

/** The system's clock, on which waiting for so long is over at once. */
function impatientAt(ms: number): Clock {
  const sleep: Clock['sleep'] = (asked, options) =>
    asked === ms ? Promise.resolve() : systemClock.sleep(asked, options);
  return { ...systemClock, sleep };
}

/** The system's clock, and its timers that have neither fired nor been taken back. */
function counted(): { readonly clock: Clock; readonly open: ReadonlySet<object> } {
  const open = new Set<object>();
  const after: Clock['after'] = (ms, callback) => {
    const timer = {};
    open.add(timer);
    const cancel = systemClock.after(ms, () => {
      open.delete(timer);
      callback();
    });
    return () => {
      open.delete(timer);
      cancel();
    };
  };
  return { clock: { ...systemClock, after, sleep: (ms, options) => sleepBy(after, ms, options) }, open };
}

describe('rehearse', () => {
  it('decides about every pod that is made up, those that fit nowhere among them', async () => {
    expect(await rehearse({ clock: systemClock, pods: 230, limitMs: anHour, signal: never })).toBe(230);
  });

  it('ends with what was decided when its time is over', async () => {
    const clock = impatientAt(anHour);
    expect(await rehearse({ clock, pods: 10_000, limitMs: anHour, signal: never })).toBeLessThan(10_000);
  });

  it('ends when the signal fires, before or while it runs', async () => {
    expect(await rehearse({ clock: systemClock, limitMs: anHour, signal: AbortSignal.abort() })).toBe(0);
    const end = new AbortController();
    const rehearsal = rehearse({ clock: systemClock, pods: 1_000_000, limitMs: anHour, signal: end.signal });
    setTimeout(() => end.abort(), 50);
    expect(await rehearsal).toBeLessThan(1_000_000);
  });

  it('leaves no timer behind', async () => {
    const { clock, open } = counted();
    await rehearse({ clock, pods: 60, limitMs: anHour, signal: never });
    expect(open.size).toBe(0);
  });
});
