import { expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { SchedulerWorld } from '../scheduler/scheduler-world.js';

const cpu = (name: string, amount: string, parts: PodParts = {}): Pod =>
  makePod({ name, uid: name, requests: { cpu: amount }, ...parts });

async function attempt(world: SchedulerWorld, pod: Pod): Promise<string | undefined> {
  world.show(pod);
  await world.attempt();
  return world.outcome(pod)?.kind;
}

it('failure-30: a node that shrinks below what it carries takes no pod that asks for something, until there is room again', async () => {
  const world = new SchedulerWorld([new NodeResourcesFit()]);
  const large = makeNode({ name: 'a', allocatable: { cpu: '4' } });
  const shrunk = makeNode({ name: 'a', allocatable: { cpu: '1' } });
  world.node(large);
  world.show(cpu('resident', '3', { nodeName: 'a' }));
  world.feed.nodeUpdated(large, shrunk);
  expect(await attempt(world, cpu('some', '100m'))).toBe('pending');
  expect(await attempt(world, makePod({ name: 'nothing', uid: 'nothing' }))).toBe('bound');
  world.feed.nodeUpdated(shrunk, large);
  await world.clock.advance(10_000);
  world.queue.flushBackoff();
  await world.attempt();
  expect(world.outcome(cpu('some', '100m'))?.kind).toBe('bound');
});

it('failure-30: pods that were put onto a node by hand, far beyond what it has, disturb nobody elsewhere', async () => {
  const world = new SchedulerWorld([new NodeResourcesFit()]);
  world.node(makeNode({ name: 'a', allocatable: { cpu: '1', pods: '2' } }));
  for (let index = 0; index < 5; index += 1)
    world.show(cpu(`forced-${index}`, '9223372036854775807', { nodeName: 'a', schedulerName: 'nobody' }));
  expect(await attempt(world, cpu('web', '500m'))).toBe('pending');
  world.node(makeNode({ name: 'b', allocatable: { cpu: '1' } }));
  await world.clock.advance(10_000);
  world.queue.flushBackoff();
  await world.attempt();
  expect(world.outcome(cpu('web', '500m'))).toMatchObject({ kind: 'bound', pod: { nodeName: 'b' } });
  for (let index = 0; index < 5; index += 1) world.remove(cpu(`forced-${index}`, '1'));
  expect(await attempt(world, cpu('next', '1'))).toBe('bound');
});

it('failure-30: a node without anything, and one with nonsense for amounts, are no trouble', async () => {
  const world = new SchedulerWorld([new NodeResourcesFit()]);
  world.node(makeNode({ name: 'empty', allocatable: { cpu: '0', memory: '0', pods: '0' } }));
  world.node(makeNode({ name: 'negative', allocatable: { cpu: '-4', memory: '-1Gi', pods: '-1' } }));
  expect(await attempt(world, cpu('web', '1m'))).toBe('pending');
  world.node(makeNode({ name: 'sound' }));
  await world.clock.advance(10_000);
  world.queue.flushBackoff();
  await world.attempt();
  expect(world.outcome(cpu('web', '1m'))).toMatchObject({ kind: 'bound', pod: { nodeName: 'sound' } });
});
