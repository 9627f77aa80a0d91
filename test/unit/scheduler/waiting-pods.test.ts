import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Status } from '../../../src/framework/status.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { ManualClock } from '../../manual-clock.js';

let clock: ManualClock;
let waiting: WaitingPods;
let outcomes: (Status | undefined)[];

beforeEach(() => {
  clock = new ManualClock();
  waiting = new WaitingPods({ clock });
  outcomes = [];
});

function wait(uid: string, waits: Readonly<Record<string, number>>): void {
  void waiting.wait(uid, new Map(Object.entries(waits))).then((status) => outcomes.push(status));
}

describe('a pod that plugins hold back', () => {
  it('goes on when every one of them has said yes', async () => {
    wait('a', { First: 60_000, Second: 60_000 });
    waiting.allow('a', 'First');
    waiting.allow('a', 'First');
    waiting.allow('a', 'Third');
    await clock.advance(0);
    expect([waiting.has('a'), outcomes]).toEqual([true, []]);
    waiting.allow('a', 'Second');
    await clock.advance(0);
    expect([waiting.size, outcomes]).toEqual([0, [undefined]]);
  });

  it('is refused by the first that says no', async () => {
    wait('a', { First: 60_000, Second: 60_000 });
    expect(waiting.reject('a', 'Second', 'no quorum')).toBe(true);
    waiting.allow('a', 'First');
    await clock.advance(0);
    expect(outcomes).toEqual([{ code: 'Unschedulable', reasons: ['no quorum'], plugin: 'Second' }]);
    expect(waiting.reject('a', 'First', 'late')).toBe(false);
  });

  it('is refused in the name of the plugin whose time is up', async () => {
    wait('a', { Slow: 90_000, Quick: 30_000 });
    await clock.advance(29_999);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    const reason = 'rejected due to timeout after waiting 30s at plugin Quick';
    expect(outcomes).toEqual([{ code: 'Unschedulable', reasons: [reason], plugin: 'Quick' }]);
    await clock.advance(120_000);
    expect(outcomes).toHaveLength(1);
  });

  it('is held for a quarter of an hour at most', async () => {
    wait('a', { Endless: Number.MAX_SAFE_INTEGER });
    await clock.advance(15 * 60_000 - 1);
    expect(waiting.has('a')).toBe(true);
    await clock.advance(1);
    expect(waiting.has('a')).toBe(false);
  });

  it('is not refused by what was left of an earlier wait', async () => {
    wait('a', { First: 60_000, Second: 60_000 });
    await clock.advance(30_000);
    waiting.allow('a', 'First');
    waiting.reject('a', 'Second', 'no quorum');
    wait('a', { First: 60_000, Second: 60_000 });
    await clock.advance(59_999);
    expect([waiting.has('a'), outcomes.length]).toEqual([true, 1]);
  });

  it('does not care about others', async () => {
    wait('a', { P: 60_000 });
    wait('b', { P: 60_000 });
    waiting.allow('b', 'P');
    waiting.allow('nobody', 'P');
    await clock.advance(0);
    expect([waiting.has('a'), waiting.has('b')]).toEqual([true, false]);
  });
});
