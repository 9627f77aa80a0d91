import { describe, expect, it } from '@jest/globals';
import { createTaintToleration } from '../../../src/plugins/taint-toleration.js';
import { clusterOf, nodeOf, podOf } from './cluster-objects.js';
import { scoresOf, verdictsOf } from './judge.js';

const plugin = createTaintToleration();
const taint = (key: string, effect: string) => ({ key, value: 'v', effect });
const tainted = (name: string, ...taints: object[]) => nodeOf(name, { spec: { taints } });

describe('TaintToleration', () => {
  it('refuses hard taints without naming them', () => {
    const cluster = clusterOf([
      tainted('free'),
      tainted('hard', taint('gpu', 'NoSchedule')),
      tainted('soft', taint('gpu', 'PreferNoSchedule')),
    ]);
    expect(verdictsOf(plugin, podOf(), cluster)).toEqual({
      free: undefined,
      soft: undefined,
      hard: { code: 'UnschedulableAndUnresolvable', reasons: ['node(s) had untolerated taint(s)'] },
    });
  });

  it('scores by intolerable soft taints: 0, 1, 3 become 100, 67, 0', () => {
    const soft = (count: number) =>
      Array.from({ length: count }, (_, i) => taint(`k${i}`, 'PreferNoSchedule'));
    const cluster = clusterOf([tainted('a'), tainted('b', ...soft(1)), tainted('c', ...soft(3))]);
    expect(scoresOf(plugin, podOf(), cluster)).toEqual({ a: 0, b: 1, c: 3 });
    expect(scoresOf(plugin, podOf(), cluster, { form: 'normalized' })).toEqual({ a: 100, b: 67, c: 0 });
  });

  it('scores all nodes 100 when none has soft taints, and ignores tolerations of hard effects', () => {
    const cluster = clusterOf([tainted('a', taint('k', 'PreferNoSchedule')), tainted('b')]);
    const hardOnly = podOf({
      spec: { tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }] },
    });
    const both = podOf({ spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } });
    expect(scoresOf(plugin, hardOnly, cluster)).toEqual({ a: 1, b: 0 });
    expect(scoresOf(plugin, both, cluster, { form: 'normalized' })).toEqual({ a: 100, b: 100 });
  });

  it('asks for another try when a node loses its last intolerable taint, not on other edits', () => {
    const hint = plugin.events![0]!.hint!;
    const [free, gpu, other] = [
      tainted('n'),
      tainted('n', taint('gpu', 'NoSchedule')),
      tainted('n', taint('x', 'NoExecute')),
    ];
    expect(hint(podOf(), gpu as never, free as never)).toBe('Queue');
    expect(hint(podOf(), gpu as never, other as never)).toBe('Skip');
    expect(hint(podOf(), free as never, free as never)).toBe('Skip');
    expect(hint(podOf(), undefined, free as never)).toBe('Queue');
    expect(hint(podOf(), undefined, gpu as never)).toBe('Skip');
  });
});
