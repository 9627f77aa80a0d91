import { beforeEach, describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { EventRegistration } from '../../../src/framework/cluster-event.js';
import { assignedPodDelete, nodeAdd } from '../../../src/framework/cluster-events.js';
import type { PreEnqueuePlugin } from '../../../src/framework/plugin.js';
import { unresolvable } from '../../../src/framework/status.js';
import { HintTable } from '../../../src/queue/hints.js';
import type { QueueEntry } from '../../../src/queue/queued-pod.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { makeNode, makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

/** Can be cured by the pod called `cure` leaving. */
const picky = {
  name: 'Picky',
  events: [
    {
      resource: 'AssignedPod',
      action: Action.Delete,
      hint: (_pod, old) => (old?.name === 'cure' ? 'Queue' : 'Skip'),
    } satisfies EventRegistration<Pod, Pod>,
    { resource: 'Node' as const, action: Action.Add },
  ],
};

let isHeld: boolean;
const gate: PreEnqueuePlugin = {
  name: 'Gate',
  events: [{ resource: 'AssignedPod', action: Action.Delete, hint: () => 'Skip' }],
  preEnqueue: () => (isHeld ? unresolvable('wait') : undefined),
};

let clock: ManualClock;
let queue: SchedulingQueue;
let pod: Pod;

beforeEach(() => {
  isHeld = false;
  clock = new ManualClock();
  queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [gate], hints: new HintTable([picky, gate]) }]]),
    less: () => false,
    clock,
  });
  pod = makePod();
});

function attempt(): QueueEntry {
  if (!queue.has(pod.uid)) queue.add(pod);
  return queue.pop()!;
}

/** The pod's attempt ended with Picky refusing it. */
function refuse(): void {
  queue.putBack(attempt(), pod, { rejectors: new Set(['Picky']) });
}

const leave = (name: string): void =>
  queue.onEvent(assignedPodDelete, makePod({ name, nodeName: 'a' }), undefined);

describe('a pod whose preemption is under way', () => {
  it('is gated when an event calls for it, and comes back with the next one that finds the gate open', () => {
    refuse();
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
    isHeld = true;
    leave('cure');
    expect(queue.whereIs(pod.uid)).toBe('gated');
    leave('another');
    expect(queue.whereIs(pod.uid)).toBe('gated');
    isHeld = false;
    // The other one cures nothing, but what did has come and gone.
    leave('another');
    expect(queue.whereIs(pod.uid)).toBe('backoff');
  });

  it('stays when no event ever called for it', () => {
    refuse();
    isHeld = true;
    leave('another');
    isHeld = false;
    leave('another');
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
  });

  it('is not moved by events that the gate does not know', () => {
    refuse();
    isHeld = true;
    leave('cure');
    isHeld = false;
    queue.onEvent(nodeAdd, undefined, makeNode());
    expect(queue.whereIs(pod.uid)).toBe('gated');
  });

  it('forgets what called for it once it was tried', async () => {
    refuse();
    isHeld = true;
    leave('cure');
    isHeld = false;
    leave('another');
    await clock.advance(5_000);
    refuse();
    leave('another');
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
  });
});

describe('activation', () => {
  it('brings a refused pod back at once', () => {
    refuse();
    queue.activate([pod.uid]);
    expect(queue.whereIs(pod.uid)).toBe('active');
  });

  it('does not pass the gate', () => {
    refuse();
    isHeld = true;
    queue.activate([pod.uid]);
    expect(queue.whereIs(pod.uid)).toBe('gated');
    isHeld = false;
    leave('another');
    expect(queue.whereIs(pod.uid)).toBe('active');
  });

  it('ends a backoff, whatever the gate says', () => {
    refuse();
    leave('cure');
    expect(queue.whereIs(pod.uid)).toBe('backoff');
    isHeld = true;
    queue.activate([pod.uid]);
    expect(queue.whereIs(pod.uid)).toBe('active');
  });

  it('of a pod under way makes it come back after its backoff, and nobody else', () => {
    const other = makePod();
    queue.add(other);
    const [first, second] = [queue.pop()!, attempt()];
    queue.activate([pod.uid]);
    for (const entry of [first, second]) queue.putBack(entry, entry.pod, { rejectors: new Set(['Picky']) });
    expect(queue.whereIs(pod.uid)).toBe('backoff');
    expect(queue.whereIs(other.uid)).toBe('unschedulable');
  });

  it('ignores pods that it does not know', () => {
    expect(() => queue.activate(['nobody'])).not.toThrow();
  });
});
