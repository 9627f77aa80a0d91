import { describe, expect, it } from '@jest/globals';
import type { ClusterState } from '../../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../../src/cluster/pod.js';
import { Cycle } from '../../../../src/framework/cycle.js';
import type { NodeFilterPlugin, Plugin } from '../../../../src/framework/plugin.js';
import { unschedulable } from '../../../../src/framework/status.js';
import { BudgetLedger } from '../../../../src/plugins/default-preemption/budget-ledger.js';
import { tryNode } from '../../../../src/plugins/default-preemption/victims-on-node.js';
import { createNodePorts } from '../../../../src/plugins/node-ports.js';
import { NodeResourcesFit } from '../../../../src/plugins/node-resources-fit.js';
import { Nominator } from '../../../../src/queue/nominator.js';
import { makeNode, makePod, type PodParts } from '../../../build-objects.js';
import { decide, profileOf } from '../../scheduler/scheduling-fixture.js';
import { clusterOf } from '../cluster-objects.js';

/** A pod of one CPU on node `a`, called by its name, started so many seconds after the epoch. */
function bound(name: string, priority: number, parts: PodParts & { readonly start?: number } = {}): Pod {
  const { start, ...rest } = parts;
  return makePod({
    name,
    priority,
    nodeName: 'a',
    requests: { cpu: '1' },
    ...(start !== undefined && { status: { startTime: new Date(start * 1000).toISOString() } }),
    ...rest,
  });
}

function nodeWith(...pods: Pod[]): ClusterState {
  return clusterOf([makeNode({ name: 'a', allocatable: { cpu: '4' } })], pods);
}

/** What a trial of node `a` comes to: names of victims and budget violations, or the reasons. */
function trial(
  cluster: ClusterState,
  pod: Pod,
  plugins: readonly Plugin[] = [new NodeResourcesFit()],
  nominations = new Nominator(),
): unknown {
  const cycle = new Cycle(pod, cluster.nodes);
  const decision = decide(cluster, profileOf(plugins), pod, { nominations });
  if (decision.kind !== 'unschedulable') throw new Error(`the pod ${decision.kind}`);
  const budgets = new BudgetLedger(cluster.disruptionBudgets);
  const { hypothetical } = decision;
  const found = tryNode(cluster.nodes.slotOf('a')!, { pod, nodes: cycle.nodes, hypothetical, budgets });
  if (found.kind === 'refused') return found.status;
  return [found.candidate.victims.map(({ name }) => name), found.candidate.budgetViolations];
}

const preemptor = (cpu: string, priority = 100): Pod => makePod({ priority, requests: { cpu } });

describe('the victims on a node', () => {
  it('are the least important pods whose room is needed', () => {
    const cluster = nodeWith(bound('p3', 3), bound('p1', 1), bound('p4', 4), bound('p2', 2));
    expect(trial(cluster, preemptor('1'))).toEqual([['p1'], 0]);
    expect(trial(cluster, preemptor('3'))).toEqual([['p3', 'p2', 'p1'], 0]);
  });

  it('are, of equally important pods, those that started last; one that has not started goes first', () => {
    const cluster = nodeWith(
      bound('new', 1),
      bound('old', 1, { start: 10 }),
      bound('young', 1, { start: 30 }),
      bound('middle', 1, { start: 20 }),
    );
    expect(trial(cluster, preemptor('3'))).toEqual([['middle', 'young', 'new'], 0]);
    expect(trial(cluster, preemptor('1'))).toEqual([['new'], 0]);
  });

  it('are never pods that are as important as the pod, or more', () => {
    const cluster = nodeWith(bound('equal', 100), bound('above', 200), bound('below', 99), bound('low', 1));
    expect(trial(cluster, preemptor('2'))).toEqual([['below', 'low'], 0]);
    expect(trial(cluster, preemptor('3'))).toEqual({
      code: 'Unschedulable',
      reasons: ['Insufficient cpu'],
      plugin: 'NodeResourcesFit',
    });
  });

  it('do not exist on a node where nobody is less important', () => {
    const cluster = nodeWith(bound('equal', 100, { requests: { cpu: '4' } }));
    expect(trial(cluster, preemptor('1'))).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['No preemption victims found for incoming pod'],
    });
  });

  it('may be terminating already', () => {
    const terminating = bound('going', 1, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    const cluster = nodeWith(terminating, bound('b', 200), bound('c', 200), bound('d', 200));
    // Metadata of its own replaces name and uid: the pod is known by what is left.
    expect(trial(cluster, preemptor('1'))).toMatchObject([[terminating.name], 0]);
  });

  it('include an unimportant pod that is in the way, though less important ones can stay', () => {
    const port = { containers: [{ name: 'app', image: 'app', ports: [{ hostPort: 80 }] }] };
    const cluster = nodeWith(bound('port', 50, { spec: port }), bound('small', 1));
    const pod = makePod({ priority: 100, spec: port });
    expect(trial(cluster, pod, [createNodePorts()])).toEqual([['port'], 0]);
  });

  it('leave room for pods that the node is promised to, if these are as important', () => {
    const cluster = nodeWith(bound('a', 1), bound('b', 2), bound('c', 3), bound('d', 4));
    const nominations = new Nominator();
    nominations.nominate(preemptor('1', 100), 'a');
    nominations.nominate(preemptor('2', 99), 'a');
    expect(trial(cluster, preemptor('1'), [new NodeResourcesFit()], nominations)).toEqual([['b', 'a'], 0]);
  });

  it('must exist: a node on which the pod fits with all others is a fault', () => {
    let calls = 0;
    const moody: NodeFilterPlugin = {
      name: 'Moody',
      filter: () => (calls++ === 0 ? unschedulable('not yet') : undefined),
    };
    expect(() => trial(nodeWith(bound('b', 1)), preemptor('1'), [moody])).toThrow(
      'expected at least one victim pod on node "a"',
    );
  });

  it('cannot be found when a filter fails', () => {
    let calls = 0;
    const failing: NodeFilterPlugin = {
      name: 'Failing',
      filter: () => {
        if (calls++ > 0) throw new Error('broken');
        return unschedulable('full');
      },
    };
    expect(() => trial(nodeWith(bound('b', 1)), preemptor('1'), [failing])).toThrow(
      'running "Failing" filter plugin: broken',
    );
  });

  it('include pods over which a plugin fails when they are put back', () => {
    const failing: NodeFilterPlugin = {
      name: 'Failing',
      filter: (_cycle, _pod, node) => {
        if ([...node.pods].some(({ name }) => name === 'odd')) throw new Error('broken');
        return undefined;
      },
    };
    const cluster = nodeWith(bound('odd', 2), bound('x', 1), bound('y', 3));
    expect(trial(cluster, preemptor('2'), [new NodeResourcesFit(), failing])).toEqual([['odd'], 0]);
  });
});

describe('pods under a disruption budget', () => {
  const guarded = (name: string, priority: number, start = 0): Pod =>
    bound(name, priority, { labels: { app: 'web' }, start });

  function protect(cluster: ClusterState, disruptionsAllowed: number): ClusterState {
    cluster.disruptionBudgets.set({
      uid: 'budget',
      namespace: 'default',
      name: 'web',
      resourceVersion: '1',
      selector: { matchLabels: { app: 'web' } },
      disruptionsAllowed,
      disruptedPods: new Set(),
    });
    return cluster;
  }

  it('stay rather than more important ones without', () => {
    const cluster = protect(nodeWith(guarded('w', 1), bound('x', 50), bound('y', 60), bound('z', 70)), 0);
    expect(trial(cluster, preemptor('1'))).toEqual([['x'], 0]);
    expect(trial(cluster, preemptor('3'))).toEqual([['z', 'y', 'x'], 0]);
  });

  it('leave when there is no other way, and that is counted', () => {
    const cluster = protect(nodeWith(guarded('w', 1), bound('x', 50), bound('y', 60), bound('z', 70)), 0);
    expect(trial(cluster, preemptor('4'))).toEqual([['z', 'y', 'x', 'w'], 1]);
  });

  it('are protected from the most important one on once the budget is used up by those before it', () => {
    const cluster = protect(
      nodeWith(guarded('w4', 4), guarded('w3', 3), guarded('w2', 2), guarded('w1', 1)),
      2,
    );
    // w4 and w3 use the budget up; w2 and w1 would violate it, so they are put back first.
    expect(trial(cluster, preemptor('2'))).toEqual([['w4', 'w3'], 0]);
    expect(trial(cluster, preemptor('3'))).toEqual([['w4', 'w3', 'w1'], 1]);
  });

  it('are put back in order of importance', () => {
    const cluster = protect(
      nodeWith(guarded('late', 1, 20), guarded('early', 1, 10), bound('x', 200), bound('y', 200)),
      0,
    );
    expect(trial(cluster, preemptor('1'))).toEqual([['late'], 1]);
  });
});
