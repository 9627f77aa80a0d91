import { describe, expect, it } from '@jest/globals';
import { Cycle } from '../../../src/framework/cycle.js';
import { explainFilters } from '../../../src/scheduler/explain-filters.js';
import { clusterOf, nodeOf, podOf } from '../plugins/cluster-objects.js';
import { defaultProfile } from './scheduling-fixture.js';

describe('the explanation of filters', () => {
  it('asks every filter about every node, also behind the first refusal', () => {
    const taints = [{ key: 'k', value: '', effect: 'NoSchedule' }];
    const { nodes } = clusterOf([
      nodeOf('bad', { spec: { taints, unschedulable: true }, allocatable: { cpu: '1' } }),
      nodeOf('good'),
    ]);
    const cycle = new Cycle(podOf({ requests: { cpu: '2' } }), nodes);
    const { nodes: explained } = explainFilters(cycle, defaultProfile());
    const refusals = explained.map(({ nodeName, opinions }) => [
      nodeName,
      opinions.flatMap(({ plugin, status }) => (status === undefined ? [] : [[plugin, ...status.reasons]])),
    ]);
    expect(Object.fromEntries(refusals)).toEqual({
      bad: [
        ['NodeUnschedulable', 'node(s) were unschedulable'],
        ['TaintToleration', 'node(s) had untolerated taint(s)'],
        ['NodeResourcesFit', 'Insufficient cpu'],
      ],
      good: [],
    });
    expect(explained[1]!.opinions.map(({ plugin }) => plugin)).toEqual([
      'NodeName',
      'NodeUnschedulable',
      'TaintToleration',
      'NodeResourcesFit',
    ]);
  });

  it('counts pods that a node is promised to', () => {
    const { nodes } = clusterOf([nodeOf('n')]);
    const promised = podOf({ requests: { cpu: '3' }, spec: { priority: 1 } });
    const nominations = { isEmpty: false, nodeNames: () => ['n'], podsFor: () => [promised] };
    const { nodes: explained } = explainFilters(
      new Cycle(podOf({ requests: { cpu: '2' } }), nodes),
      defaultProfile(),
      { nominations },
    );
    expect(explained[0]!.opinions.filter(({ status }) => status !== undefined)).toHaveLength(1);
  });
});
