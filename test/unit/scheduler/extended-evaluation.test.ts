import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { Consultation, NodeAnswers } from '../../../src/extenders/pod-extenders.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type {
  NodeFilterPlugin,
  NodeScorePlugin,
  Plugin,
  PreFilterPlugin,
} from '../../../src/framework/plugin.js';
import { unresolvable, unschedulable } from '../../../src/framework/status.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { Nominator } from '../../../src/queue/nominator.js';
import { seededRandom } from '../../../src/random.js';
import type { Decision } from '../../../src/scheduler/decision.js';
import type { EvaluationObserver } from '../../../src/scheduler/evaluation-observer.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { ExtendedEvaluation, type NodeQuestion } from '../../../src/scheduler/extended-evaluation.js';
import { fitMessage } from '../../../src/scheduler/fit-message.js';
import { placementOf } from '../../../src/scheduler/placement.js';
import { makeNode, makePod } from '../../build-objects.js';
import { clusterOf } from '../plugins/cluster-objects.js';
import { profileOf } from './scheduling-fixture.js';

interface Options {
  readonly plugins?: readonly Plugin[];
  readonly filters?: boolean;
  readonly prioritizes?: boolean;
  readonly percentage?: number;
  readonly space?: EvaluationSpace;
  readonly observer?: EvaluationObserver;
}

const cpu = (amount: string, name?: string): Pod =>
  makePod({ requests: { cpu: amount }, ...(name === undefined ? {} : { name, uid: name }) });
const bound = (nodeName: string, amount: string, uid: string): Pod =>
  makePod({ nodeName, uid, requests: { cpu: amount } });
const nodes = (...names: readonly string[]) => names.map((name) => makeNode({ name }));

/** One pod's attempt in a cluster that a test changes in between. */
class Attempt {
  readonly cluster: ClusterState;
  readonly nominator = new Nominator();
  readonly evaluation: ExtendedEvaluation;
  pod: Pod;

  constructor(cluster: ClusterState, pod: Pod, options: Options = {}) {
    const { plugins = [new NodeResourcesFit()], percentage, observer } = options;
    this.cluster = cluster;
    this.pod = pod;
    const profile = profileOf(
      plugins,
      percentage === undefined ? {} : { percentageOfNodesToScore: percentage },
    );
    this.evaluation = new ExtendedEvaluation(profile, {
      extenders: { filters: options.filters ?? true, prioritizes: options.prioritizes ?? false },
      space: options.space ?? new EvaluationSpace(),
      random: seededRandom(1),
      nominations: this.nominator,
      observer,
    });
  }

  next(): Decision | NodeQuestion {
    return this.evaluation.next(new Cycle(this.pod, this.cluster.nodes));
  }

  question(): NodeQuestion {
    const step = this.next();
    if (step.kind !== 'question') throw new Error(`the pod ${step.kind}`);
    return step;
  }

  decision(): Decision {
    const step = this.next();
    if (step.kind === 'question') throw new Error(`asked about ${step.nodeNames}`);
    return step;
  }

  answer(question: NodeQuestion, answers: Partial<NodeAnswers>): void {
    const { nodeNames = question.nodeNames, refusals = new Map(), scores = [] } = answers;
    const narrowed = nodeNames.length < question.nodeNames.length;
    this.take(question, { kind: 'answered', answers: { nodeNames, refusals, scores, narrowed } });
  }

  take(question: NodeQuestion, consultation: Exclude<Consultation, { kind: 'aborted' }>): void {
    this.evaluation.take(question, consultation);
  }

  /** Message and rejectors of a pod that must not fit. */
  refusal() {
    const decision = this.decision();
    if (decision.kind !== 'unschedulable') throw new Error(`the pod ${decision.kind}`);
    const { diagnosis } = decision;
    return { message: fitMessage(diagnosis), rejectors: [...diagnosis.rejectors()].sort() };
  }
}

const scoring = (scores: Readonly<Record<string, number>>): NodeScorePlugin => ({
  name: 'Score',
  score: (_cycle, _pod, node) => scores[node.name] ?? 0,
});
const points = (pointWeight: number, scores: Readonly<Record<string, number>>) => ({
  extender: 'http://x',
  pointWeight,
  scores: new Map(Object.entries(scores)),
});

describe('an attempt with extenders', () => {
  it('asks about the nodes that the filters let pass, and takes one that extenders let pass', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b', 'c'), [bound('b', '4', 'full')]), cpu('1'));
    const question = it.question();
    expect(question).toEqual({ kind: 'question', nominee: false, nodeNames: ['a', 'c'] });
    it.answer(question, { nodeNames: ['c'] });
    // All nodes that were looked at count, as in an attempt without extenders.
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'c', feasibleCount: 1, evaluatedCount: 3 });
  });

  it('asks nobody when nothing fits', () => {
    const it = new Attempt(clusterOf(nodes('a')), cpu('5'));
    expect(it.refusal()).toEqual({
      message: '0/1 nodes are available: 1 Insufficient cpu.',
      rejectors: ['NodeResourcesFit'],
    });
    expect(new Attempt(clusterOf([]), cpu('1')).decision()).toEqual({ kind: 'no-nodes' });
  });

  it('asks those that only score when there is a choice', () => {
    const options = { filters: false, prioritizes: true };
    expect(new Attempt(clusterOf(nodes('a')), cpu('1'), options).decision()).toMatchObject({ kind: 'fits' });
    const two = new Attempt(clusterOf(nodes('a', 'b')), cpu('1'), options);
    expect(two.question().nodeNames).toEqual(['a', 'b']);
  });

  it('asks nobody where nobody has a say in nodes', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b')), cpu('1'), { filters: false, prioritizes: false });
    expect(it.decision()).toMatchObject({ kind: 'fits', feasibleCount: 2 });
  });

  it('fails with what an extender failed with', () => {
    const it = new Attempt(clusterOf(nodes('a')), cpu('1'));
    it.take(it.question(), { kind: 'failed', message: 'no answer' });
    expect(it.decision()).toMatchObject({ kind: 'error', status: { code: 'Error', reasons: ['no answer'] } });
  });

  it('fails with what a plugin fails with, before and after asking', () => {
    let broken = false;
    const plugin: NodeFilterPlugin = {
      name: 'F',
      filter: () => {
        if (broken) throw new Error('boom');
        return undefined;
      },
    };
    const it = new Attempt(clusterOf(nodes('a')), cpu('1'), { plugins: [plugin] });
    it.answer(it.question(), {});
    broken = true;
    expect(it.decision()).toMatchObject({ kind: 'error', status: { plugin: 'F' } });
  });

  it('measures each extension point once', () => {
    const seen: string[] = [];
    const observer = { seconds: () => 0, onPoint: (point: string) => seen.push(point) };
    const it = new Attempt(clusterOf(nodes('a', 'b')), cpu('1'), { observer });
    it.answer(it.question(), {});
    it.decision();
    expect(seen).toEqual(['PreFilter', 'Filter', 'PreScore', 'Score']);
  });
});

describe('what extenders say of nodes', () => {
  it('is told beside what filters say, with the extenders as one rejector', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b', 'c', 'd'), [bound('d', '4', 'full')]), cpu('1'));
    const refusals = new Map([
      ['a', unschedulable('no licence')],
      ['b', unresolvable('no licence')],
      ['unknown', unresolvable('what?')],
    ]);
    it.answer(it.question(), { nodeNames: [], refusals });
    const decision = it.decision();
    expect(decision).toMatchObject({ kind: 'unschedulable' });
    const { diagnosis } = decision as Decision & { kind: 'unschedulable' };
    expect(fitMessage(diagnosis)).toBe('0/4 nodes are available: 1 Insufficient cpu, 2 no licence.');
    expect([...diagnosis.rejectors()].sort()).toEqual(['Extender', 'NodeResourcesFit']);
    // Preemption may try where an extender says that pods are in the way; a node left out without a word is none.
    const codes = ['a', 'b', 'c', 'd'].map(
      (name) => diagnosis.statusOf(it.cluster.nodes.slotOf(name)!)?.code,
    );
    expect(codes).toEqual(['Unschedulable', 'UnschedulableAndUnresolvable', undefined, 'Unschedulable']);
  });

  it('may be nothing: then there are no reasons to tell', () => {
    const it = new Attempt(clusterOf(nodes('a')), cpu('1'));
    it.answer(it.question(), { nodeNames: [] });
    expect(it.refusal()).toEqual({ message: '0/1 nodes are available:', rejectors: ['Extender'] });
  });

  it('replaces what a filter said of the same node', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b'), [bound('b', '4', 'full')]), cpu('1'));
    it.answer(it.question(), { nodeNames: [], refusals: new Map([['b', unresolvable('mine')]]) });
    expect(it.refusal().message).toBe('0/2 nodes are available: 1 mine.');
  });

  it('may be about nodes that it was not asked about, if the filters let them pass', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b', 'c'), [bound('b', '4', 'full')]), cpu('1'));
    it.answer(it.question(), { nodeNames: ['b', 'z', 'c'] });
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'c', feasibleCount: 1 });
  });
});

describe('scores of extenders', () => {
  const decide = (plugin: NodeScorePlugin, ...scores: NodeAnswers['scores'][number][]) => {
    const it = new Attempt(clusterOf(nodes('a', 'b', 'c')), cpu('1'), { plugins: [plugin] });
    it.answer(it.question(), { scores });
    const decision = it.decision();
    if (decision.kind !== 'fits') throw new Error(decision.kind);
    return placementOf(decision);
  };

  it('are added to those of the plugins', () => {
    const placement = decide(
      scoring({ a: 100, b: 50, c: 1 }),
      points(10, { b: 5, c: 9, z: 99 }),
      points(1, { b: 2 }),
    );
    expect(placement).toMatchObject({ nodeName: 'b', total: 102, ties: 1 });
    expect(placement.scores).toEqual(
      new Map([
        ['Score', 50],
        ['extender http://x', 2],
      ]),
    );
  });

  it('decide a tie among plugins, and may be tied themselves', () => {
    expect(decide(scoring({}), points(10, { c: 1 }))).toMatchObject({ nodeName: 'c', total: 10 });
    expect(decide(scoring({ a: 10 }), points(10, { b: 1 }))).toMatchObject({ total: 10, ties: 2 });
  });

  it('may be below zero', () => {
    expect(decide(scoring({ a: 1 }), points(10, { a: -9, b: -2, c: -3 }))).toMatchObject({
      nodeName: 'b',
      total: -20,
    });
  });
});

describe('the node promised to the pod', () => {
  const promised = (options: Options = {}) => {
    const it = new Attempt(clusterOf(nodes('a', 'b', 'c')), cpu('1'), options);
    it.pod = { ...it.pod, nominatedNodeName: 'b' };
    return it;
  };

  it('is asked about first and alone, and taken', () => {
    const it = promised();
    const question = it.question();
    expect(question).toEqual({ kind: 'question', nominee: true, nodeNames: ['b'] });
    it.answer(question, {});
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'b', nominated: true, feasibleCount: 1 });
  });

  it('is taken without a question where no extender filters', () => {
    expect(promised({ filters: false, prioritizes: true }).decision()).toMatchObject({
      nodeName: 'b',
      nominated: true,
    });
  });

  it('is one of all when extenders refuse it, or cannot be asked', () => {
    for (const consultation of [
      { kind: 'failed', message: 'no answer' },
      { kind: 'answered', answers: { nodeNames: [], refusals: new Map(), narrowed: true, scores: [] } },
    ] as const) {
      const it = promised();
      it.take(it.question(), consultation);
      const question = it.question();
      expect(question).toEqual({ kind: 'question', nominee: false, nodeNames: ['a', 'b', 'c'] });
      it.answer(question, { nodeNames: ['c'] });
      expect(it.decision()).toMatchObject({ nodeName: 'c', nominated: false });
    }
  });

  it('is one of all when it does not fit any more, or is promised no longer, by the time of the answer', () => {
    const full = promised();
    full.answer(full.question(), {});
    full.cluster.setBoundPod(bound('b', '4', 'faster'));
    expect(full.question()).toMatchObject({ nominee: false, nodeNames: ['a', 'c'] });

    const other = promised();
    other.answer(other.question(), {});
    other.pod = { ...other.pod, nominatedNodeName: 'c' };
    expect(other.question()).toMatchObject({ nominee: false, nodeNames: ['a', 'b', 'c'] });
  });
});

describe('an answer that comes late', () => {
  it('does not count for a node that is gone, or whose slot another has now', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b')), cpu('1'));
    it.answer(it.question(), { nodeNames: ['a'] });
    it.cluster.removeNode('a');
    it.cluster.setNode(makeNode({ name: 'new' }));
    expect(it.refusal()).toEqual({ message: '0/2 nodes are available:', rejectors: ['Extender'] });
  });

  it('does not count for a node that has no room any more', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b')), cpu('3'));
    it.answer(it.question(), {});
    it.cluster.setBoundPod(bound('a', '2', 'faster'));
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'b', feasibleCount: 1 });
  });

  it('does not count for a node that is promised to a stronger pod by now', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b')), cpu('3'));
    it.answer(it.question(), {});
    it.nominator.nominate(cpu('3', 'stronger'), 'a');
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'b' });
  });

  it('says nothing of nodes that came to fit; who refused them when it was asked may still be why', () => {
    const it = new Attempt(clusterOf(nodes('a', 'b'), [bound('b', '4', 'full')]), cpu('3'));
    it.answer(it.question(), { nodeNames: ['a'] });
    it.cluster.removePod('full');
    it.cluster.setNode(
      makeNode({ name: 'a', taints: [{ key: 'k', effect: 'NoSchedule' }], allocatable: { cpu: '1' } }),
    );
    // The event that freed node b is weighed with the plugin that refused it.
    expect(it.refusal()).toEqual({
      message: '0/2 nodes are available: 1 Insufficient cpu.',
      rejectors: ['NodeResourcesFit'],
    });
  });

  it('names those who refused only when it was asked as rejectors as well', () => {
    const ports = (only: string): NodeFilterPlugin => ({
      name: 'Late',
      filter: (_cycle, _pod, node) => (node.name === only && late ? unschedulable('late') : undefined),
    });
    let late = false;
    const it = new Attempt(clusterOf(nodes('a', 'b'), [bound('b', '4', 'full')]), cpu('3'), {
      plugins: [new NodeResourcesFit(), ports('a')],
    });
    it.answer(it.question(), { nodeNames: ['a'] });
    it.cluster.removePod('full');
    late = true;
    expect(it.refusal()).toEqual({
      message: '0/2 nodes are available: 1 late.',
      rejectors: ['Late', 'NodeResourcesFit'],
    });
  });

  it('does not overrule PreFilter plugins, which are asked again', () => {
    let allowed = ['a', 'b'];
    let refused = false;
    const narrowing: PreFilterPlugin = {
      name: 'N',
      preFilter: () =>
        refused
          ? { kind: 'rejected', status: unresolvable('no way') }
          : { kind: 'proceed', nodeNames: new Set(allowed) },
    };
    const it = new Attempt(clusterOf(nodes('a', 'b', 'c')), cpu('1'), { plugins: [narrowing] });
    expect(it.question().nodeNames).toEqual(['a', 'b']);
    it.answer(it.question(), { nodeNames: ['a', 'b', 'c'] });
    allowed = ['b', 'c'];
    expect(it.decision()).toMatchObject({ kind: 'fits', feasibleCount: 2 });
    allowed = ['b'];
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'b' });
    refused = true;
    expect(it.refusal()).toEqual({ message: '0/3 nodes are available: no way.', rejectors: ['N'] });
  });

  it('is about the nodes of a sample, wherever the next sample begins', () => {
    const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
    const space = new EvaluationSpace();
    const options = { space, percentage: 50 };
    const cluster = clusterOf(names.map((name) => makeNode({ name })));
    const it = new Attempt(cluster, cpu('1'), options);
    const question = it.question();
    expect(question.nodeNames).toEqual(names.slice(0, 100));
    const another = new Attempt(cluster, cpu('1'), options);
    expect(another.question().nodeNames).toEqual(names.slice(100));
    expect(space.nextStart).toBe(0);
    it.answer(question, { nodeNames: ['n99'] });
    expect(it.decision()).toMatchObject({ kind: 'fits', nodeName: 'n99', evaluatedCount: 100 });
    const refusals = new Map(question.nodeNames.map((name) => [name, unschedulable('no')]));
    it.answer(question, { nodeNames: [], refusals });
    space.nextStart = 17;
    expect(it.refusal().message).toBe('0/200 nodes are available: 100 no.');
    expect(space.nextStart).toBe(17);
  });

  it('never puts more on a node than it has, whatever happens in the meantime', () => {
    const change = fc.record({
      kind: fc.constantFrom('bind', 'unbind', 'remove-node', 'add-node', 'other-attempt'),
      node: fc.nat(4),
      amount: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(change, { maxLength: 4 })), {
          maxLength: 12,
        }),
        (attempts) => {
          const cluster = clusterOf(nodes('n0', 'n1', 'n2'));
          const space = new EvaluationSpace();
          let serial = 0;
          const place = (it: Attempt) => {
            const decision = it.decision();
            if (decision.kind === 'fits') cluster.assume({ ...it.pod, nodeName: decision.nodeName });
          };
          const begin = (amount: number) =>
            new Attempt(cluster, cpu(String(amount), `pod-${serial++}`), { space });
          for (const [amount, changes] of attempts) {
            const it = begin(amount);
            const step = it.next();
            for (const { kind, node, amount: other } of changes) {
              const name = `n${node}`;
              if (kind === 'remove-node') cluster.removeNode(name);
              else if (kind === 'add-node') cluster.setNode(makeNode({ name }));
              else if (kind === 'unbind') cluster.removePod(`pod-${node}`);
              else {
                const second = begin(other);
                const asked = second.next();
                if (asked.kind !== 'question') continue;
                second.answer(asked, kind === 'bind' ? { nodeNames: [name] } : {});
                place(second);
              }
            }
            if (step.kind !== 'question') continue;
            it.answer(step, {});
            place(it);
            const { slots, length } = cluster.nodes.rows();
            for (let i = 0; i < length; i++) {
              const slot = slots[i]!;
              expect(cluster.nodes.requestedCpu[slot]!).toBeLessThanOrEqual(
                cluster.nodes.allocatableCpu[slot]!,
              );
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
