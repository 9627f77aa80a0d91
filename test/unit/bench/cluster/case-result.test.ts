import { describe, expect, it } from '@jest/globals';
import { caseResult, mediansOf, ratiosOf } from '../../../bench/cluster/case-result.js';
import { benchCase, circumstances } from './example-results.js';

describe('the medians of runs', () => {
  it('are those of each figure by itself', () => {
    const runs = [
      { podsPerSecond: 100, cpuMsPerPod: 3 },
      { podsPerSecond: 500, cpuMsPerPod: 1 },
      { podsPerSecond: 200, cpuMsPerPod: 2 },
    ];
    expect(mediansOf(runs)).toEqual({ podsPerSecond: 200, cpuMsPerPod: 2 });
  });

  it('lie between two runs, and leave out those that lack the figure', () => {
    expect(mediansOf([{ podsPerSecond: 100 }, { podsPerSecond: 300, nodesUsed: 7 }])).toEqual({
      podsPerSecond: 200,
      nodesUsed: 7,
    });
  });
});

describe('ratios', () => {
  it('are the first to the second', () => {
    const first = { podsPerSecond: 900, cpuMsPerPod: 1, peakRssMb: 150, latencyP99Ms: 10 };
    const second = { podsPerSecond: 300, cpuMsPerPod: 4, peakRssMb: 200, latencyP99Ms: 50 };
    expect(ratiosOf(first, second)).toEqual({
      throughput: 3,
      cpuPerPod: 0.25,
      peakRss: 0.75,
      latencyP99: 0.2,
    });
  });

  it('are left out where one side has no figure or nothing to divide by', () => {
    expect(ratiosOf({ podsPerSecond: 900, cpuDeviation: 1 }, { cpuDeviation: 0 })).toEqual({});
  });
});

describe('the result of a case', () => {
  const about = { against: 'kube-scheduler', seconds: 9, circumstances };

  it('has what machines read at its top', () => {
    const runs = {
      berth: [{ podsPerSecond: 800, nodesUsed: 50, cpuMsPerPod: 1, peakRssMb: 90 }],
      other: [{ podsPerSecond: 400, nodesUsed: 40, cpuMsPerPod: 2, peakRssMb: 100 }],
      ceiling: [{ podsPerSecond: 1000 }],
    };
    expect(caseResult(benchCase, runs, about)).toMatchObject({
      case: 'basic-50',
      workload: 'basic',
      nodes: 50,
      pods: 20,
      repeat: 1,
      ratio: { throughput: 2, cpuPerPod: 0.5, peakRss: 0.9, nodesUsed: 1.25 },
      ceilingShare: 0.8,
      nodesUsed: 50,
      against: 'kube-scheduler',
    });
  });

  it('has neither ratios nor a share of the ceiling when Berth ran alone', () => {
    const alone = { berth: [{ podsPerSecond: 800 }], other: [], ceiling: [] };
    const result = caseResult(benchCase, alone, { ...about, against: undefined });
    expect(result.ratio).toEqual({});
    expect(result).not.toHaveProperty('ceilingShare');
    expect(result).not.toHaveProperty('other');
  });
});
