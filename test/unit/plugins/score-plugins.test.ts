import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ImageLocality } from '../../../src/plugins/image-locality.js';
import { NodeResourcesBalancedAllocation } from '../../../src/plugins/node-resources-balanced-allocation.js';
import { normalizeByHighest } from '../../../src/plugins/normalize.js';
import {
  brokenLinear,
  leastAllocated,
  mostAllocated,
  percent,
  scoreByStrategy,
} from '../../../src/plugins/resource-strategies.js';
import { clusterOf, nodeOf, podOf } from './cluster-objects.js';
import { scoresOf } from './judge.js';

const mebibyte = 2 ** 20;

describe('NodeResourcesBalancedAllocation', () => {
  const plugin = new NodeResourcesBalancedAllocation();

  it('scores the change of balance around 75', () => {
    const busy = clusterOf(
      [nodeOf('n')],
      [podOf({ requests: { cpu: '1100m', memory: '2Gi' }, spec: { nodeName: 'n' } })],
    );
    expect(scoresOf(plugin, podOf({ requests: { cpu: '500m', memory: '1Gi' } }), busy)).toEqual({ n: 75 });
    const empty = clusterOf([nodeOf('n', { allocatable: { cpu: '10', memory: '10000' } })]);
    expect(scoresOf(plugin, podOf({ requests: { cpu: '3', memory: '2000' } }), empty)).toEqual({ n: 72 });
  });

  it('scores 75 where fewer than two resources count', () => {
    const cluster = clusterOf([
      nodeOf('one', { allocatable: { memory: '0' } }),
      nodeOf('none', { allocatable: { cpu: '0', memory: '0' } }),
    ]);
    expect(scoresOf(plugin, podOf({ requests: { cpu: '1' } }), cluster)).toEqual({ one: 75, none: 75 });
  });

  it('takes the population deviation of three resources', () => {
    const resources = ['cpu', 'memory', 'example.com/gpu'].map((name) => ({ name, weight: 1 }));
    const three = new NodeResourcesBalancedAllocation({ resources });
    const cluster = clusterOf([
      nodeOf('n', { allocatable: { cpu: '10', memory: '1000', 'example.com/gpu': '10' } }),
    ]);
    const pod = podOf({ requests: { cpu: '1', memory: '500', 'example.com/gpu': '9' } });
    const balance = Math.trunc((1 - Math.sqrt((0.4 ** 2 + 0 + 0.4 ** 2) / 3)) * 100);
    expect(scoresOf(three, pod, cluster)).toEqual({ n: 50 + Math.trunc((50 + balance - 100) / 2) });
  });

  it('scores two resources as it scores them among three of which no node has the third', () => {
    const amount = fc.constantFrom('0', '1', '300m', '2', '3', '7', '10');
    const cluster = fc.array(fc.record({ cpu: amount, memory: amount, used: amount }), { minLength: 1 });
    const three = new NodeResourcesBalancedAllocation({
      resources: ['cpu', 'memory', 'example.com/gpu'].map((name) => ({ name, weight: 1 })),
    });
    fc.assert(
      fc.property(cluster, fc.constantFrom('100m', '1', '4'), (shapes, cpu) => {
        const nodes = shapes.map(({ cpu, memory }, i) => nodeOf(`n${i}`, { allocatable: { cpu, memory } }));
        const pods = shapes.map(({ used }, i) =>
          podOf({ requests: { cpu: used, memory: '1' }, spec: { nodeName: `n${i}` } }),
        );
        const state = clusterOf(nodes, pods);
        const pod = podOf({ requests: { cpu, memory: '2', 'example.com/gpu': '1' } });
        for (const form of ['raw', 'exact'] as const)
          expect(scoresOf(plugin, pod, state, { form })).toEqual(scoresOf(three, pod, state, { form }));
      }),
    );
  });

  it.each<[string, object]>([
    ['asks for nothing', {}],
    ['asks for 0', { requests: { cpu: '0' } }],
    ['asks for other resources only', { requests: { 'example.com/gpu': '1' } }],
  ])('skips a pod that %s', (_what, parts) => {
    expect(scoresOf(plugin, podOf(parts), clusterOf([nodeOf('n')]))).toBe('skip');
  });

  it('knows pod-level requests', () => {
    const pod = podOf({ spec: { resources: { requests: { cpu: '4' } }, containers: [{ name: 'c' }] } });
    expect(scoresOf(plugin, pod, clusterOf([nodeOf('n')]))).toEqual({
      n: 50 + Math.trunc((50 + 50 - 100) / 2),
    });
  });
});

describe('ImageLocality', () => {
  const plugin = new ImageLocality();
  const having = (name: string, images: Record<string, number>) =>
    nodeOf(name, {
      status: {
        images: Object.entries(images).map(([image, size]) => ({ names: [image], sizeBytes: size })),
      },
    });
  const using = (...images: string[]) =>
    podOf({ spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) } });

  it('counts an image by the share of nodes that have it', () => {
    const nodes = [
      having('a', { 'x:1': 250 * mebibyte }),
      having('b', { 'x:1': 250 * mebibyte }),
      having('c', {}),
    ];
    expect(scoresOf(plugin, using('x:1'), clusterOf(nodes))).toEqual({ a: 14, b: 14, c: 0 });
  });

  it('shares the ceiling among containers', () => {
    const nodes = [
      having('a', { 'x:1': 140 * mebibyte, 'y:1': 10 * mebibyte }),
      having('b', { 'y:1': 10 * mebibyte }),
    ];
    expect(scoresOf(plugin, using('x:1', 'y:1'), clusterOf(nodes))).toEqual({ a: 2, b: 0 });
  });

  it('counts image volumes in the sum and in the ceiling', () => {
    const nodes = [having('a', { 'x:1': 1000 * mebibyte, 'model:1': 500 * mebibyte })];
    const containers = [{ name: 'c', image: 'x:1' }];
    const pod = podOf({ spec: { containers, volumes: [{ name: 'm', image: { reference: 'model:1' } }] } });
    expect(scoresOf(plugin, pod, clusterOf(nodes))).toEqual({ a: 74 });
  });

  it('knows a name without a tag as latest, and stops at 0 and 100', () => {
    const nodes = [having('a', { 'localhost:5000/x:latest': 2000 * mebibyte, 'tiny:latest': mebibyte })];
    expect(scoresOf(plugin, using('localhost:5000/x'), clusterOf(nodes))).toEqual({ a: 100 });
    expect(scoresOf(plugin, using('tiny'), clusterOf(nodes))).toEqual({ a: 0 });
  });

  it('takes the size that was reported first, and forgets nodes that are gone', () => {
    const cluster = clusterOf([
      having('a', { 'x:1': 500 * mebibyte }),
      having('b', { 'x:1': 1000 * mebibyte }),
    ]);
    expect(scoresOf(plugin, using('x:1'), cluster)).toEqual({ a: 48, b: 48 });
    cluster.removeNode('a');
    expect(scoresOf(plugin, using('x:1'), cluster)).toEqual({ b: 48 });
  });

  it('scores as if for the first time whatever came or went since', () => {
    const cluster = clusterOf([having('a', { 'x:1': 300 * mebibyte }), having('b', {})]);
    const agree = () => {
      for (const form of ['raw', 'exact'] as const)
        for (const pod of [using('x:1'), using('x:1', 'y:1'), using('z:1')])
          expect(scoresOf(plugin, pod, cluster, { form })).toEqual(
            scoresOf(new ImageLocality(), pod, cluster, { form }),
          );
    };
    agree();
    cluster.setNode(having('b', { 'x:1': 300 * mebibyte, 'y:1': 900 * mebibyte }));
    agree();
    cluster.setNode(having('c', {}));
    agree();
    for (let i = 0; i < 100; i++) cluster.setNode(having(`n${i}`, {}));
    agree();
    cluster.removeNode('a');
    cluster.removeNode('n7');
    agree();
    cluster.setNode(having('new', { 'z:1': 900 * mebibyte }));
    agree();
  });
});

describe('arithmetic of scores', () => {
  it('scales by the highest and cuts off', () => {
    const scaled = (scores: number[], reverse: boolean) => {
      const values = Float64Array.from(scores);
      normalizeByHighest(values, values.length, { reverse });
      return [...values];
    };
    expect(scaled([5, 2, 0], false)).toEqual([100, 40, 0]);
    expect(scaled([0, 1, 3], true)).toEqual([100, 67, 0]);
    expect(scaled([0, 0], true)).toEqual([100, 100]);
    expect(scaled([0, 0], false)).toEqual([0, 0]);
  });

  it('rounds a falling segment down by truncating what is subtracted', () => {
    const points = [
      { utilization: 0, score: 100 },
      { utilization: 30, score: 0 },
    ];
    expect(brokenLinear(points, 7, Math.trunc)).toBe(77);
    expect(brokenLinear(points, 31, Math.trunc)).toBe(0);
  });

  it('of two resources is the weighted mean of what each strategy says of one', () => {
    const amount = fc.constantFrom(0, 1, 3, 7, 100, 8_000, 2 ** 40, 2 ** 50 - 1);
    const resource = fc.record({ capacity: amount, used: amount, want: amount, weight: fc.nat(5) });
    fc.assert(
      fc.property(fc.tuple(resource, resource), fc.boolean(), fc.boolean(), (pair, exact, least) => {
        const strategy = least ? leastAllocated : mostAllocated;
        const columns = pair.map(({ capacity, used, want, weight }) => ({
          capacity: Float64Array.of(capacity),
          used: Float64Array.of(used),
          want,
          weight,
        }));
        const scores = Float64Array.of(-1);
        scoreByStrategy(strategy, columns, { slots: Int32Array.of(0), length: 1 }, scores, { exact });
        let sum = 0;
        let weights = 0;
        for (const { capacity, used, want, weight } of pair) {
          if (capacity === 0) continue;
          sum += weight * (exact ? strategy.exact : strategy.integer)(used + want, capacity);
          weights += weight;
        }
        const mean = weights === 0 ? 0 : sum / weights;
        expect(scores[0]).toBe(exact ? mean : Math.floor(mean));
      }),
      { numRuns: 1_000 },
    );
  });

  it('divides exactly', () => {
    expect(percent(29, 100)).toBe(29);
    expect(percent(2 ** 52 - 1, 2 ** 53 - 2)).toBe(50);
    expect(percent(2 ** 52 - 2, 2 ** 53 - 2)).toBe(49);
  });
});
