import { describe, expect, it } from '@jest/globals';
import { Cycle } from '../../../src/framework/cycle.js';
import { DynamicResources } from '../../../src/plugins/dynamic-resources.js';
import { clusterOf, podOf } from './cluster-objects.js';

const { nodes } = clusterOf([]);

function prepared(spec: Readonly<Record<string, unknown>> = {}) {
  const plugin = new DynamicResources();
  const pod = podOf({ spec });
  const cycle = new Cycle(pod, nodes);
  return { plugin, cycle, result: () => plugin.preFilter(cycle, pod) };
}

describe('DynamicResources', () => {
  it('has nothing to do for a pod without claims', () => {
    expect(prepared().result()).toEqual({ kind: 'skip' });
  });

  it('refuses a pod with claims by name of the field, for good until the pod changes', () => {
    expect(prepared({ resourceClaims: [{ name: 'gpu' }] }).result()).toEqual({
      kind: 'rejected',
      status: {
        code: 'UnschedulableAndUnresolvable',
        reasons: ['berth does not yet schedule pods with spec.resourceClaims'],
      },
    });
  });

  it('has nothing to release after PreFilter, and says so without words', () => {
    const { plugin, cycle, result } = prepared();
    result();
    expect(plugin.postFilter(cycle)).toEqual({
      kind: 'rejected',
      status: { code: 'Unschedulable', reasons: [] },
      clearNomination: false,
    });
  });

  it('fails where an earlier plugin ended PreFilter, which keeps preemption from being tried', () => {
    const { plugin, cycle } = prepared();
    expect(plugin.postFilter(cycle)).toMatchObject({
      kind: 'rejected',
      status: { code: 'Error', reasons: ['not found'] },
    });
  });
});
