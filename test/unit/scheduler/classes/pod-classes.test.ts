import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RowFilterPlugin, RowScorePlugin } from '../../../../src/framework/plugin.js';
import { unschedulable } from '../../../../src/framework/status.js';
import { PodClasses } from '../../../../src/scheduler/classes/pod-classes.js';
import { clusterOf, nodeOf, podOf } from '../../plugins/cluster-objects.js';
import { decide, profileOf } from '../scheduling-fixture.js';
import {
  ClassWorld,
  maxNodes,
  type NodePlan,
  neighbourlyChoice,
  nodePlan,
  type Step,
  step,
  templateChoice,
} from './class-world.js';

const startingNodes = fc.array(nodePlan, { minLength: 1, maxLength: maxNodes, size: 'max' });
const history = fc.array(step, { minLength: 10, maxLength: 120, size: 'max' });
const everything = 1 << 19;

function play(world: ClassWorld, steps: readonly Step[]): void {
  for (const [index, now] of steps.entries()) {
    if (now.kind !== 'place') world.change(now);
    else {
      const { kept, anew } = world.place(now);
      expect({ index, decision: kept }).toEqual({ index, decision: anew });
    }
  }
}

function setUp(world: ClassWorld, plans: readonly Extract<Step, { kind: 'node' }>['plan'][]): void {
  for (const [which, plan] of plans.entries()) world.change({ kind: 'node', which, plan });
}

const plain: NodePlan = {
  cpu: '4',
  pods: '110',
  zone: 0,
  disk: 0,
  taints: 0,
  images: 0,
  isCordoned: false,
  gpus: undefined,
  bytes: 0,
};
const place = (template = 0): Step => ({ kind: 'place', template, grown: false, lane: undefined });

describe('classes of pods', () => {
  it.each([
    ['kube-scheduler’s own plugins', { withOther: false, maxRows: everything }],
    ['a plugin among them of which nothing is kept', { withOther: true, maxRows: everything }],
    ['room for two classes only', { withOther: false, maxRows: 2 * maxNodes }],
    ['cohorts that are soon too many', { withOther: false, maxRows: everything, maxCohorts: 3 }],
  ])('decide whatever happens as if each pod were the first of its kind, with %s', (_what, options) => {
    fc.assert(
      fc.property(templateChoice, startingNodes, history, (templates, plans, steps) => {
        const world = new ClassWorld({ ...options, templates });
        setUp(world, plans);
        play(world, steps);
      }),
      { numRuns: 60 },
    );
  });

  it('speak for rows that are alike where pods look at each other, as nodes and pods come, change and go', () => {
    // Mostly in a zone: where a node has none, each row is judged.
    const inZones = fc.array(
      nodePlan.map((plan) => ({ ...plan, zone: plan.zone % 2, taints: plan.taints % 6 })),
      { minLength: 20, maxLength: maxNodes },
    );
    const calm = history.map((steps) =>
      steps.filter((now) => now.kind !== 'node' && now.kind !== 'nominate'),
    );
    fc.assert(
      fc.property(neighbourlyChoice, inZones, calm, (templates, plans, steps) => {
        const world = new ClassWorld({ withOther: false, maxRows: everything, templates });
        setUp(world, plans);
        play(world, steps);
      }),
      { numRuns: 150 },
    );
  });

  it('know the highest score that others are measured by, as nodes that have it come and go', () => {
    const dozen = fc.array(nodePlan, { minLength: 12, maxLength: 12 });
    const fields = ['zone', 'disk', 'taints', 'isCordoned'].map((name) => Object.keys(plain).indexOf(name));
    const now = fc.oneof(
      fc.constantFrom(place(0), place(1)),
      fc.record({
        kind: fc.constant('alter' as const),
        which: fc.nat(11),
        field: fc.constantFrom(...fields),
        plan: nodePlan.map((plan) => ({ ...plan, taints: plan.taints % 4 })),
      }),
    );
    fc.assert(
      fc.property(dozen, fc.array(now, { minLength: 30, maxLength: 60, size: 'max' }), (plans, steps) => {
        // One that is measured by soft taints and one that is measured by preferences.
        const world = new ClassWorld({ templates: [0, 5], withOther: false, maxRows: everything });
        setUp(
          world,
          plans.map((plan) => ({ ...plan, taints: plan.taints % 4 })),
        );
        play(world, steps);
      }),
      { numRuns: 120 },
    );
  });

  it('begin anew when more has changed than the journal remembers', () => {
    const world = new ClassWorld({ templates: [0], withOther: false, maxRows: everything });
    setUp(
      world,
      Array.from({ length: 40 }, () => plain),
    );
    play(world, [place(), place(), place()]);
    world.change({ kind: 'node', which: 3, plan: { ...plain, isCordoned: true } });
    const pod = podOf();
    for (let i = 0; i < 1 << 14; i++) {
      if (i % 2 === 0) world.cluster.assume({ ...pod, nodeName: 'node-9' });
      else world.cluster.forget(pod.uid);
    }
    play(world, [place(), place()]);
  });

  it('are asked about rows that changed, and about no others', () => {
    const asked: number[] = [];
    const counting: RowFilterPlugin = {
      name: 'Counting',
      judgesByRow: () => true,
      filterRows: (_cycle, _pod, { length }) => {
        asked.push(length);
        return 'none';
      },
      verdictStatus: () => unschedulable('never'),
    };
    const cluster = clusterOf(Array.from({ length: 40 }, (_, i) => nodeOf(`n${i}`)));
    const profile = profileOf([counting]);
    const classes = new PodClasses();
    for (let i = 0; i < 5; i++) {
      const pod = podOf();
      const decision = decide(cluster, profile, pod, { classes });
      if (decision.kind === 'fits') cluster.assume({ ...pod, nodeName: decision.nodeName });
    }
    // The first pod of its kind has no class yet; the second one begins it.
    expect(asked).toEqual([40, 40, 1, 1, 1]);
  });

  it('stay where more templates take turns than there is room for, and make room once they are unused', () => {
    const asked: number[] = [];
    const counting: RowFilterPlugin = {
      name: 'Counting',
      judgesByRow: () => true,
      filterRows: (_cycle, _pod, { length }) => {
        asked.push(length);
        return 'none';
      },
      verdictStatus: () => unschedulable('never'),
    };
    const cluster = clusterOf(Array.from({ length: 40 }, (_, i) => nodeOf(`n${i}`)));
    const profile = profileOf([counting]);
    const classes = new PodClasses({ maxRows: 80 });
    const specs = ['1', '2', '3'].map((cpu) => podOf({ requests: { cpu } }));
    const turn = (template: number) => {
      decide(cluster, profile, specs[template]!, { classes });
      return asked.splice(0);
    };
    const round = () => [0, 1, 2].flatMap(turn);
    round();
    round();
    // Nothing has changed: the two that have a class ask nobody.
    expect([...round(), ...round()]).toEqual([40, 40]);
    for (let i = 0; i < 20; i++) turn(2);
    expect(turn(2)).toEqual([]);
  });

  it('are not more than a hundred and some in a small cluster either', () => {
    const cluster = clusterOf([nodeOf('only')]);
    const profile = profileOf([]);
    const classes = new PodClasses();
    const pods = Array.from({ length: 300 }, (_, i) => podOf({ requests: { cpu: `${i + 1}m` } }));
    const find = () =>
      pods.filter((pod) => classes.find(profile, pod, cluster.nodes.nodeCount) !== undefined);
    expect(find()).toHaveLength(0);
    expect(find()).toHaveLength(128);
    expect(find()).toHaveLength(128);
  });

  it('notice when PreFilter and PreScore leave out others than before', () => {
    const isLeftOut = (pod: { name: string }) => pod.name.endsWith('x');
    const moody = {
      name: 'Moody',
      judgesByRow: () => true,
      preFilter: (_cycle: unknown, pod: { name: string }) => ({ kind: isLeftOut(pod) ? 'skip' : 'proceed' }),
      filterRows: (_cycle, _pod, { slots, length }, verdicts) => {
        for (let i = 0; i < length; i++) verdicts[i] = slots[i]! % 2;
        return undefined;
      },
      verdictStatus: () => unschedulable('odd'),
      preScore: (_cycle: unknown, pod: { name: string }) => (pod.name.startsWith('x') ? 'skip' : undefined),
      scoreRows: (_cycle, _pod, { slots, length }, scores) => {
        for (let i = 0; i < length; i++) scores[i] = slots[i]!;
        return undefined;
      },
    } as RowFilterPlugin & RowScorePlugin;
    const cluster = clusterOf(Array.from({ length: 40 }, (_, i) => nodeOf(`n${i}`)));
    const profile = profileOf([moody]);
    const classes = new PodClasses();
    for (const name of ['a', 'b', 'c', 'ax', 'x', 'xx', 'c', 'xx', 'x', 'ax', 'b']) {
      const pod = podOf({ name });
      const { diagnosis: _, ...kept } = decide(cluster, profile, pod, { classes }) as { diagnosis?: unknown };
      const { diagnosis: __, ...anew } = decide(cluster, profile, pod) as { diagnosis?: unknown };
      expect({ ...kept, scores: undefined }).toEqual({ ...anew, scores: undefined });
    }
  });

  it.each<[string, Partial<RowScorePlugin> & { normalizeScores?: unknown }]>([
    [
      'normalises in a way of its own',
      { normalizeScores: (_c: unknown, _p: unknown, s: Float64Array) => s.fill(7) },
    ],
    ['gives scores that are none', {}],
  ])('leave a plugin alone that %s', (_what, own) => {
    const scores = own.normalizeScores === undefined ? [1, 2.5] : [1_000, 2_000];
    const odd = {
      name: 'Odd',
      judgesByRow: () => true,
      scoreRows: (_cycle, _pod, { length }, target) => {
        for (let i = 0; i < length; i++) target[i] = scores[i % 2]!;
        return undefined;
      },
      ...own,
    } as RowScorePlugin;
    const cluster = clusterOf(Array.from({ length: 40 }, (_, i) => nodeOf(`n${i}`)));
    const profile = profileOf([odd]);
    const classes = new PodClasses();
    for (let i = 0; i < 4; i++) {
      const kept = decide(cluster, profile, podOf({ name: 'same' }), { classes });
      const anew = decide(cluster, profile, podOf({ name: 'same' }));
      expect(kept.kind).toBe(own.normalizeScores === undefined ? 'error' : 'fits');
      expect(kept.kind === 'fits' ? [kept.nodeName, kept.chosen] : kept).toEqual(
        anew.kind === 'fits' ? [anew.nodeName, anew.chosen] : anew,
      );
    }
  });
});
