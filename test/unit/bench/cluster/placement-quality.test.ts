import { describe, expect, it } from '@jest/globals';
import { placementQuality } from '../../../bench/cluster/placement-quality.js';

function pod(nodeName: string | undefined, ...cpus: string[]) {
  return {
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: cpus.map((cpu) => ({ resources: { requests: { cpu } } })),
    },
  };
}

describe('the quality of a placement', () => {
  it('counts nodes with pods, and no pods without a node', () => {
    const pods = [pod('a', '1'), pod('a', '1'), pod('b', '1'), pod(undefined, '1')];
    expect(placementQuality(pods, { nodes: 5, cores: 4 }).nodesUsed).toBe(2);
  });

  it('has no deviation where every node has as much as the others', () => {
    const pods = [pod('a', '500m', '500m'), pod('b', '1'), pod('c', '1000m')];
    expect(placementQuality(pods, { nodes: 3, cores: 4 }).cpuDeviation).toBe(0);
  });

  it('counts the nodes that have none', () => {
    // Shares of 50 % and 0 %: each is 25 from the mean.
    expect(placementQuality([pod('a', '2')], { nodes: 2, cores: 4 }).cpuDeviation).toBeCloseTo(25, 10);
  });

  it('takes a container without requests for nothing', () => {
    const pods = [{ spec: { nodeName: 'a', containers: [{}] } }, pod('b')];
    expect(placementQuality(pods, { nodes: 2, cores: 4 })).toEqual({ nodesUsed: 2, cpuDeviation: 0 });
  });
});
