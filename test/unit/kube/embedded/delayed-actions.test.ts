import { describe, expect, it } from '@jest/globals';
import { DelayedActions } from '../../../../src/kube/embedded/delayed-actions.js';
import { conflict } from '../../../../src/kube/embedded/status-error.js';
import { ManualClock } from '../../../manual-clock.js';

const failing = (error: Error) => (): void => {
  throw error;
};

describe('delayed actions', () => {
  it('happen once, after the first delay, however often they are asked for', async () => {
    const clock = new ManualClock();
    const done: string[] = [];
    const actions = new DelayedActions(clock, failing(new Error('no fault expected')));
    actions.after(100, 'a', () => done.push('first'));
    await clock.advance(50);
    actions.after(100, 'a', () => done.push('again'));
    actions.after(100, 'b', () => done.push('other'));
    await clock.advance(50);
    expect(done).toEqual(['first']);
    actions.after(100, 'a', () => done.push('later'));
    await clock.advance(100);
    expect(done).toEqual(['first', 'other', 'later']);
  });

  it('that come too late for their object are dropped in silence, and other faults are told', async () => {
    const clock = new ManualClock();
    const faults: unknown[] = [];
    const actions = new DelayedActions(clock, (error) => faults.push(error));
    const fault = new Error('broken');
    actions.after(1, 'late', failing(conflict('pods', '', 'a', 'changed')));
    actions.after(1, 'broken', failing(fault));
    await clock.advance(1);
    expect(faults).toEqual([fault]);
  });

  it('do not happen after the end', async () => {
    const clock = new ManualClock();
    const done: string[] = [];
    const actions = new DelayedActions(clock, failing(new Error('no fault expected')));
    actions.after(1, 'a', () => done.push('a'));
    actions.stop();
    await clock.advance(10);
    expect(done).toEqual([]);
  });
});
