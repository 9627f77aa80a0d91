import { expect, it } from '@jest/globals';
import { nodeAdd } from '../../../src/framework/cluster-events.js';
import type { NodeFilterPlugin } from '../../../src/framework/plugin.js';
import { unschedulable } from '../../../src/framework/status.js';
import { makeNode, makePod } from '../../build-objects.js';
import { SchedulerWorld } from '../scheduler/scheduler-world.js';

const pods = 2_000;
const rounds = 5;

const never: NodeFilterPlugin = { name: 'Never', filter: () => unschedulable('never') };

it('failure-28: pods that are refused again and again for the same reason cost the API server one patch each', async () => {
  const world = new SchedulerWorld([never]);
  world.node(makeNode({ name: 'a' }));
  for (let index = 0; index < pods; index += 1)
    world.show(makePod({ name: `pod-${index}`, uid: `pod-${index}` }));
  let attempts = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (let entry = world.queue.pop(); entry !== undefined; entry = world.queue.pop()) {
      world.scheduler.scheduleOne(entry);
      attempts += 1;
    }
    await world.clock.advance(60_000);
    world.queue.onEvent(nodeAdd, undefined, makeNode({ name: 'b' }));
    world.queue.flushBackoff();
  }
  expect(attempts).toBe(pods * rounds);
  const patched = world.calls.filter((call) => call.startsWith('PATCH'));
  expect(patched).toHaveLength(pods);
  expect(new Set(patched).size).toBe(pods);
});
