import { describe, expect, it } from '@jest/globals';
import type { CaseResult } from '../../../bench/cluster/case-result.js';
import { goalsOf } from '../../../bench/cluster/goals.js';
import { resultOf } from './example-results.js';

function goal(results: readonly CaseResult[], about: string) {
  const found = goalsOf(results).find((each) => each.about === about);
  if (found === undefined) throw new Error(`there is no goal ${about}`);
  return { wanted: found.wanted, reached: found.reached, isMet: found.isMet };
}

describe('a goal', () => {
  it('is judged by the case that is farthest from it', () => {
    const results = [
      resultOf('basic', 500, { berth: { podsPerSecond: 900 }, other: { podsPerSecond: 300 } }),
      resultOf('basic', 5000, { berth: { podsPerSecond: 600 }, other: { podsPerSecond: 300 } }),
    ];
    expect(goal(results, 'throughput, basic')).toEqual({
      wanted: 'at least ×2.50',
      reached: '×2.00 (basic-5000)',
      isMet: false,
    });
    expect(goal(results, 'throughput, every workload')).toMatchObject({ isMet: true });
  });

  it('that asks for little is missed by the largest', () => {
    const results = [
      resultOf('spread', 5000, { berth: { peakRssMb: 90 }, other: { peakRssMb: 100 } }),
      resultOf('mixed', 5000, { berth: { peakRssMb: 150 }, other: { peakRssMb: 100 } }),
    ];
    expect(goal(results, 'peak memory, every workload')).toEqual({
      wanted: 'at most ×1.00',
      reached: '×1.50 (mixed-5000)',
      isMet: false,
    });
  });

  it('in milliseconds tells what the other took in the same case', () => {
    const results = [
      resultOf('basic', 5000, { berth: { algorithmMs: 0.08 }, other: { algorithmMs: 3 } }),
      resultOf('spread', 5000, { berth: { algorithmMs: 0.12 }, other: { algorithmMs: 10 } }),
      resultOf('basic-unseen', 5000, { berth: { algorithmMs: 0.4 }, other: { algorithmMs: 3 } }),
    ];
    expect(goal(results, 'algorithm, known templates, 5,000 nodes')).toEqual({
      wanted: 'at most 0.100 ms',
      reached: '0.120 ms (spread-5000: kube-scheduler 10.000 ms)',
      isMet: false,
    });
    expect(goal(results, 'algorithm, templates never seen, 5,000 nodes')).toMatchObject({
      reached: '0.400 ms (kube-scheduler 3.000 ms)',
      isMet: true,
    });
  });

  it('is neither reached nor missed while its cases were not measured', () => {
    const unknown = { reached: undefined, isMet: undefined };
    expect(goal([], 'start, time to ready')).toMatchObject(unknown);
    expect(goal([], 'algorithm, known templates, 15,000 nodes to 1,000')).toMatchObject(unknown);
  });

  it('about growth compares two sizes of one workload', () => {
    const results = [
      resultOf('basic', 1000, { berth: { algorithmMs: 0.02 } }),
      resultOf('basic', 15000, { berth: { algorithmMs: 0.03 } }),
      resultOf('spread', 1000, { berth: { algorithmMs: 0.02 } }),
      resultOf('spread', 15000, { berth: { algorithmMs: 0.05 } }),
    ];
    expect(goal(results, 'algorithm, known templates, 15,000 nodes to 1,000')).toEqual({
      wanted: 'at most ×2.00',
      reached: '×2.50 (spread)',
      isMet: false,
    });
  });

  it('leaves out where arrivals bound how many pods there are to bind', () => {
    const results = [
      resultOf('arrivals', 5000, { berth: { podsPerSecond: 299 }, other: { podsPerSecond: 300 } }),
      resultOf('basic', 500),
    ];
    expect(goal(results, 'throughput, every workload')).toMatchObject({ reached: '×3.00', isMet: true });
  });
});
