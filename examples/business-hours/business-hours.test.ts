import { expect, it } from '@jest/globals';
import { makeNode, makePod, TestCluster } from 'berth/testing';
import { plugin } from './business-hours.js';

const nodes = [makeNode({ name: 'desk', labels: { 'example.com/interactive': 'true' } })];
const batch = () => makePod({ labels: { 'example.com/batch': 'true' } });
const args = { timeZone: 'Europe/Berlin' };

/** A cluster at a time of day in UTC; 2026-01-01 is a Thursday, Berlin is an hour ahead. */
const at = (time: string, day = '2026-01-01') =>
  new TestCluster({ nodes, plugin, args, now: new Date(`${day}T${time}:00Z`) });

it('keeps batch pods off nodes for people during business hours, and says until when', async () => {
  expect(await at('12:00').schedule(batch())).toMatchObject({
    kind: 'refused',
    refusals: { desk: 'node(s) were kept for people until 18:00 Europe/Berlin' },
  });
});

it.each([
  ['before work', '06:59', '2026-01-01', 'desk'],
  ['when work begins', '07:00', '2026-01-01', undefined],
  ['in the last minute of work', '16:59', '2026-01-01', undefined],
  ['after work', '17:00', '2026-01-01', 'desk'],
  ['on a Saturday', '12:00', '2026-01-03', 'desk'],
  ['in summer, when Berlin is two hours ahead', '06:00', '2026-07-01', undefined],
])('decides %s', async (_when, time, day, node) => {
  expect((await at(time, day).schedule(batch())).node).toBe(node);
});

it('leaves other pods and other nodes alone', async () => {
  expect((await at('12:00').schedule(makePod())).node).toBe('desk');
  const cluster = at('12:00');
  cluster.setNode(makeNode({ name: 'server' }));
  expect((await cluster.schedule(batch())).node).toBe('server');
});

it('has refused pods tried again when business hours end', async () => {
  const cluster = at('16:59');
  await cluster.schedule(batch());
  await cluster.advance(50_000);
  expect(cluster.retries).toEqual([]);
  await cluster.advance(10_000);
  expect(cluster.retries).toEqual(['BusinessHours']);
  expect((await cluster.schedule(batch())).node).toBe('desk');
  cluster.close();
});

it('refuses a time zone that does not exist', () => {
  expect(() => new TestCluster({ plugin, args: { timeZone: 'Europe/Atlantis' } })).toThrow('Europe/Atlantis');
});
