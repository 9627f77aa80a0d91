import { expect, it } from '@jest/globals';
import { makePod, type PodParts, TestCluster } from 'berth/testing';
import { plugin } from './tiered-queue.js';

const args = { tiers: ['gold', 'silver'] };
const pod = (name: string, tier?: string, parts: PodParts = {}) =>
  makePod({ name, labels: tier === undefined ? {} : { 'example.com/tier': tier }, ...parts });
const order = (...pods: ReturnType<typeof pod>[]) =>
  new TestCluster({ plugin, args }).order(pods).map(({ name }) => name);

it('tries tiers in the order in which they are named, and pods of no tier last', () => {
  expect(order(pod('none'), pod('s', 'silver'), pod('odd', 'bronze'), pod('g', 'gold'))).toEqual([
    'g',
    's',
    'none',
    'odd',
  ]);
});

it('tries higher priority first within a tier, never across tiers', () => {
  const urgent = pod('urgent', 'silver', { priority: 1_000 });
  expect(order(pod('s', 'silver'), urgent, pod('g', 'gold'))).toEqual(['g', 'urgent', 's']);
});

it('tries smaller pods first, then those that wait longer', () => {
  const sized = (name: string, cpu: string) => pod(name, 'gold', { requests: { cpu } });
  expect(order(sized('big', '2'), sized('small', '100m'), sized('small-too', '100m'))).toEqual([
    'small',
    'small-too',
    'big',
  ]);
});

it('wants to know at least one tier', () => {
  expect(() => new TestCluster({ plugin, args: { tiers: [] } })).toThrow('must name at least one tier');
});
