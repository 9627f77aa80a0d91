import { expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { makeNode, makePod } from '../../build-objects.js';
import { SchedulerWorld } from '../scheduler/scheduler-world.js';

const large = (name: string): Pod => makePod({ name, uid: name, requests: { cpu: '3' } });

it('failure-02: a pod that was bound counts on its node, however long the watch takes to say so', async () => {
  const world = new SchedulerWorld([new NodeResourcesFit()]);
  world.node(makeNode({ name: 'a' }));
  world.show(large('first'));
  await world.attempt();
  expect(world.outcome(large('first'))?.kind).toBe('bound');

  await world.clock.advance(24 * 3_600_000);
  world.show(large('second'));
  await world.attempt();
  expect(world.outcome(large('second'))?.kind).toBe('pending');

  world.show(makePod({ name: 'first', uid: 'first', requests: { cpu: '3' }, nodeName: 'a' }));
  expect(world.cluster.assumedCount).toBe(0);
  world.remove(large('first'));
  await world.clock.advance(1_000);
  world.queue.flushBackoff();
  await world.attempt();
  expect(world.outcome(large('second'))?.kind).toBe('bound');
});
