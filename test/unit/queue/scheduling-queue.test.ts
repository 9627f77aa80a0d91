import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../src/clock.js';
import { Action } from '../../../src/cluster/action.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { EventRegistration } from '../../../src/framework/cluster-event.js';
import { assignedPodDelete, clusterEvent, nodeAdd } from '../../../src/framework/cluster-events.js';
import type { PreEnqueuePlugin, QueuedPod } from '../../../src/framework/plugin.js';
import { unresolvable } from '../../../src/framework/status.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

/** Refused pods wait for a node with the label `fits`. */
const labelPlugin = {
  name: 'Label',
  events: [
    {
      resource: 'Node',
      action: Action.Add | Action.UpdateNodeLabel,
      hint: (_pod, _old, node) => (node !== undefined && 'fits' in node.labels ? 'Queue' : 'Skip'),
    } satisfies EventRegistration<Node, Node>,
  ],
};
const silentPlugin = { name: 'Silent', events: [] };
const faultyPlugin = {
  name: 'Faulty',
  events: [
    {
      resource: 'Node',
      action: Action.Add,
      hint: () => {
        throw new Error('cannot tell');
      },
    } satisfies EventRegistration<Node, Node>,
  ],
};
const gate: PreEnqueuePlugin = {
  name: 'Gate',
  events: [{ resource: 'TargetPod', action: Action.UpdatePodSchedulingGatesEliminated }],
  preEnqueue: (pod) => (pod.spec.schedulingGates.length > 0 ? unresolvable('waiting') : undefined),
};

const byPriority = (a: QueuedPod, b: QueuedPod): boolean =>
  a.pod.priority !== b.pod.priority ? a.pod.priority > b.pod.priority : a.timestamp < b.timestamp;

let clock: ManualClock;
let queue: SchedulingQueue;
let incoming: string[];

beforeEach(() => {
  clock = new ManualClock();
  incoming = [];
  const profile = {
    preEnqueue: [gate],
    hints: new HintTable([labelPlugin, silentPlugin, faultyPlugin, gate]),
  };
  queue = new SchedulingQueue({
    profiles: new Map([['berth', profile]]),
    less: byPriority,
    clock,
    observer: { incoming: (name, event) => incoming.push(`${name}/${event}`) },
  });
});

function addPod(parts: PodParts = {}): Pod {
  const pod = makePod(parts);
  queue.add(pod);
  return pod;
}

/** Pops the pod and puts it back as refused. */
function refuse(pod: Pod, ...rejectors: string[]): void {
  const entry = queue.pop();
  expect(entry?.pod.uid).toBe(pod.uid);
  queue.putBack(entry!, pod, { rejectors: new Set(rejectors) });
}

describe('the order of pods', () => {
  it('is by priority, then by time', async () => {
    const low = addPod({ priority: 1 });
    await clock.advance(1);
    const high = addPod({ priority: 9 });
    await clock.advance(1);
    const late = addPod({ priority: 9 });
    expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()].map((entry) => entry?.pod.uid)).toEqual([
      high.uid,
      late.uid,
      low.uid,
      undefined,
    ]);
  });

  it('keeps a pod in one place when it is added twice', () => {
    const pod = addPod();
    queue.add(pod);
    expect(queue.counts.active).toBe(1);
  });

  it('treats a pod made again under the same name as another pod', () => {
    const first = addPod({ name: 'web-0' });
    const second = addPod({ name: 'web-0' });
    queue.delete(first.uid);
    expect(queue.pop()?.pod.uid).toBe(second.uid);
    expect(queue.pop()).toBeUndefined();
  });
});

describe('a refused pod', () => {
  it('waits until an event that its rejector says can help', () => {
    const pod = addPod();
    refuse(pod, 'Label');
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
    queue.onEvent(nodeAdd, undefined, makeNode());
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    expect(queue.whereIs(pod.uid)).toBe('backoff');
  });

  it('is not moved by events of plugins that did not refuse it', () => {
    const pod = addPod();
    refuse(pod, 'Silent');
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
  });

  it('is moved when a hint fails: better one attempt too many than a stranded pod', () => {
    const pod = addPod();
    refuse(pod, 'Faulty');
    queue.onEvent(nodeAdd, undefined, makeNode());
    expect(queue.whereIs(pod.uid)).toBe('backoff');
  });

  it('goes straight to the active queue when its backoff is over', async () => {
    const pod = addPod();
    refuse(pod, 'Label');
    await clock.advance(3_000);
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    expect(queue.whereIs(pod.uid)).toBe('active');
  });

  it('is tried early from backoff when nothing else is to do', () => {
    const pod = addPod();
    refuse(pod, 'Label');
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    expect(queue.pop()?.pod.uid).toBe(pod.uid);
    expect(incoming).toContain('active/PopFromBackoffQ');
  });

  it('is tried again after five minutes even if no event came', async () => {
    const pod = addPod();
    refuse(pod, 'Silent');
    await clock.advance(300_000);
    queue.flushUnschedulable();
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
    await clock.advance(1);
    queue.flushUnschedulable();
    expect(queue.whereIs(pod.uid)).toBe('active');
    expect(queue.pop()?.flushed).toBe(true);
  });

  it('comes back at once when an event that helps arrived while it was under way', () => {
    const pod = addPod();
    const entry = queue.pop()!;
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    queue.putBack(entry, pod, { rejectors: new Set(['Label']) });
    expect(queue.whereIs(pod.uid)).toBe('backoff');
    expect(queue.inFlightEvents).toBe(0);
  });

  it('stays when only events that cannot help arrived while it was under way', () => {
    const pod = addPod();
    const entry = queue.pop()!;
    queue.onEvent(nodeAdd, undefined, makeNode());
    queue.putBack(entry, pod, { rejectors: new Set(['Label']) });
    expect(queue.whereIs(pod.uid)).toBe('unschedulable');
  });

  it('leaves with its deletion, and no event brings it back', () => {
    const pod = addPod();
    refuse(pod, 'Label');
    queue.delete(pod.uid);
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    expect(queue.has(pod.uid)).toBe(false);
    expect(queue.pop()).toBeUndefined();
  });
});

describe('an update of a waiting pod', () => {
  const toleration = {
    name: 'Toleration',
    events: [{ resource: 'TargetPod', action: Action.UpdatePodToleration }],
  } as const;

  function waiting(): { readonly pod: Pod; readonly other: SchedulingQueue } {
    const hints = new HintTable([toleration]);
    const other = new SchedulingQueue({
      profiles: new Map([['berth', { preEnqueue: [], hints }]]),
      less: byPriority,
      clock,
    });
    const pod = makePod({ uid: 'waiting', name: 'waiting' });
    other.add(pod);
    other.putBack(other.pop()!, pod, { rejectors: new Set(['Toleration']) });
    return { pod, other };
  }

  it('brings it back when the update is one that its rejector waits for', () => {
    const { pod, other } = waiting();
    const tolerant = { tolerations: [{ key: 'a', operator: 'Exists' }] };
    other.update(pod, makePod({ uid: 'waiting', name: 'waiting', spec: tolerant }));
    expect(other.whereIs('waiting')).toBe('backoff');
  });

  it('leaves it waiting when only its status changed, as by our own condition', () => {
    const { pod, other } = waiting();
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no' };
    other.update(pod, makePod({ uid: 'waiting', name: 'waiting', status: { conditions: [condition] } }));
    expect(other.whereIs('waiting')).toBe('unschedulable');
  });
});

describe('a pod that failed by an error', () => {
  it('waits out a backoff that doubles from one second to ten, and is never tried early', async () => {
    const pod = addPod();
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      refuse(pod);
      expect(queue.pop()).toBeUndefined();
      await clock.advance(seconds * 1_000);
      queue.flushBackoff();
      expect(queue.pop()).toBeUndefined();
      await clock.advance(1_000);
      queue.flushBackoff();
      expect(queue.whereIs(pod.uid)).toBe('active');
    }
  });
});

describe('a gated pod', () => {
  const gated = { spec: { schedulingGates: [{ name: 'example.com/hold' }] } };

  it('waits outside the active queue until its gates are gone', () => {
    const pod = addPod({ uid: 'gated', ...gated });
    expect(queue.whereIs('gated')).toBe('gated');
    expect(queue.counts).toEqual({ active: 0, backoff: 0, unschedulable: 0, gated: 1 });
    queue.update(pod, makePod({ uid: 'gated', name: pod.name }));
    expect(queue.whereIs('gated')).toBe('active');
    expect(queue.counts.gated).toBe(0);
  });

  it('is not moved by events of other plugins', () => {
    addPod({ uid: 'gated', ...gated });
    queue.onEvent(nodeAdd, undefined, makeNode({ labels: { fits: '' } }));
    queue.onEvent(assignedPodDelete, makePod({ nodeName: 'a' }), undefined);
    expect(queue.whereIs('gated')).toBe('gated');
  });
});

describe('waiting for a pod', () => {
  it('ends when one arrives', async () => {
    let woken = false;
    const ready = queue.ready().then(() => {
      woken = true;
    });
    await clock.advance(0);
    expect(woken).toBe(false);
    addPod();
    await ready;
    expect(woken).toBe(true);
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const ready = queue.ready({ signal: stop.signal });
    stop.abort();
    await expect(ready).resolves.toBeUndefined();
  });
});

describe('many pods and many events', () => {
  it('looks only at pods whose rejectors registered for the event', () => {
    for (let index = 0; index < 100; index++) refuse(addPod(), 'Silent');
    const pod = addPod();
    refuse(pod, 'Label');
    let asked = 0;
    const counting = new HintTable([
      {
        name: 'Label',
        events: [
          {
            resource: 'Node',
            action: Action.Add,
            hint: () => {
              asked += 1;
              return 'Skip';
            },
          },
        ],
      },
      silentPlugin,
    ]);
    const other = new SchedulingQueue({
      profiles: new Map([['berth', { preEnqueue: [], hints: counting }]]),
      less: byPriority,
      clock,
    });
    for (let index = 0; index < 100; index++) {
      other.add(makePod());
      const entry = other.pop()!;
      other.putBack(entry, entry.pod, { rejectors: new Set([index === 0 ? 'Label' : 'Silent']) });
    }
    other.onEvent(nodeAdd, undefined, makeNode());
    other.onEvent(clusterEvent('PersistentVolume', 'Add', Action.Add), undefined, {});
    expect(asked).toBe(1);
  });
});

describe('a wall clock that is set back', () => {
  it('prolongs no backoff', async () => {
    let jumped = 0;
    const jumping: Clock = {
      now: () => clock.now() + jumped,
      monotonic: () => clock.monotonic(),
      sleep: (ms, options) => clock.sleep(ms, options),
      after: (ms, callback) => clock.after(ms, callback),
    };
    const profile = { preEnqueue: [], hints: new HintTable([]) };
    const other = new SchedulingQueue({
      profiles: new Map([['berth', profile]]),
      less: byPriority,
      clock: jumping,
    });
    const pod = makePod();
    other.add(pod);
    other.putBack(other.pop()!, pod, { rejectors: new Set() });
    jumped = -3_600_000;
    await clock.advance(5_000);
    other.flushBackoff();
    expect(other.whereIs(pod.uid)).toBe('active');
  });
});
