import { expect, it } from '@jest/globals';
import { makeNode, makePod, TestCluster } from 'berth/testing';
import { plugin } from './node-annotation-score.js';

const args = { annotation: 'example.com/score' };
const node = (name: string, score: string) => makeNode({ name, annotations: { [args.annotation]: score } });

it('prefers the node with the higher number', async () => {
  const cluster = new TestCluster({ nodes: [node('low', '10'), node('high', '90')], plugin, args });
  expect((await cluster.schedule(makePod())).node).toBe('high');
});

it.each(['many', '-1', '101', ''])('counts an annotation of "%s" as the worst', async (value) => {
  const nodes = [node('odd', value), node('low', '1')];
  const { scores } = await new TestCluster({ nodes, plugin, args, alone: true }).schedule(makePod());
  expect([scores.odd, scores.low]).toEqual([{ [plugin.name]: 0 }, { [plugin.name]: 1 }]);
});

it('lets fractions decide where whole numbers are equal', async () => {
  const cluster = new TestCluster({
    nodes: [node('a', '50.1'), node('b', '50.9')],
    plugin,
    args,
    alone: true,
  });
  expect(await cluster.schedule(makePod())).toMatchObject({ node: 'b', totals: { a: 50, b: 50 } });
});
