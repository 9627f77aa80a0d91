import { describe, expect, it } from '@jest/globals';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { defaultFitArgs } from '../../../src/plugins/node-resources-fit-args.js';
import { clusterOf, nodeOf, podOf } from './cluster-objects.js';
import { scoresOf, verdictsOf } from './judge.js';

const plugin = new NodeResourcesFit();
const used = (nodeName: string, requests: Record<string, string>) => podOf({ requests, spec: { nodeName } });
const strategy = (type: string, extra: object = {}) =>
  new NodeResourcesFit({
    scoringStrategy: { type, resources: defaultFitArgs.scoringStrategy.resources, ...extra },
  });

describe('the filter of NodeResourcesFit', () => {
  it('collects all that a node lacks, and says when no preemption can help', () => {
    const cluster = clusterOf(
      [
        nodeOf('full', { allocatable: { pods: '1' } }),
        nodeOf('small', { allocatable: { cpu: '1', pods: '1' } }),
        nodeOf('free'),
      ],
      [used('full', { cpu: '3' }), used('small', { memory: '7Gi' })],
    );
    expect(verdictsOf(plugin, podOf({ requests: { cpu: '2', memory: '2Gi' } }), cluster)).toEqual({
      full: { code: 'Unschedulable', reasons: ['Too many pods', 'Insufficient cpu'] },
      small: {
        code: 'UnschedulableAndUnresolvable',
        reasons: ['Too many pods', 'Insufficient cpu', 'Insufficient memory'],
      },
      free: undefined,
    });
  });

  it('never fails a request of 0, even on an over-committed node', () => {
    const cluster = clusterOf([nodeOf('a')], [used('a', { cpu: '9', memory: '1Gi' })]);
    expect(verdictsOf(plugin, podOf({ requests: { cpu: '0', memory: '1Gi' } }), cluster)).toEqual({
      a: undefined,
    });
    expect(verdictsOf(plugin, podOf({ requests: { cpu: '1m' } }), cluster)).toEqual({
      a: { code: 'Unschedulable', reasons: ['Insufficient cpu'] },
    });
  });

  it('counts what a node does not offer as 0, also when no node ever offered it', () => {
    const cluster = clusterOf([nodeOf('a', { allocatable: { 'example.com/gpu': '2' } }), nodeOf('b')]);
    const wanting = (name: string) => podOf({ requests: { [name]: '1' } });
    expect(verdictsOf(plugin, wanting('example.com/gpu'), cluster)).toEqual({
      a: undefined,
      b: { code: 'UnschedulableAndUnresolvable', reasons: ['Insufficient example.com/gpu'] },
    });
    expect(verdictsOf(plugin, wanting('example.com/fpga'), cluster).a?.reasons).toEqual([
      'Insufficient example.com/fpga',
    ]);
    expect(verdictsOf(plugin, wanting('ephemeral-storage'), cluster).b?.reasons).toEqual([
      'Insufficient ephemeral-storage',
    ]);
  });

  it('ignores extended resources by name and by group, but never native ones', () => {
    const ignoring = new NodeResourcesFit({
      ...defaultFitArgs,
      ignoredResources: ['a.com/x', 'hugepages-2Mi'],
      ignoredResourceGroups: ['b.com'],
    });
    const cluster = clusterOf([nodeOf('n')]);
    const requests = { 'a.com/x': '1', 'a.com/y': '1', 'b.com/z': '1', 'hugepages-2Mi': '2Mi' };
    expect(verdictsOf(ignoring, podOf({ requests }), cluster).n?.reasons.toSorted()).toEqual([
      'Insufficient a.com/y',
      'Insufficient hugepages-2Mi',
    ]);
  });

  it('filters by pod-level requests, and scores without them', () => {
    const spec = {
      resources: { requests: { cpu: '3' } },
      containers: [{ name: 'a', resources: { requests: { cpu: '500m', memory: '1Gi' } } }, { name: 'b' }],
    };
    const pod = podOf({ spec });
    expect(
      verdictsOf(plugin, pod, clusterOf([nodeOf('two', { allocatable: { cpu: '2' } }), nodeOf('four')])),
    ).toMatchObject({
      two: { reasons: ['Insufficient cpu'] },
      four: undefined,
    });
    // 600m of 4 cores and 1224Mi of 8Gi: the pod-level 3 cores would leave 25 for cpu.
    expect(scoresOf(plugin, pod, clusterOf([nodeOf('four')]))).toEqual({ four: Math.floor((85 + 85) / 2) });
  });

  it('stays right with more scalars than it has bits for', () => {
    const requests = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`example.com/r${i}`, '1']));
    const allocatable = Object.fromEntries(Array.from({ length: 39 }, (_, i) => [`example.com/r${i}`, '1']));
    const cluster = clusterOf([nodeOf('most', { allocatable }), nodeOf('all', { allocatable: requests })]);
    const verdicts = verdictsOf(plugin, podOf({ requests }), cluster);
    expect(verdicts.all).toBeUndefined();
    expect(verdicts.most?.reasons).toContain('Insufficient example.com/r39');
  });

  it('asks for another try when a node grows in what the pod asks for', () => {
    const hint = plugin.events.find(({ resource }) => resource === 'Node')!.hint!;
    const pod = podOf({ requests: { cpu: '2' } });
    const sized = (cpu: string, memory = '8Gi') => nodeOf('n', { allocatable: { cpu, memory } }) as never;
    expect(hint(pod, sized('1'), sized('2'))).toBe('Queue');
    expect(hint(pod, sized('3'), sized('2'))).toBe('Skip');
    expect(hint(pod, sized('2'), sized('2', '16Gi'))).toBe('Skip');
    expect(hint(pod, undefined, sized('1'))).toBe('Skip');
    expect(hint(pod, undefined, sized('2'))).toBe('Queue');
  });

  it('asks for another try when another pod shrinks in what the pod asks for', () => {
    const hint = plugin.events.find(({ resource, action }) => resource === 'AssignedPod' && action !== 2)!
      .hint!;
    const pod = podOf({ requests: { cpu: '2' } });
    const [big, lean, small] = [
      used('a', { cpu: '2', memory: '2Gi' }),
      used('a', { cpu: '2', memory: '1Gi' }),
      used('a', { cpu: '1', memory: '2Gi' }),
    ];
    expect(hint(pod, big as never, small as never)).toBe('Queue');
    expect(hint(pod, big as never, lean as never)).toBe('Skip');
  });
});

describe('the scores of NodeResourcesFit', () => {
  // 4 cores and 8Gi, of which 1100m and 2Gi are used; the pod asks for 500m and 1Gi.
  const cluster = clusterOf([nodeOf('n')], [used('n', { cpu: '1100m', memory: '2Gi' })]);
  const pod = podOf({ requests: { cpu: '500m', memory: '1Gi' } });
  const shape = (...points: [number, number][]) => ({
    requestedToCapacityRatio: { shape: points.map(([utilization, score]) => ({ utilization, score })) },
  });

  it.each<[string, NodeResourcesFit, number]>([
    ['LeastAllocated', strategy('LeastAllocated'), 61],
    ['MostAllocated', strategy('MostAllocated'), 38],
    ['a rising ratio', strategy('RequestedToCapacityRatio', shape([0, 0], [50, 3], [100, 10])), 23],
    ['a falling ratio', strategy('RequestedToCapacityRatio', shape([0, 10], [100, 0])), 62],
  ])('by %s', (_name, judge, expected) => {
    expect(scoresOf(judge, pod, cluster)).toEqual({ n: expected });
  });

  it('drop resources that score 0 from a ratio', () => {
    const rising = strategy('RequestedToCapacityRatio', shape([0, 0], [100, 10]));
    const roomy = clusterOf([nodeOf('n', { allocatable: { memory: '64Ti' } })]);
    expect(scoresOf(rising, podOf({ requests: { cpu: '4', memory: '1Gi' } }), roomy)).toEqual({ n: 100 });
  });

  it('weigh resources, and leave scalars out that the pod does not ask for', () => {
    const resources = [
      { name: 'cpu', weight: 3 },
      { name: 'memory', weight: 1 },
      { name: 'example.com/gpu', weight: 5 },
    ];
    const weighted = new NodeResourcesFit({ scoringStrategy: { type: 'LeastAllocated', resources } });
    const gpu = { 'example.com/gpu': '4' };
    const withGpu = clusterOf(
      [nodeOf('n', { allocatable: gpu })],
      [used('n', { cpu: '1100m', memory: '2Gi', 'example.com/gpu': '2' })],
    );
    const asking = podOf({ requests: { cpu: '500m', memory: '1Gi', 'example.com/gpu': '1' } });
    expect(scoresOf(weighted, asking, withGpu)).toEqual({ n: 40 });
    expect(scoresOf(weighted, pod, withGpu)).toEqual({ n: Math.floor((60 * 3 + 62) / 4) });
  });

  it('are 0 when no node has any of the resources, and count defaults for pods that ask for nothing', () => {
    const none = new NodeResourcesFit({
      scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'example.com/none', weight: 1 }] },
    });
    expect(scoresOf(none, pod, cluster)).toEqual({ n: 0 });
    expect(scoresOf(plugin, podOf(), clusterOf([nodeOf('n')]))).toEqual({ n: Math.floor((97 + 97) / 2) });
  });

  it('stay exact beyond 2^53', () => {
    const huge = clusterOf([nodeOf('n', { allocatable: { memory: '4Pi' } })]);
    const memory = new NodeResourcesFit({
      scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'memory', weight: 1 }] },
    });
    // One byte short of half.
    const half = podOf({ requests: { memory: String(2 ** 51 - 1) } });
    expect(scoresOf(memory, half, huge)).toEqual({ n: 49 });
  });

  it('tell nodes apart, uncut, that the integers call equal', () => {
    const nearly = clusterOf([nodeOf('a'), nodeOf('b', { allocatable: { memory: '8200Mi' } })]);
    const small = podOf({ requests: { cpu: '100m', memory: '100Mi' } });
    const cut = scoresOf(plugin, small, nearly) as Record<string, number>;
    const exact = scoresOf(plugin, small, nearly, { form: 'exact' }) as Record<string, number>;
    expect(cut.a).toBe(cut.b);
    expect(exact.b).toBeGreaterThan(exact.a!);
  });
});

describe('the arguments of NodeResourcesFit', () => {
  it.each<[string, object, string]>([
    ['an unknown strategy', { scoringStrategy: { type: 'Best', resources: [] } }, 'scoringStrategy.type'],
    [
      'a weight of 101',
      { scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'cpu', weight: 101 }] } },
      'resource weight of cpu not in valid range (0, 100]',
    ],
    [
      'a ratio without a shape',
      { scoringStrategy: { type: 'RequestedToCapacityRatio', resources: [] } },
      'requestedToCapacityRatio',
    ],
    [
      'a group with a slash',
      { ...defaultFitArgs, ignoredResourceGroups: ['a/b'] },
      "resource group name can't contain '/'",
    ],
  ])('are refused with %s', (_what, args, text) => {
    expect(() => new NodeResourcesFit(args as typeof defaultFitArgs)).toThrow(text);
  });
});
