import { describe, expect, it } from '@jest/globals';
import { definePlugin, unschedulable, z } from '../../../src/plugin-api.js';
import { makeNode, makePod, TestCluster } from '../../../src/testing/testing.js';

const byAnnotation = definePlugin({
  name: 'ByAnnotation',
  points: ['score'],
  args: z.strictObject({ annotation: z.string() }),
  create: ({ args }) => ({ score: (_pod, node) => Number(node.annotations[args.annotation] ?? 0) }),
});
const good = makeNode({ name: 'good', annotations: { quality: '90.5' } });
const bad = makeNode({ name: 'bad', annotations: { quality: '10' } });

describe('a test cluster', () => {
  it('tells where a pod is placed and how nodes were scored', async () => {
    const cluster = new TestCluster({
      nodes: [bad, good],
      plugin: byAnnotation,
      args: { annotation: 'quality' },
    });
    const outcome = await cluster.schedule(makePod());
    expect(outcome).toMatchObject({ kind: 'placed', node: 'good', message: '' });
    expect(outcome.scores.good).toMatchObject({ ByAnnotation: 90, NodeResourcesFit: expect.any(Number) });
    expect(outcome.totals.good! - outcome.totals.bad!).toBe(80);
  });

  it('scores by the plugin alone when told to, and weighs it', async () => {
    const cluster = new TestCluster({
      nodes: [bad, good],
      plugin: byAnnotation,
      args: { annotation: 'quality' },
      weight: 3,
      alone: true,
    });
    const { scores, totals } = await cluster.schedule(makePod());
    expect(scores).toEqual({ good: { ByAnnotation: 90 }, bad: { ByAnnotation: 10 } });
    expect(totals).toEqual({ good: 270, bad: 30 });
  });

  it('tells why nodes were refused, and what the user would read', async () => {
    const plugin = definePlugin({
      name: 'NotBad',
      points: ['filter'],
      create: () => ({
        filter: (_pod, node) => (node.name === 'bad' ? unschedulable('bad node') : undefined),
      }),
    });
    const cluster = new TestCluster({ nodes: [bad], plugin });
    expect(await cluster.schedule(makePod())).toMatchObject({
      kind: 'refused',
      node: undefined,
      refusals: { bad: 'bad node' },
      message: expect.stringContaining('0/1 nodes are available: 1 bad node.'),
    });
    cluster.setNode(good);
    expect(await cluster.schedule(makePod())).toMatchObject({ node: 'good', refusals: { bad: 'bad node' } });
  });

  it('remembers where pods went, as the real one would', async () => {
    const small = makeNode({ name: 'small', allocatable: { cpu: '1' } });
    const cluster = new TestCluster({ nodes: [small] });
    const first = makePod({ requests: { cpu: '800m' } });
    expect((await cluster.schedule(first)).node).toBe('small');
    const second = makePod({ requests: { cpu: '800m' } });
    expect((await cluster.schedule(second)).message).toContain('1 Insufficient cpu');
    cluster.removePod(first);
    expect((await cluster.schedule(second)).node).toBe('small');
  });

  it('has room taken by pods that are there from the beginning', async () => {
    const small = makeNode({ name: 'small', allocatable: { cpu: '1' } });
    const there = makePod({ nodeName: 'small', requests: { cpu: '800m' } });
    const cluster = new TestCluster({ nodes: [small], pods: [there] });
    expect((await cluster.schedule(makePod({ requests: { cpu: '800m' } }))).kind).toBe('refused');
    expect((await new TestCluster().schedule(makePod())).message).toBe('no nodes available to schedule pods');
  });

  it('refuses what a configuration would be refused for', () => {
    expect(() => new TestCluster({ plugin: byAnnotation, args: { anotation: 'quality' } })).toThrow(
      'args.annotation: Invalid input: expected string, received undefined',
    );
  });
});

/** Holds pods until the second of their app has a node. */
const pairs = (reserved: string[]) =>
  definePlugin({
    name: 'Pairs',
    points: ['reserve', 'permit'],
    create: ({ held }) => {
      let first: string | undefined;
      return {
        reserve: (pod) => void reserved.push(pod.name),
        unreserve: (pod) => void reserved.splice(reserved.indexOf(pod.name), 1),
        permit: (pod) => {
          if (pod.labels.breaks !== undefined && first !== undefined) held.reject(first, 'its pair broke');
          if (pod.labels.app === undefined) return undefined;
          if (first === undefined) {
            first = pod.uid;
            return { waitMs: 30_000 };
          }
          held.allow(first);
          return undefined;
        },
      };
    },
  });

describe('a pod that Permit holds', () => {
  const labels = { app: 'web' };

  it('takes up room, and is bound once it is allowed', async () => {
    const cluster = new TestCluster({
      nodes: [makeNode({ name: 'n', allocatable: { cpu: '3' } })],
      plugin: pairs([]),
    });
    const first = makePod({ labels, requests: { cpu: '2' } });
    expect(await cluster.schedule(first)).toMatchObject({ kind: 'held', node: 'n' });
    expect((await cluster.schedule(makePod({ requests: { cpu: '2' } }))).message).toContain(
      'Insufficient cpu',
    );
    expect((await cluster.outcome(first))?.kind).toBe('held');
    expect((await cluster.schedule(makePod({ labels }))).kind).toBe('placed');
    expect(await cluster.outcome(first)).toMatchObject({ kind: 'placed', node: 'n', message: '' });
  });

  it.each([
    ['its time is over', async (cluster: TestCluster) => cluster.advance(30_000), 'rejected due to timeout'],
    [
      'a plugin refuses it',
      async (cluster: TestCluster) =>
        void (await cluster.schedule(makePod({ labels: { breaks: '' }, name: 'b' }))),
      'its pair broke',
    ],
  ])('gives back what it took when %s', async (_what, happen, message) => {
    const reserved: string[] = [];
    const nodes = [makeNode({ name: 'n', allocatable: { cpu: '3' } })];
    const cluster = new TestCluster({ nodes, plugin: pairs(reserved) });
    const first = makePod({ labels, name: 'first', requests: { cpu: '2' } });
    await cluster.schedule(first);
    expect(reserved).toEqual(['first']);
    await happen(cluster);
    expect(await cluster.outcome(first)).toMatchObject({
      kind: 'refused',
      node: undefined,
      message: expect.stringContaining(message),
    });
    expect(reserved).not.toContain('first');
    expect((await cluster.schedule(makePod({ requests: { cpu: '2' } }))).kind).toBe('placed');
  });

  it('is given up when it is deleted', async () => {
    const reserved: string[] = [];
    const cluster = new TestCluster({ nodes: [makeNode()], plugin: pairs(reserved) });
    const pod = makePod({ labels });
    await cluster.schedule(pod);
    cluster.removePod(pod);
    expect([(await cluster.outcome(pod))?.kind, reserved]).toEqual(['refused', []]);
  });
});

it('tells which node was promised to a pod that fits nowhere', async () => {
  const low = makePod({ nodeName: 'n', requests: { cpu: '4' } });
  const cluster = new TestCluster({ nodes: [makeNode({ name: 'n' })], pods: [low] });
  const outcome = await cluster.schedule(makePod({ requests: { cpu: '1' }, priority: 10 }));
  expect(outcome).toMatchObject({ kind: 'refused', node: undefined, nominated: 'n' });
});
