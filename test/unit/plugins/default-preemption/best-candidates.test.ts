import { describe, expect, it } from '@jest/globals';
import { bestCandidates } from '../../../../src/plugins/default-preemption/best-candidates.js';
import type { Candidate } from '../../../../src/plugins/default-preemption/candidate.js';
import { makePod } from '../../../build-objects.js';

interface Victim {
  readonly priority: number;
  /** Seconds; undefined for a pod that has not started. */
  readonly start?: number | undefined;
}

function candidate(nodeName: string, victims: readonly (number | Victim)[], budgetViolations = 0): Candidate {
  const pods = victims.map((victim) => {
    const { priority, start } = typeof victim === 'number' ? { priority: victim, start: 100 } : victim;
    const startTime = start === undefined ? undefined : new Date(start * 1000).toISOString();
    return makePod({ priority, nodeName, status: { startTime } });
  });
  return { slot: 0, nodeName, victims: pods, budgetViolations };
}

const best = (...candidates: Candidate[]): string[] =>
  bestCandidates(candidates).map(({ nodeName }) => nodeName);

describe('of candidates, the best', () => {
  it('violates the fewest disruption budgets, whoever else it costs', () => {
    expect(best(candidate('a', [1], 1), candidate('b', [1000, 1000], 0))).toEqual(['b']);
  });

  it('then has the least important first victim', () => {
    expect(best(candidate('a', [100, 0]), candidate('b', [50, 50, 50]))).toEqual(['b']);
    expect(best(candidate('a', [-5]), candidate('b', [-6, -6]))).toEqual(['b']);
  });

  it('then has the lowest sum of priorities, in which every victim counts, negative priorities too', () => {
    expect(best(candidate('a', [50, 50]), candidate('b', [50, 10]))).toEqual(['b']);
    expect(best(candidate('a', [0, -1000, -1000]), candidate('b', [0, -1]))).toEqual(['b']);
    const lowest = -(2 ** 31);
    expect(best(candidate('a', [lowest, lowest]), candidate('b', [lowest]))).toEqual(['a', 'b'].slice(1));
  });

  it('then has the fewest victims, where those more do not even change the sum', () => {
    const lowest = -(2 ** 31);
    expect(best(candidate('a', [7, lowest]), candidate('b', [7]))).toEqual(['b']);
  });

  it('then has the important victim that started last', () => {
    const started = (name: string, ...starts: (number | undefined)[]): Candidate =>
      candidate(
        name,
        starts.map((start) => ({ priority: 5, start })),
      );
    expect(best(started('a', 10, 90), started('b', 20, 30))).toEqual(['b']);
    expect(best(started('a', 10), started('b', undefined))).toEqual(['b']);
  });

  it('asks only the most important victims when they started', () => {
    const a = candidate('a', [
      { priority: 5, start: 50 },
      { priority: 1, start: 1 },
    ]);
    const b = candidate('b', [
      { priority: 5, start: 40 },
      { priority: 1, start: 99 },
    ]);
    expect(best(a, b)).toEqual(['a']);
  });

  it('is one of several when nothing tells them apart, in the order given', () => {
    expect(best(candidate('c', [1]), candidate('a', [2]), candidate('b', [1]))).toEqual(['c', 'b']);
    expect(best()).toEqual([]);
  });

  it('is n4 of the example: violations leave three, the first victim two, the sum one', () => {
    const n1 = candidate('n1', [100, 0]);
    const n2 = candidate('n2', [50, 50]);
    const n3 = candidate('n3', [50], 1);
    const n4 = candidate('n4', [50, 10]);
    expect(best(n1, n2, n3, n4)).toEqual(['n4']);
    expect(best(n1, n2, n3)).toEqual(['n2']);
    expect(best(n1, n3)).toEqual(['n1']);
  });
});
