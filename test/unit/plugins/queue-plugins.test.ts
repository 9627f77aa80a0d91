import { describe, expect, it } from '@jest/globals';
import { Cycle } from '../../../src/framework/cycle.js';
import { createPrioritySort } from '../../../src/plugins/priority-sort.js';
import { createSchedulingGates } from '../../../src/plugins/scheduling-gates.js';
import { createUnsupportedFeatures } from '../../../src/plugins/unsupported-features.js';
import { clusterOf, podOf } from './cluster-objects.js';

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

describe('UnsupportedFeatures', () => {
  const all = ['PodTopologySpread', 'InterPodAffinity', 'VolumeBinding', 'DynamicResources'];
  const answer = (spec: Readonly<Record<string, unknown>>, missing = all) => {
    const pod = podOf({ spec });
    const { nodes } = clusterOf([]);
    const result = createUnsupportedFeatures(missing).preFilter(new Cycle(pod, nodes), pod, nodes);
    return result.kind === 'rejected' ? result.status.reasons[0] : result.kind;
  };
  const spread = (whenUnsatisfiable: string) => ({
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable }],
  });
  const terms = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] };
  const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [spread('DoNotSchedule'), 'spec.topologySpreadConstraints (DoNotSchedule)'],
    [
      { affinity: { podAffinity: terms } },
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution',
    ],
    [
      { affinity: { podAntiAffinity: terms } },
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution',
    ],
    [volume({ persistentVolumeClaim: { claimName: 'c' } }), 'spec.volumes[].persistentVolumeClaim'],
    [volume({ ephemeral: { volumeClaimTemplate: {} } }), 'spec.volumes[].ephemeral'],
    [volume({ gcePersistentDisk: { pdName: 'd' } }), 'spec.volumes[].gcePersistentDisk'],
    [{ resourceClaims: [{ name: 'gpu' }] }, 'spec.resourceClaims'],
  ])('refuses %j by name of the field', (spec, field) => {
    expect(answer(spec)).toBe(`berth does not yet schedule pods with ${field}`);
  });

  it.each([
    [spread('ScheduleAnyway')],
    [{ affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } } }],
    [volume({ emptyDir: {} })],
    [volume({ configMap: { name: 'c' } })],
    [volume({ image: { reference: 'x' } })],
  ])('lets %j pass', (spec) => {
    expect(answer(spec)).toBe('skip');
  });

  it('refuses nothing that the plugins of the profile take care of', () => {
    expect(answer(spread('DoNotSchedule'), ['InterPodAffinity'])).toBe('skip');
  });
});
