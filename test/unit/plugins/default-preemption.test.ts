import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { DefaultPreemptionArgs } from '../../../src/config/plugin-args.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type { NodeFilterPlugin, Plugin, PreFilterPlugin } from '../../../src/framework/plugin.js';
import { unresolvable, unschedulable } from '../../../src/framework/status.js';
import {
  decideOnly,
  type Preemption,
  type PreemptionActions,
} from '../../../src/plugins/default-preemption/preemption-actions.js';
import {
  createDefaultPreemption,
  DefaultPreemption,
  defaultPreemption,
} from '../../../src/plugins/default-preemption.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { createTaintToleration } from '../../../src/plugins/taint-toleration.js';
import { Nominator } from '../../../src/queue/nominator.js';
import { seededRandom } from '../../../src/random.js';
import { evaluate } from '../../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { fitMessage } from '../../../src/scheduler/fit-message.js';
import { type PostFilterOutcome, runPostFilters } from '../../../src/scheduler/post-filter-pass.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { profileOf } from '../scheduler/scheduling-fixture.js';
import { clusterOf } from './cluster-objects.js';

interface World extends PostFilterOutcome {
  /** Of the pod's condition. */
  readonly condition: string;
  readonly begun: readonly Preemption[];
  readonly attempts: number;
  readonly findings: ReturnType<DefaultPreemption['search']>;
}

interface WorldOptions {
  /** In front of DefaultPreemption. Default: NodeResourcesFit. */
  readonly plugins?: readonly Plugin[];
  readonly args?: DefaultPreemptionArgs;
  readonly nominator?: Nominator;
  readonly actions?: Partial<PreemptionActions>;
  readonly random?: () => number;
}

/** Everything that DefaultPreemption does about a pod that does not fit. */
function preempt(cluster: ClusterState, pod: Pod, options: WorldOptions = {}): World {
  const { plugins = [new NodeResourcesFit()], nominator = new Nominator(), random = () => 0 } = options;
  const begun: Preemption[] = [];
  let attempts = 0;
  const actions: PreemptionActions = {
    ...decideOnly,
    attempted: () => {
      attempts += 1;
    },
    begin: (preemption) => begun.push(preemption),
    ...options.actions,
  };
  const plugin = createDefaultPreemption(options.args, { profile: 'berth', cluster }, { random, actions });
  const profile = profileOf([...plugins, plugin]);
  const cycle = new Cycle(pod, cluster.nodes);
  const decision = evaluate(cycle, profile, {
    space: new EvaluationSpace(),
    random: seededRandom(1),
    nominations: nominator,
  });
  if (decision.kind !== 'unschedulable') throw new Error(`the pod ${decision.kind}`);
  const { diagnosis: rejections, hypothetical } = decision;
  const outcome = runPostFilters(cycle, profile, { rejections, hypothetical });
  const findings = plugin.search(cycle, pod, rejections, hypothetical);
  const condition = fitMessage(rejections, { postFilterMessage: outcome.message });
  return { ...outcome, condition, begun, attempts, findings };
}

const cpu = (amount: string, parts: PodParts = {}): Pod => makePod({ requests: { cpu: amount }, ...parts });
const terminating = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const preempted = {
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
};

describe('the example cluster of four nodes', () => {
  const fourNodes = (): ClusterState =>
    clusterOf(
      [
        makeNode({ name: 'n1' }),
        makeNode({ name: 'n2' }),
        makeNode({ name: 'n3', allocatable: { cpu: '1' } }),
        makeNode({ name: 'n4', taints: [{ key: 'dedicated', effect: 'NoSchedule' }] }),
      ],
      [
        cpu('1500m', { name: 'a', nodeName: 'n1', priority: 100 }),
        cpu('1500m', { name: 'b', nodeName: 'n1', priority: 100 }),
        cpu('3500m', { name: 'c', nodeName: 'n2', priority: 100 }),
      ],
    );
  const plugins = [createTaintToleration(), new NodeResourcesFit()];
  const filters = '0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu.';

  it('has nobody to preempt for an unimportant pod', () => {
    const { condition, nominate, code } = preempt(fourNodes(), cpu('2'), { plugins });
    expect(condition).toBe(
      `${filters} preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.`,
    );
    expect([code, nominate]).toEqual(['Unschedulable', '']);
  });

  it('is left alone by a pod that never preempts', () => {
    const pod = cpu('2', { priority: 1000, spec: { preemptionPolicy: 'Never', ...container('2') } });
    const { condition, nominate, findings } = preempt(fourNodes(), pod, { plugins });
    expect(condition).toBe(`${filters} preemption: not eligible due to preemptionPolicy=Never.`);
    expect(nominate).toBeUndefined();
    expect(findings).toMatchObject({ eligible: false, candidates: [], best: [], chosen: undefined });
  });

  it('gives up its cheapest victim for an important pod', () => {
    const { condition, nominate, code, begun, attempts } = preempt(
      fourNodes(),
      cpu('2', { name: 'important', priority: 1000 }),
      { plugins },
    );
    // One victim on either node, both of the same priority and without a start.
    expect(condition).toBe(
      `${filters} preemption: found a potential placement for pod on node n1, preempting 1 victims`,
    );
    expect([code, nominate, attempts]).toEqual(['Success', 'n1', 1]);
    expect(begun).toMatchObject([
      { nodeName: 'n1', preemptor: { name: 'important' }, victims: [{ name: expect.any(String) }] },
    ]);
  });
});

function container(amount: string) {
  return { containers: [{ name: 'app', image: 'app', resources: { requests: { cpu: amount } } }] };
}

describe('which pods may preempt', () => {
  const crowded = (...pods: Pod[]): ClusterState =>
    clusterOf([makeNode({ name: 'a' })], [cpu('4', { nodeName: 'a', priority: 1 }), ...pods]);
  const nominated = (parts: PodParts = {}): Pod =>
    cpu('4', { priority: 10, status: { nominatedNodeName: 'a' }, ...parts });
  const going = (priority: number, status: object): Pod =>
    makePod({
      nodeName: 'a',
      priority,
      metadata: { ...terminating, uid: 'going', name: 'going' },
      status: { ...status },
    });

  it('a pod waits while victims of its preemption are terminating on its nominated node', () => {
    const { message, nominate, findings, begun } = preempt(crowded(going(5, preempted)), nominated());
    expect(message).toBe('preemption: not eligible due to a terminating pod on the nominated node.');
    expect([nominate, findings.eligible, begun]).toEqual([undefined, false, []]);
  });

  it.each([
    ['is as important', going(10, preempted)],
    ['terminates for another reason', going(5, {})],
    [
      'was told so by somebody else first',
      going(5, {
        conditions: [
          { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
          ...preempted.conditions,
        ],
      }),
    ],
    ['is told so, but stays', makePod({ nodeName: 'a', priority: 5, status: preempted })],
  ])('it does not wait for a pod that %s', (_what, other) => {
    expect(preempt(crowded(other), nominated())).toMatchObject({ code: 'Success', nominate: 'a' });
  });

  it('it does not wait for a nominated node that it can never use, or that is gone', () => {
    const never: NodeFilterPlugin = {
      name: 'Never',
      filter: (_cycle, _pod, { name }) => (name === 'a' ? unresolvable('never') : undefined),
    };
    const cluster = crowded(going(5, preempted));
    cluster.setNode(makeNode({ name: 'b' }));
    cluster.setBoundPod(cpu('4', { nodeName: 'b' }));
    const plugins = [never, new NodeResourcesFit()];
    expect(preempt(cluster, nominated(), { plugins })).toMatchObject({ code: 'Success', nominate: 'b' });
    cluster.removeNode('a');
    expect(preempt(cluster, nominated())).toMatchObject({ code: 'Success', nominate: 'b' });
    const elsewhere = nominated({ status: { nominatedNodeName: 'nowhere' } });
    expect(preempt(cluster, elsewhere)).toMatchObject({ code: 'Success', nominate: 'b' });
  });

  it('a pod that is gone is an error, and its nomination is left alone', () => {
    const { code, message, nominate, attempts } = preempt(crowded(), nominated({ name: 'web' }), {
      actions: { current: () => undefined },
    });
    expect([code, message, nominate, attempts]).toEqual([
      'Error',
      'preemption: pod "web" not found',
      undefined,
      1,
    ]);
  });

  it('is judged by the pod as it is known now', () => {
    const now = nominated();
    const pod = { ...now, nominatedNodeName: '' };
    const cluster = crowded(going(5, preempted));
    expect(preempt(cluster, pod, { actions: { current: () => now } }).message).toContain('not eligible');
  });
});

describe('when no node helps', () => {
  it('nodes that were tried give their reasons, all others are of no help', () => {
    const picky: NodeFilterPlugin = {
      name: 'Picky',
      filter: (_cycle, _pod, node) => {
        if (node.name === 'never') return unresolvable('never');
        return node.name === 'empty' || node.podCount > 0
          ? unschedulable('crowded')
          : unschedulable('b', 'a');
      },
    };
    const cluster = clusterOf(
      ['never', 'empty', 'x', 'y'].map((name) => makeNode({ name })),
      [makePod({ nodeName: 'x' }), makePod({ nodeName: 'y' })],
    );
    const { message, nominate, findings } = preempt(cluster, makePod({ priority: 1 }), { plugins: [picky] });
    expect(message).toBe(
      'preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling, 2 a, 2 b.',
    );
    expect(nominate).toBe('');
    expect(Object.fromEntries(findings.statuses)).toEqual({
      empty: unresolvable('No preemption victims found for incoming pod'),
      x: { ...unschedulable('b', 'a'), plugin: 'Picky' },
      y: { ...unschedulable('b', 'a'), plugin: 'Picky' },
    });
  });

  it('no node is tried when a PreFilter plugin refused the pod for good', () => {
    const refusing: PreFilterPlugin = {
      name: 'Refusing',
      preFilter: () => ({ kind: 'rejected', status: unresolvable('no way') }),
    };
    const cluster = clusterOf([makeNode({ name: 'a' })], [makePod({ nodeName: 'a' })]);
    expect(preempt(cluster, makePod({ priority: 1 }), { plugins: [refusing] }).condition).toBe(
      '0/1 nodes are available: no way. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
  });

  it('every node is tried when a PreFilter plugin refused the pod for now', () => {
    let taken = 1;
    const counting: PreFilterPlugin & NodeFilterPlugin = {
      name: 'Counting',
      preFilter: () => ({ kind: 'rejected', status: unschedulable('taken') }),
      removePod: () => {
        taken -= 1;
      },
      addPod: () => {
        taken += 1;
      },
      filter: () => (taken > 0 ? unschedulable('taken') : undefined),
    };
    const cluster = clusterOf([makeNode({ name: 'a' })], [makePod({ nodeName: 'a' })]);
    expect(preempt(cluster, makePod({ priority: 1 }), { plugins: [counting] })).toMatchObject({
      code: 'Success',
      nominate: 'a',
    });
  });

  it('failures of plugins are the message, each once, and the nomination is left alone', () => {
    const failing: NodeFilterPlugin = {
      name: 'Failing',
      filter: (_cycle, _pod, node) => {
        if (node.podCount === 0) throw new Error(node.name === 'c' ? 'other' : 'broken');
        return unschedulable('full');
      },
    };
    const cluster = (...names: string[]): ClusterState =>
      clusterOf(
        names.map((name) => makeNode({ name })),
        names.map((nodeName) => makePod({ nodeName })),
      );
    const ask = (...names: string[]) =>
      preempt(cluster(...names), makePod({ priority: 1 }), { plugins: [failing] });
    const broken = 'running "Failing" filter plugin: broken';
    expect(ask('a', 'b')).toMatchObject({
      code: 'Error',
      message: `preemption: ${broken}`,
      nominate: undefined,
    });
    expect(ask('a', 'b', 'c').message).toBe(
      `preemption: [${broken}, running "Failing" filter plugin: other]`,
    );
  });

  it('a failure on one node does not keep the pod from another', () => {
    const failing: NodeFilterPlugin = {
      name: 'Failing',
      filter: (_cycle, _pod, node) => {
        if (node.podCount > 0) return unschedulable('full');
        if (node.name === 'a') throw new Error('broken');
        return undefined;
      },
    };
    const names = ['a', 'b'];
    const cluster = clusterOf(
      names.map((name) => makeNode({ name })),
      names.map((nodeName) => makePod({ nodeName })),
    );
    expect(preempt(cluster, makePod({ priority: 1 }), { plugins: [failing] })).toMatchObject({
      code: 'Success',
      nominate: 'b',
    });
  });
});

describe('the choice', () => {
  const equalNodes = (count: number): ClusterState => {
    const names = Array.from({ length: count }, (_, i) => `n${i}`);
    return clusterOf(
      names.map((name) => makeNode({ name })),
      names.map((nodeName) => cpu('4', { nodeName })),
    );
  };

  it('between nodes that are equal prefers one that nobody was promised, if there is one', () => {
    const pod = cpu('1', { priority: 1 });
    const nominated = (...promised: string[]) => {
      const actions = {
        isPromised: (name: string, { uid }: Pod) => uid === pod.uid && promised.includes(name),
      };
      return preempt(equalNodes(4), pod, { actions }).nominate;
    };
    expect(nominated()).toBe('n0');
    expect(nominated('n0', 'n1')).toBe('n2');
    expect(nominated('n0', 'n1', 'n2', 'n3')).toBe('n0');
  });

  it('between nodes that are equal follows the random source', () => {
    const pod = cpu('1', { priority: 1 });
    const chosen = [0, 0.3, 0.6, 0.9].map(
      (drawn) => preempt(equalNodes(4), pod, { random: () => drawn }).nominate,
    );
    expect(chosen).toEqual(['n0', 'n1', 'n2', 'n3']);
    expect(preempt(equalNodes(4), pod).findings.best).toHaveLength(4);
  });

  it('is made between as many candidates as the arguments ask for', () => {
    const args = { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 2 };
    expect(preempt(equalNodes(5), cpu('1', { priority: 1 }), { args }).findings.candidates).toHaveLength(2);
  });

  it('respects disruption budgets before all else', () => {
    const cluster = clusterOf(
      ['a', 'b'].map((name) => makeNode({ name })),
      [
        cpu('4', { nodeName: 'a', priority: 1, labels: { app: 'web' } }),
        cpu('4', { nodeName: 'b', priority: 5 }),
      ],
    );
    cluster.disruptionBudgets.set({
      uid: 'web',
      namespace: 'default',
      name: 'web',
      resourceVersion: '1',
      selector: { matchLabels: { app: 'web' } },
      disruptionsAllowed: 0,
      disruptedPods: new Set(),
    });
    expect(preempt(cluster, cpu('1', { priority: 10 })).nominate).toBe('b');
    cluster.removeNode('b');
    expect(preempt(cluster, cpu('1', { priority: 10 })).findings.chosen).toMatchObject({
      nodeName: 'a',
      budgetViolations: 1,
    });
  });

  it('hands over the victims that are terminating already too: the rest is the executor’s', () => {
    const going = makePod({
      nodeName: 'a',
      requests: { cpu: '4' },
      metadata: { ...terminating, uid: 'g', name: 'g' },
    });
    const { begun } = preempt(clusterOf([makeNode({ name: 'a' })], [going]), cpu('1', { priority: 1 }));
    expect(begun).toMatchObject([{ victims: [{ name: 'g' }] }]);
  });
});

describe('the gate', () => {
  it('holds a pod back while its preemption is under way', () => {
    let isHeld = true;
    const actions = { ...decideOnly, holdsBack: () => isHeld };
    const handle = { profile: 'berth', cluster: new ClusterState() };
    const plugin = new DefaultPreemption(undefined, handle, { random: () => 0, actions });
    expect(plugin.preEnqueue(makePod())).toEqual(
      unresolvable('waiting for the preemption for this pod to be finished'),
    );
    isHeld = false;
    expect(plugin.preEnqueue(makePod())).toBeUndefined();
  });

  it('sees pods that leave nodes, and never calls a pod back because of one', () => {
    const handle = { profile: 'berth', cluster: new ClusterState() };
    const { events } = new DefaultPreemption(undefined, handle, { random: () => 0 });
    expect(events.map(({ resource, hint }) => [resource, hint()])).toEqual([['AssignedPod', 'Skip']]);
  });
});

describe('the registered plugin', () => {
  it('reads disruption budgets, and by default evicts nobody', () => {
    const registry = createInTreeRegistry({ bind: async () => undefined });
    const registered = registry.get(defaultPreemption)!;
    expect(registered.reads).toEqual(['poddisruptionbudgets']);
    expect(registered.points).toEqual(['preEnqueue', 'postFilter']);
    const plugin = registered.create(undefined, { profile: 'berth', cluster: new ClusterState() });
    expect((plugin as DefaultPreemption).preEnqueue(makePod())).toBeUndefined();
  });
});
