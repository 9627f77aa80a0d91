import { expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { EventRegistration } from '../../../src/framework/cluster-event.js';
import { assignedPodDelete, nodeAdd } from '../../../src/framework/cluster-events.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { makeNode, makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

const many = 10_000;

it('failure-17: ten thousand events cost nothing for ten thousand pods that do not wait for them, and nothing of them is kept', () => {
  let asked = 0;
  const waitsForNodes: EventRegistration<never, never> = {
    resource: 'Node',
    action: Action.Add,
    hint: () => {
      asked += 1;
      return 'Skip';
    },
  };
  const waitsForPods: EventRegistration<never, never> = { ...waitsForNodes, resource: 'AssignedPod' };
  const hints = new HintTable([
    { name: 'Nodes', events: [waitsForNodes] },
    { name: 'Pods', events: [{ ...waitsForPods, action: Action.Delete }] },
  ]);
  const queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints }]]),
    less: (a, b) => a.timestamp < b.timestamp,
    clock: new ManualClock(),
  });
  for (let index = 0; index < many; index += 1) {
    queue.add(makePod());
    const entry = queue.pop()!;
    queue.putBack(entry, entry.pod, { rejectors: new Set(['Nodes']) });
  }
  const gone = makePod({ nodeName: 'a' });
  let looked = 0;
  const concerns = (): boolean => {
    looked += 1;
    return true;
  };
  for (let index = 0; index < many && looked === 0; index += 1)
    queue.onEvent(assignedPodDelete, gone, undefined, { concerns });
  expect([looked, asked]).toEqual([0, 0]);
  expect(queue.inFlightEvents).toBe(0);

  queue.onEvent(nodeAdd, undefined, makeNode());
  expect(asked).toBe(many);
});

it('failure-17: of a steady stream of attempts and events nothing is left', () => {
  const queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints: new HintTable([{ name: 'Any' }]) }]]),
    less: (a, b) => a.timestamp < b.timestamp,
    clock: new ManualClock(),
  });
  // There is always one under way when the next begins, so that there is no moment at which everything could be dropped.
  queue.add(makePod());
  let former = queue.pop()!;
  for (let index = 0; index < many; index += 1) {
    queue.add(makePod());
    const next = queue.pop()!;
    queue.onEvent(nodeAdd, undefined, makeNode({ name: 'a' }));
    queue.done(former.pod.uid);
    expect(queue.inFlightEvents).toBeLessThanOrEqual(1);
    former = next;
  }
  queue.done(former.pod.uid);
  expect([queue.inFlightEvents, queue.inFlightPods]).toEqual([0, 0]);
});
