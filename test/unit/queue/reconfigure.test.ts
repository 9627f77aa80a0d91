import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import type { PreEnqueuePlugin, QueuedPod } from '../../../src/framework/plugin.js';
import { unresolvable } from '../../../src/framework/status.js';
import { HintTable } from '../../../src/queue/hints.js';
import { type QueuePolicy, SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { makePod, type PodParts } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

const silent = { name: 'Silent', events: [] };
const gate: PreEnqueuePlugin = { name: 'Gate', events: [], preEnqueue: () => unresolvable('shut') };
const first = (a: QueuedPod, b: QueuedPod): boolean => a.timestamp < b.timestamp;
const last = (a: QueuedPod, b: QueuedPod): boolean => a.timestamp > b.timestamp;

/** A policy for pods of these scheduler names. */
function policy(
  names: readonly string[],
  options: Partial<QueuePolicy> & { readonly gated?: boolean } = {},
): QueuePolicy {
  const { gated = false, ...others } = options;
  const profile = { preEnqueue: gated ? [gate] : [], hints: new HintTable([silent, gate]) };
  return { profiles: new Map(names.map((name) => [name, profile])), less: first, ...others };
}

let clock: ManualClock;
let queue: SchedulingQueue;
let incoming: string[];
let rejected: Map<string, number>;

beforeEach(() => {
  clock = new ManualClock();
  incoming = [];
  rejected = new Map();
  queue = new SchedulingQueue({
    ...policy(['berth', 'other']),
    clock,
    observer: {
      incoming: (name, event) => incoming.push(`${name}/${event}`),
      rejectedBy: (plugin, _profile, delta) => rejected.set(plugin, (rejected.get(plugin) ?? 0) + delta),
    },
  });
});

function add(parts: PodParts = {}): Pod {
  const pod = makePod(parts);
  queue.add(pod);
  return pod;
}

function refuse(pod: Pod): void {
  queue.putBack(queue.pop()!, pod, { rejectors: new Set(['Silent']) });
}

function popAll(): (string | undefined)[] {
  const found: string[] = [];
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) found.push(entry.pod.uid);
  return found;
}

describe('another policy for the queue', () => {
  it('sorts those that wait by its own order', async () => {
    const early = add();
    await clock.advance(1);
    const late = add();
    queue.reconfigure(policy(['berth'], { less: last }));
    expect(popAll()).toEqual([late.uid, early.uid]);
  });

  it('brings refused pods back when their backoff is over, whatever the hints say', async () => {
    const pod = add();
    refuse(pod);
    queue.reconfigure(policy(['berth']));
    expect([queue.whereIs(pod.uid), incoming.at(-1)]).toEqual(['backoff', 'backoff/ConfigurationReload']);
    await clock.advance(2_000);
    queue.flushBackoff();
    expect(queue.whereIs(pod.uid)).toBe('active');
  });

  it('keeps the attempts that a pod has behind it', async () => {
    const pod = add();
    refuse(pod);
    await clock.advance(60_000);
    queue.reconfigure(policy(['berth']));
    expect(queue.pop()).toMatchObject({ attempts: 2 });
  });

  it('waits for the length of its own backoff', async () => {
    const pod = add();
    refuse(pod);
    queue.reconfigure(policy(['berth'], { backoff: { initialMs: 5_000, maxMs: 5_000 } }));
    await clock.advance(3_000);
    queue.flushBackoff();
    expect(queue.whereIs(pod.uid)).toBe('backoff');
    await clock.advance(3_000);
    queue.flushBackoff();
    expect(queue.whereIs(pod.uid)).toBe('active');
  });

  it('tries a pod again that was under way when it came, also if the pod was refused by the former one', () => {
    const pod = add();
    const entry = queue.pop()!;
    queue.reconfigure(policy(['berth']));
    queue.putBack(entry, pod, { rejectors: new Set(['Silent']) });
    expect(queue.whereIs(pod.uid)).toBe('backoff');
  });

  it('opens gates that it does not have, and shuts those that it has', () => {
    queue.reconfigure(policy(['berth'], { gated: true }));
    const pod = add();
    expect(queue.whereIs(pod.uid)).toBe('gated');
    queue.reconfigure(policy(['berth']));
    expect(queue.whereIs(pod.uid)).toBe('active');
    queue.reconfigure(policy(['berth'], { gated: true }));
    expect(queue.whereIs(pod.uid)).toBe('gated');
    expect(queue.counts).toEqual({ active: 0, backoff: 0, unschedulable: 0, gated: 1 });
  });

  it('lets go of pods that nobody schedules any more, and of what was counted for them', () => {
    const refused = add({ schedulerName: 'other', metadata: {} });
    refuse(refused);
    const waiting = add({ schedulerName: 'other' });
    queue.nominator.nominate(waiting, 'a');
    expect(rejected.get('Silent')).toBe(1);
    queue.reconfigure(policy(['berth']));
    expect([queue.has(refused.uid), queue.has(waiting.uid), rejected.get('Silent')]).toEqual([
      false,
      false,
      0,
    ]);
    expect(queue.nominator.isEmpty).toBe(true);
    expect(popAll()).toEqual([]);
  });
});
