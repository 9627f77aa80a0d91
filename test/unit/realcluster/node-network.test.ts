import { describe, expect, it } from '@jest/globals';
import { addressPlan } from '../../realcluster/node-network.js';

describe('the addresses of a cluster of real nodes', () => {
  it('lie apart for every node', () => {
    const { host, podRange, nodes } = addressPlan(0, 2);
    expect({ host, podRange }).toEqual({ host: '198.18.0.1', podRange: '198.19.0.0/21' });
    expect(nodes).toEqual([
      { node: '198.19.0.1', podRange: '198.19.0.0/24', uplink: '198.18.0.2' },
      { node: '198.19.1.1', podRange: '198.19.1.0/24', uplink: '198.18.0.6' },
    ]);
  });

  it('are those of no other cluster', () => {
    const ranges = [0, 1, 29].flatMap((cluster) => addressPlan(cluster, 7).nodes.map((one) => one.podRange));
    expect(new Set(ranges).size).toBe(ranges.length);
    expect(ranges.every((range) => range.startsWith('198.19.'))).toBe(true);
  });

  it('are refused when a cluster is larger than they reach', () => {
    expect(() => addressPlan(0, 8)).toThrow('a cluster has at most 7 real nodes');
  });
});
