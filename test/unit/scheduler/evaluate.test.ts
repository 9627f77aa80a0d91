import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import type {
  NodeFilterPlugin,
  NodeScorePlugin,
  Plugin,
  PreFilterPlugin,
} from '../../../src/framework/plugin.js';
import { failure, type Status, unresolvable, unschedulable } from '../../../src/framework/status.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import type { EvaluationObserver } from '../../../src/scheduler/evaluation-observer.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { fitMessage } from '../../../src/scheduler/fit-message.js';
import { tableState } from '../cluster/table-state.js';
import { clusterOf, nodeOf, podOf } from '../plugins/cluster-objects.js';
import { decide, defaultProfile, profileOf } from './scheduling-fixture.js';

const refusing = (name: string, status: Status | undefined, only?: string): NodeFilterPlugin => ({
  name,
  filter: (_cycle, _pod, node) => (only === undefined || node.name === only ? status : undefined),
});
const narrowing = (name: string, ...nodeNames: string[]): PreFilterPlugin => ({
  name,
  preFilter: () => ({ kind: 'proceed', nodeNames: new Set(nodeNames) }),
});
const rejecting = (name: string, status: Status): PreFilterPlugin => ({
  name,
  preFilter: () => ({ kind: 'rejected', status }),
});
const scoring = (name: string, scores: Readonly<Record<string, number>>): NodeScorePlugin => ({
  name,
  score: (_cycle, _pod, node) => scores[node.name] ?? 0,
});
const three = () => clusterOf([nodeOf('a'), nodeOf('b'), nodeOf('c')]);

/** Message and rejectors of a pod that must not fit. */
function refusal(plugins: readonly Plugin[], cluster = three(), pod = podOf()) {
  const decision = decide(cluster, profileOf(plugins), pod);
  if (decision.kind !== 'unschedulable') throw new Error(`the pod ${decision.kind}`);
  const { diagnosis } = decision;
  return { message: fitMessage(diagnosis), rejectors: [...diagnosis.rejectors()].sort() };
}

describe('PreFilter plugins', () => {
  it('refuse a pod for all nodes', () => {
    expect(refusal([rejecting('P', unresolvable('no way'))])).toEqual({
      message: '0/3 nodes are available: no way.',
      rejectors: ['P'],
    });
  });

  it('stop at a final refusal, go on after one that preemption may cure, and keep the later one', () => {
    const seen: string[] = [];
    const noting: PreFilterPlugin = {
      name: 'Noting',
      preFilter: () => {
        seen.push('ran');
        return { kind: 'proceed' };
      },
    };
    expect(refusal([rejecting('P', unresolvable('no way')), noting]).message).toContain('no way');
    expect(seen).toEqual([]);
    const soft = [rejecting('P', unschedulable('first')), noting, rejecting('Q', unschedulable('second'))];
    expect(refusal(soft)).toEqual({ message: '0/3 nodes are available: second.', rejectors: ['Q'] });
    expect(seen).toEqual(['ran']);
  });

  it('narrow the nodes; those left out carry the names of the plugins', () => {
    expect(refusal([narrowing('N', 'a', 'gone'), refusing('F', unschedulable('full'))])).toEqual({
      message: "0/3 nodes are available: 1 full, 2 node(s) didn't satisfy plugin(s) [N].",
      rejectors: ['F', 'N'],
    });
  });

  it('that narrowed the nodes are no rejectors where another refuses the pod for good', () => {
    expect(refusal([narrowing('N', 'a'), rejecting('P', unresolvable('no way'))]).rejectors).toEqual(['P']);
    expect(refusal([narrowing('N', 'a'), rejecting('P', unschedulable('not now'))]).rejectors).toEqual([
      'N',
      'P',
    ]);
  });

  it('contradict each other, or themselves', () => {
    expect(refusal([narrowing('N', 'b'), narrowing('M', 'a')])).toEqual({
      message: "0/3 nodes are available: node(s) didn't satisfy plugin(s) [M N] simultaneously.",
      rejectors: ['M', 'N'],
    });
    expect(refusal([narrowing('N')]).message).toBe(
      "0/3 nodes are available: node(s) didn't satisfy plugin N.",
    );
  });

  it('skip their own Filter', () => {
    const skipping = {
      ...refusing('S', unschedulable('never said')),
      preFilter: () => ({ kind: 'skip' }),
    } as Plugin;
    expect(decide(three(), profileOf([skipping]), podOf())).toMatchObject({ kind: 'fits', feasibleCount: 3 });
  });

  it('end the attempt with an error that names them', () => {
    const broken: PreFilterPlugin = {
      name: 'Broken',
      preFilter: () => {
        throw new Error('boom');
      },
    };
    expect(decide(three(), profileOf([broken]), podOf())).toMatchObject({
      kind: 'error',
      status: { code: 'Error', plugin: 'Broken', reasons: ['running PreFilter plugin "Broken": boom'] },
    });
    const failing = rejecting('Failing', failure('no answer'));
    expect(decide(three(), profileOf([failing]), podOf())).toMatchObject({
      status: { reasons: ['running PreFilter plugin "Failing": no answer'] },
    });
  });
});

describe('Filter plugins', () => {
  it('refuse in order: the first refusal of a node counts, reasons are counted and sorted as texts', () => {
    const plugins = [refusing('F', unschedulable('x', 'zz'), 'a'), refusing('G', unresolvable('y'))];
    expect(refusal(plugins)).toEqual({
      message: '0/3 nodes are available: 1 x, 1 zz, 2 y.',
      rejectors: ['F', 'G'],
    });
  });

  it('sort 10 before 2', () => {
    const cluster = clusterOf(Array.from({ length: 12 }, (_, i) => nodeOf(`n${i}`)));
    const plugin: NodeFilterPlugin = {
      name: 'F',
      filter: (_cycle, _pod, { name }) => unschedulable(name < 'n2' ? 'many' : 'few'),
    };
    expect(refusal([plugin], cluster).message).toMatch(/^0\/12 nodes are available: \d+ \w+, \d+ \w+\.$/);
    expect(fitMessageOf({ zebra: 10, apple: 2 })).toBe('10 zebra, 2 apple');
  });

  it('end the attempt with an error that names them, whether they throw or say so', () => {
    const decision = decide(three(), profileOf([refusing('F', failure('no answer'))]), podOf());
    expect(decision).toMatchObject({
      kind: 'error',
      status: { plugin: 'F', reasons: ['running "F" filter plugin: no answer'] },
    });
  });

  it('say of an empty cluster that there are no nodes', () => {
    expect(decide(clusterOf([]), defaultProfile(), podOf())).toEqual({ kind: 'no-nodes' });
  });

  it('name plugins that ask to wait', () => {
    const pending: Status = { code: 'Pending', reasons: ['soon'] };
    const decision = decide(three(), profileOf([refusing('W', pending)]), podOf());
    expect(decision.kind === 'unschedulable' && [...decision.diagnosis.pendingPlugins()]).toEqual(['W']);
  });
});

function fitMessageOf(reasons: Readonly<Record<string, number>>): string {
  const counts = Object.entries(reasons);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const nodes = counts.flatMap(([reason, count]) =>
    Array.from({ length: count }, (_, i) => ({ reason, name: `${reason}-${i}` })),
  );
  const plugin: NodeFilterPlugin = {
    name: 'F',
    filter: (_cycle, _pod, { name }) => unschedulable(name.split('-')[0]!),
  };
  const { message } = refusal([plugin], clusterOf(nodes.map(({ name }) => nodeOf(name))));
  return message.replace(`0/${total} nodes are available: `, '').replace(/\.$/, '');
}

describe('the nominated node of a pod', () => {
  const nominated = podOf({ status: { nominatedNodeName: 'c' } });

  it('is taken at once when it fits', () => {
    const decision = decide(three(), profileOf([scoring('S', { a: 100 })]), nominated);
    expect(decision).toMatchObject({
      kind: 'fits',
      nodeName: 'c',
      nominated: true,
      feasibleCount: 1,
      evaluatedCount: 1,
    });
  });

  it('does not keep others from being tried when it does not fit, is gone, or its judgement fails', () => {
    const full = profileOf([refusing('F', unschedulable('full'), 'c'), scoring('S', { a: 100 })]);
    expect(decide(three(), full, nominated)).toMatchObject({
      nodeName: 'a',
      nominated: false,
      evaluatedCount: 3,
    });
    const gone = podOf({ status: { nominatedNodeName: 'gone' } });
    expect(decide(three(), full, gone)).toMatchObject({ nodeName: 'a' });
    expect(decide(three(), profileOf([refusing('F', failure('hm'), 'c')]), nominated)).toMatchObject({
      kind: 'error',
    });
  });

  it('adds the plugin that refused it to the names that nodes left out by narrowing carry', () => {
    const plugins = [
      narrowing('N', 'a'),
      refusing('F', unschedulable('full'), 'c'),
      refusing('G', unschedulable('x')),
    ];
    expect(refusal(plugins, three(), nominated).message).toBe(
      "0/3 nodes are available: 1 full, 1 node(s) didn't satisfy plugin(s) [F N], 1 x.",
    );
    expect(refusal(plugins, three()).message).toBe(
      "0/3 nodes are available: 1 x, 2 node(s) didn't satisfy plugin(s) [N].",
    );
  });
});

describe('nodes promised to other pods', () => {
  const one = () => clusterOf([nodeOf('n')]);
  const wanting = (cpu: string, priority: number, uid?: string): Pod =>
    podOf({ requests: { cpu }, spec: { priority }, ...(uid !== undefined && { uid }) });
  const promised = (...pods: Pod[]) => ({
    isEmpty: false,
    nodeNames: () => ['n'],
    podsFor: (name: string) => (name === 'n' ? pods : []),
  });
  const fitOnly = () => profileOf([new NodeResourcesFit()]);

  it('have to fit with pods of the same or a higher priority added', () => {
    const cluster = one();
    const before = tableState(cluster.nodes);
    const nominations = promised(wanting('3', 5));
    expect(decide(cluster, fitOnly(), wanting('2', 5), { nominations })).toMatchObject({
      kind: 'unschedulable',
    });
    expect(decide(cluster, fitOnly(), wanting('1', 5), { nominations })).toMatchObject({ kind: 'fits' });
    expect(tableState(cluster.nodes)).toEqual(before);
  });

  it('do not hold room for weaker pods, nor for the pod itself', () => {
    expect(
      decide(one(), fitOnly(), wanting('2', 6), { nominations: promised(wanting('3', 5)) }),
    ).toMatchObject({
      kind: 'fits',
    });
    const self = wanting('2', 5, 'self');
    expect(decide(one(), fitOnly(), self, { nominations: promised(self, self) })).toMatchObject({
      kind: 'fits',
    });
  });

  it('are judged with what plugins noted brought up to date and taken back, skipped plugins left alone', () => {
    const heard: string[] = [];
    const noting = (name: string, kind: 'proceed' | 'skip'): Plugin =>
      ({
        ...refusing(name, undefined),
        preFilter: () => ({ kind }),
        addPod: (_cycle, pod, slot) => heard.push(`${name} +${pod.uid} ${cluster.nodes.podsAt(slot).size}`),
        removePod: (_cycle, pod, slot) =>
          heard.push(`${name} -${pod.uid} ${cluster.nodes.podsAt(slot).size}`),
      }) as PreFilterPlugin & NodeFilterPlugin;
    const cluster = one();
    const nominations = promised(wanting('1', 9, 'x'), wanting('1', 9, 'y'));
    decide(cluster, profileOf([noting('On', 'proceed'), noting('Off', 'skip')]), podOf(), { nominations });
    expect(heard).toEqual(['On +x 1', 'On +y 2', 'On -y 1', 'On -x 0']);
  });

  it('leave no trace when a plugin throws', () => {
    const cluster = one();
    const before = tableState(cluster.nodes);
    const decision = decide(cluster, profileOf([refusing('F', failure('hm'))]), podOf(), {
      nominations: promised(wanting('1', 9)),
    });
    expect(decision.kind).toBe('error');
    expect(tableState(cluster.nodes)).toEqual(before);
  });
});

describe('scores', () => {
  it('add up with weights and choose the highest total', () => {
    const profile = profileOf([scoring('S', { a: 10, b: 60 }), scoring('T', { a: 60, c: 5 })]);
    const decision = decide(three(), profile, podOf());
    expect(decision).toMatchObject({ kind: 'fits', nodeName: 'a', ties: 1, feasibleCount: 3 });
    if (decision.kind !== 'fits') return;
    expect([...decision.scores!.totals.subarray(0, 3)].sort((a, b) => a - b)).toEqual([5, 60, 70]);
  });

  it('are not asked for when one node fits', () => {
    const broken = scoring('S', { a: 999 });
    const onlyA: NodeFilterPlugin = {
      name: 'F',
      filter: (_c, _p, { name }) => (name === 'a' ? undefined : unschedulable('no')),
    };
    expect(decide(three(), profileOf([onlyA, broken]), podOf())).toMatchObject({
      kind: 'fits',
      nodeName: 'a',
    });
  });

  it.each([101, -1, Number.NaN, 0.5])('of %d after normalising end the attempt', (score) => {
    expect(decide(three(), profileOf([scoring('S', { b: score })]), podOf())).toMatchObject({
      kind: 'error',
      status: {
        plugin: 'S',
        reasons: [
          `applying score defaultWeights on Score plugins: plugin "S" returns an invalid score ${score}, it should in the range of [0, 100] after normalizing`,
        ],
      },
    });
  });

  it('are left out where PreScore says skip, and fail the attempt where it fails', () => {
    const skipping = { ...scoring('S', { a: 100 }), preScore: () => 'skip' } as Plugin;
    const decision = decide(three(), profileOf([skipping, scoring('T', { b: 1 })]), podOf());
    expect(decision).toMatchObject({ nodeName: 'b', scores: { skipped: ['S'] } });
    const failing = { ...scoring('S', {}), preScore: () => failure('bad term') } as Plugin;
    expect(decide(three(), profileOf([failing]), podOf())).toMatchObject({
      status: { reasons: ['running PreScore plugin "S": bad term'] },
    });
  });

  it('that are the same for all nodes are asked and normalised for one, and shown for all', () => {
    const normalised: number[] = [];
    const constant = {
      name: 'C',
      scoreRows: (_c: unknown, _p: unknown, _rows: unknown, scores: Float64Array) => {
        scores[0] = 3;
        return 'constant';
      },
      normalizeScores: (_c: unknown, _p: unknown, scores: Float64Array, length: number) => {
        normalised.push(length);
        scores[0]! *= 10;
      },
    } as Plugin;
    const decision = decide(three(), profileOf([constant, scoring('S', { b: 7 })]), podOf());
    if (decision.kind !== 'fits' || decision.scores === undefined) throw new Error(decision.kind);
    const { columns, totals } = decision.scores;
    expect(normalised).toEqual([1]);
    expect(columns.map(({ raw, normalized }) => [[...raw], [...normalized]])[0]).toEqual([
      [3, 3, 3],
      [30, 30, 30],
    ]);
    expect([...totals]).toEqual([30, 37, 30]);
    expect(decision.nodeName).toBe('b');
  });

  it('choose among equal totals by the exact score, then by fewest pods, then by the seed', () => {
    const exactly: Plugin = {
      ...scoring('S', {}),
      scoreRows: (_c: unknown, _p: unknown, rows: { length: number }, scores: Float64Array) =>
        scores.fill(5, 0, rows.length),
      exactScoreRows(
        cycle: { nodes: { nameAt(slot: number): string } },
        _p: unknown,
        rows: { slots: Int32Array; length: number },
        scores: Float64Array,
      ) {
        for (let i = 0; i < rows.length; i++)
          scores[i] = cycle.nodes.nameAt(rows.slots[i]!) === 'b' ? 5.4 : 5.1;
      },
    } as Plugin;
    expect(decide(three(), profileOf([exactly]), podOf())).toMatchObject({ nodeName: 'b', ties: 3 });
    const busy = clusterOf([nodeOf('a'), nodeOf('b')], [podOf({ spec: { nodeName: 'a' } })]);
    expect(decide(busy, profileOf([scoring('S', {})]), podOf())).toMatchObject({ nodeName: 'b', ties: 2 });
    const drawn = [0, 0.4, 0.99].map((luck) =>
      decide(three(), profileOf([scoring('S', {})]), podOf(), { random: () => luck }),
    );
    expect(drawn.map((decision) => decision.kind === 'fits' && decision.nodeName)).toEqual(['a', 'b', 'c']);
  });
});

describe('a percentage of nodes to score', () => {
  const many = () => clusterOf(Array.from({ length: 400 }, (_, i) => nodeOf(`n${i}`)));

  it('is honoured when set, beginning each search where the last one ended', () => {
    const space = new EvaluationSpace();
    const judged: string[][] = [];
    const evaluated: number[] = [];
    const noting: NodeFilterPlugin = {
      name: 'F',
      filter: (_c, _p, { name }) => {
        judged.at(-1)!.push(name);
        return Number(name.slice(1)) % 2 === 0 ? undefined : unschedulable('odd');
      },
    };
    const profile = profileOf([noting, scoring('S', {})], { percentageOfNodesToScore: 30 });
    const cluster = many();
    for (let i = 0; i < 3; i++) {
      judged.push([]);
      const decision = decide(cluster, profile, podOf(), { space });
      expect(decision).toMatchObject({ kind: 'fits', feasibleCount: 120 });
      evaluated.push(decision.kind === 'fits' ? decision.evaluatedCount : 0);
    }
    expect(judged.map(([first]) => first)).toEqual(['n0', 'n239', 'n79']);
    expect(evaluated).toEqual([239, 240, 240]);
  });

  it('never stops below 100 nodes, and samples nothing when unset, 0 or 100', () => {
    const found = (percentageOfNodesToScore: number | undefined, cluster = many()) => {
      const decision = decide(cluster, profileOf([scoring('S', {})], { percentageOfNodesToScore }), podOf());
      return decision.kind === 'fits' && decision.feasibleCount;
    };
    expect([undefined, 0, 100, 5, 50].map((percentage) => found(percentage))).toEqual([
      400, 400, 400, 100, 200,
    ]);
    expect(found(5, three())).toBe(3);
  });
});

describe('whoever observes an evaluation', () => {
  it('is told of each plugin at each point, whether or not it measures plugins', () => {
    const told = (measures: boolean): string[] => {
      const asked: string[] = [];
      const observer: EvaluationObserver = {
        seconds: () => 0,
        asked: (plugin, point) => asked.push(`${point} ${plugin}`),
        ...(measures && { onPlugin: () => {} }),
      };
      const plugins = [narrowing('P', 'a', 'b'), refusing('F', undefined), scoring('S', {})];
      decide(three(), profileOf(plugins), podOf(), { observer });
      return asked;
    };
    expect(told(false)).toEqual(['PreFilter P', 'Filter F', 'Score S']);
    expect(told(true)).toEqual(told(false));
  });
});
