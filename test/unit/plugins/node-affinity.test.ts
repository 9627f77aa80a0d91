import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Cycle } from '../../../src/framework/cycle.js';
import { compileRequiredNodeAffinity, meetsRequiredAffinity } from '../../../src/kube/node-selector.js';
import { NodeAffinity } from '../../../src/plugins/node-affinity.js';
import { clusterOf, nodeOf, podOf } from './cluster-objects.js';
import { passing, scoresOf, verdictsOf } from './judge.js';

const plugin = new NodeAffinity();
const requiring = (...nodeSelectorTerms: object[]) =>
  podOf({
    spec: {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    },
  });
const preferring = (...terms: object[]) =>
  podOf({ spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } } } });
const where = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});
const named = (...values: string[]) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values }] });
const preFilter = (pod: ReturnType<typeof podOf>, judge = plugin) => {
  const { nodes } = clusterOf([]);
  return judge.preFilter(new Cycle(pod, nodes), pod);
};

describe('NodeAffinity', () => {
  it.each<[object, Record<string, string> | undefined, boolean]>([
    [where('k', 'NotIn', 'a'), undefined, true],
    [where('k', 'In', ''), { k: '' }, true],
    [where('k', 'Exists'), { k: '' }, true],
    [where('k', 'DoesNotExist'), { k: '' }, false],
    [where('k', 'Gt', '5'), { k: '5' }, false],
    [where('k', 'Gt', '5'), { k: '06' }, true],
    [where('k', 'Lt', '5'), { k: 'abc' }, false],
    [where('k', 'In', 'a', 'b'), { k: 'b' }, true],
    [where('k', 'In', 'never-seen'), { k: 'b' }, false],
    [{ matchExpressions: [], matchFields: [] }, { k: 'b' }, false],
  ])('judges term %j on labels %j: %s', (term, labels, expected) => {
    const cluster = clusterOf([nodeOf('n', labels ? { labels } : {})]);
    expect(passing(plugin, requiring(term), cluster)).toEqual(expected ? ['n'] : []);
  });

  it('never matches an empty list of terms', () => {
    expect(passing(plugin, requiring(), clusterOf([nodeOf('n')]))).toEqual([]);
  });

  it('takes any of several terms, and all conditions of one; a malformed term does not spoil the others', () => {
    const cluster = clusterOf([nodeOf('n1'), nodeOf('n2', { labels: { z: '1' } })]);
    expect(passing(plugin, requiring({ ...named('n1'), ...where('z', 'Exists') }), cluster)).toEqual([]);
    expect(passing(plugin, requiring(named('n1'), where('z', 'Exists')), cluster)).toEqual(['n1', 'n2']);
    expect(passing(plugin, requiring(where('z', 'Gt', 'x'), named('n1')), cluster)).toEqual(['n1']);
  });

  it('narrows by names even where the filter then finds the term malformed', () => {
    const pod = requiring(named('n1', 'n2'));
    expect(preFilter(pod)).toEqual({ kind: 'proceed', nodeNames: new Set(['n1', 'n2']) });
    expect(passing(plugin, pod, clusterOf([nodeOf('n1'), nodeOf('n2')]))).toEqual([]);
  });

  it('does not narrow when some term names no node, and refuses contradictory names', () => {
    expect(preFilter(requiring(named('n1'), where('z', 'Exists')))).toEqual({ kind: 'proceed' });
    const contradiction = { matchFields: [...named('n1').matchFields, ...named('n2').matchFields] };
    expect(preFilter(requiring(contradiction))).toEqual({
      kind: 'rejected',
      status: { code: 'UnschedulableAndUnresolvable', reasons: ['pod affinity terms conflict'] },
    });
  });

  it('skips only pods without nodeSelector and required affinity; an empty nodeSelector matches everything', () => {
    expect(preFilter(podOf())).toEqual({ kind: 'skip' });
    expect(preFilter(podOf({ spec: { nodeSelector: {} } }))).toEqual({ kind: 'proceed' });
    expect(
      preFilter(
        podOf(),
        new NodeAffinity({
          addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
        }),
      ),
    ).toEqual({ kind: 'proceed' });
    expect(passing(plugin, podOf({ spec: { nodeSelector: {} } }), clusterOf([nodeOf('n')]))).toEqual(['n']);
  });

  it('names the profile as the cause before the pod', () => {
    const strict = new NodeAffinity({
      addedAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [where('pool', 'Exists')] },
      },
    });
    const cluster = clusterOf([nodeOf('in', { labels: { pool: 'x' } }), nodeOf('out')]);
    expect(verdictsOf(strict, podOf({ spec: { nodeSelector: { disk: 'ssd' } } }), cluster)).toMatchObject({
      in: { reasons: ["node(s) didn't match Pod's node affinity/selector"] },
      out: { reasons: ["node(s) didn't match scheduler-enforced node affinity"] },
    });
  });

  it('refuses to start with an added affinity that cannot be parsed', () => {
    const required = { nodeSelectorTerms: [where('k', 'Near', 'x')] };
    expect(
      () => new NodeAffinity({ addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }),
    ).toThrow('Near');
  });

  it('adds up preferred weights: 5, 2, 0 become 100, 40, 0', () => {
    const cluster = clusterOf([
      nodeOf('a', { labels: { x: '1', y: '1' } }),
      nodeOf('b', { labels: { y: '1' } }),
      nodeOf('c'),
    ]);
    const pod = preferring(
      { weight: 3, preference: where('x', 'Exists') },
      { weight: 2, preference: where('y', 'In', '1') },
      { weight: 0, preference: where('not valid!', 'Exists') },
      { weight: 9, preference: {} },
    );
    expect(scoresOf(plugin, pod, cluster)).toEqual({ a: 5, b: 2, c: 0 });
    expect(scoresOf(plugin, pod, cluster, { form: 'normalized' })).toEqual({ a: 100, b: 40, c: 0 });
    expect(scoresOf(plugin, podOf(), cluster)).toBe('skip');
  });

  it('counts preferences of the profile for every pod', () => {
    const leaning = new NodeAffinity({
      addedAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, preference: where('x', 'Exists') }],
      },
    });
    expect(scoresOf(leaning, podOf(), clusterOf([nodeOf('a', { labels: { x: '' } }), nodeOf('b')]))).toEqual({
      a: 7,
      b: 0,
    });
  });

  it('fails the cycle on a preferred term that cannot be parsed', () => {
    const pod = preferring({ weight: 1, preference: where('k', 'Gt', 'many') });
    expect(plugin.preScore({}, pod)).toMatchObject({ code: 'Error' });
  });

  it('asks for another try when a node begins to match', () => {
    const { hint } = plugin.events[0]!;
    const pod = podOf({ spec: { nodeSelector: { disk: 'ssd' } } });
    const [plain, ssd] = [nodeOf('n'), nodeOf('n', { labels: { disk: 'ssd' } })];
    expect(hint(pod, plain, ssd)).toBe('Queue');
    expect(hint(pod, undefined, ssd)).toBe('Queue');
    expect(hint(pod, ssd, ssd)).toBe('Skip');
    expect(hint(pod, undefined, plain)).toBe('Skip');
    expect(hint(requiring(where('k', 'Near', 'x')), undefined, plain)).toBe('Queue');
  });

  it('judges columns as it would judge each node by its labels', () => {
    const key = fc.constantFrom('a', 'b', 'constructor');
    const value = fc.constantFrom('', '1', '2', '03', 'x');
    const expression = fc.record({
      key,
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Bad'),
      values: fc.array(value, { maxLength: 3 }),
    });
    const field = fc.record({
      key: fc.constantFrom('metadata.name', 'metadata.other'),
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(fc.constantFrom('node-0', 'node-1'), { minLength: 1, maxLength: 2 }),
    });
    const term = fc.record({
      matchExpressions: fc.array(expression, { maxLength: 3 }),
      matchFields: fc.array(field, { maxLength: 1 }),
    });
    const labels = fc.dictionary(key, value);
    const world = fc.record({
      labels: fc.array(labels, { minLength: 1, maxLength: 6 }),
      terms: fc.option(fc.array(term, { maxLength: 3 }), { nil: undefined }),
      nodeSelector: fc.option(labels, { nil: undefined }),
    });
    fc.assert(
      fc.property(world, (given) => {
        const nodes = given.labels.map((of, i) => nodeOf(`node-${i}`, { labels: of }));
        const required = given.terms && { nodeSelectorTerms: given.terms };
        const affinity = required && {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
        };
        const pod = podOf({ spec: { nodeSelector: given.nodeSelector, affinity } });
        const compiled = compileRequiredNodeAffinity(given.nodeSelector, required);
        const expected = nodes.filter((node) => meetsRequiredAffinity(compiled, node.labels, node.name));
        expect(passing(plugin, pod, clusterOf(nodes))).toEqual(expected.map(({ name }) => name).sort());
      }),
      { numRuns: 300 },
    );
  });
});
