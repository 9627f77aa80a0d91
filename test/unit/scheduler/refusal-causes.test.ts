import { describe, expect, it } from '@jest/globals';
import type { NodeFilterPlugin, Plugin, PreFilterPlugin } from '../../../src/framework/plugin.js';
import { unresolvable, unschedulable } from '../../../src/framework/status.js';
import { refusalCauses } from '../../../src/scheduler/refusal-causes.js';
import { clusterOf, nodeOf, podOf } from '../plugins/cluster-objects.js';
import { decide, profileOf } from './scheduling-fixture.js';

function causes(plugins: readonly Plugin[]) {
  const cluster = clusterOf([nodeOf('a'), nodeOf('b'), nodeOf('c')]);
  const decision = decide(cluster, profileOf(plugins), podOf());
  if (decision.kind !== 'unschedulable') throw new Error(`the pod ${decision.kind}`);
  return refusalCauses(decision.diagnosis);
}

describe('the causes of a refusal', () => {
  it('are told once each, however many nodes they hold for', () => {
    const small: NodeFilterPlugin = {
      name: 'Small',
      filter: (_cycle, _pod, node) =>
        node.name === 'c' ? undefined : unschedulable('too few cpus', 'too little memory'),
    };
    const last: NodeFilterPlugin = { name: 'Last', filter: () => unresolvable('never this one') };
    expect(causes([small, last])).toEqual([
      { plugin: 'Small', reason: 'too few cpus' },
      { plugin: 'Small', reason: 'too little memory' },
      { plugin: 'Last', reason: 'never this one' },
    ]);
  });

  it('name the plugin that refused the pod as a whole', () => {
    const rejecting: PreFilterPlugin = {
      name: 'Whole',
      preFilter: () => ({ kind: 'rejected', status: unresolvable('no way') }),
    };
    expect(causes([rejecting])).toEqual([{ plugin: 'Whole', reason: 'no way' }]);
  });

  it('name the plugin that left no node to be judged', () => {
    const narrowing: PreFilterPlugin = {
      name: 'Narrow',
      preFilter: () => ({ kind: 'proceed', nodeNames: new Set(['elsewhere']) }),
    };
    expect(causes([narrowing])).toEqual([
      { plugin: 'Narrow', reason: "node(s) didn't satisfy plugin(s) [Narrow]" },
    ]);
  });
});
