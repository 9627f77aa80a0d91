import { expect, it } from '@jest/globals';
import { nodeAdd } from '../../../src/framework/cluster-events.js';
import type { NodeFilterPlugin } from '../../../src/framework/plugin.js';
import { unschedulable } from '../../../src/framework/status.js';
import { makeNode, makePod } from '../../build-objects.js';
import { SchedulerWorld } from '../scheduler/scheduler-world.js';

const impossible = 3_000;

/** Names no events: whatever happens, its pods are tried again. */
const dreamer: NodeFilterPlugin = {
  name: 'Dreamer',
  filter: (_cycle, pod) => (pod.priority > 0 ? unschedulable('never') : undefined),
};

it('failure-18: a small pod waits for no more than one attempt of each of 3,000 important ones that never fit', async () => {
  const world = new SchedulerWorld([dreamer]);
  world.node(makeNode({ name: 'a' }));
  for (let index = 0; index < impossible; index += 1)
    world.show(makePod({ name: `large-${index}`, uid: `large-${index}`, priority: 1_000 }));
  const small = world.show(makePod({ name: 'small', uid: 'small' }));

  let attempts = 0;
  while (attempts <= impossible) {
    const entry = world.queue.pop()!;
    world.scheduler.scheduleOne(entry);
    attempts += 1;
    if (entry.pod.uid === small.uid) break;
    // Brings all that were refused so far back, as far as the queue is concerned.
    world.queue.onEvent(nodeAdd, undefined, makeNode({ name: 'b' }));
    world.queue.flushBackoff();
  }
  expect(attempts).toBe(impossible + 1);
  await world.clock.advance(0);
  expect(world.outcome(small)?.kind).toBe('bound');
});
