import { describe, expect, it } from '@jest/globals';
import { createPrioritySort } from '../../../src/plugins/priority-sort.js';
import { createSchedulingGates } from '../../../src/plugins/scheduling-gates.js';
import { podOf } from './cluster-objects.js';

describe('PrioritySort', () => {
  const { less } = createPrioritySort();
  const queued = (priority: number | undefined, timestamp: number) => ({
    pod: podOf({ spec: { priority } }),
    timestamp,
  });

  it('puts the higher priority first, then the earlier pod; a missing priority is 0', () => {
    expect(less(queued(1, 9), queued(0, 1))).toBe(true);
    expect(less(queued(0, 1), queued(0, 2))).toBe(true);
    expect(less(queued(0, 2), queued(0, 2))).toBe(false);
    expect(less(queued(undefined, 2), queued(-1, 1))).toBe(true);
  });
});

describe('SchedulingGates', () => {
  it('names the gates in the order written', () => {
    const { preEnqueue } = createSchedulingGates();
    const gated = podOf({ spec: { schedulingGates: [{ name: 'b.com/x' }, { name: 'a.com/y' }] } });
    expect(preEnqueue(podOf())).toBeUndefined();
    expect(preEnqueue(gated)).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['waiting for scheduling gates: [b.com/x a.com/y]'],
    });
  });
});
