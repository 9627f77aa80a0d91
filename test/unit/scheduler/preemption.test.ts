import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { clusterEvent } from '../../../src/framework/cluster-events.js';
import type { Cycle } from '../../../src/framework/cycle.js';
import type {
  BindPlugin,
  NodeFilterPlugin,
  PermitPlugin,
  Plugin,
  PreBindPlugin,
  ReservePlugin,
} from '../../../src/framework/plugin.js';
import { failure, type Status, unresolvable, unschedulable } from '../../../src/framework/status.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { SchedulerWorld } from './scheduler-world.js';

const cpu = (name: string, amount: string, priority = 0, parts: PodParts = {}): Pod =>
  makePod({ name, uid: `uid-of-${name}`, priority, requests: { cpu: amount }, ...parts });
const running = (name: string, amount: string, priority = 0, nodeName = 'a'): Pod =>
  cpu(name, amount, priority, { nodeName });

/** One node of four CPUs, called `a`. */
function world(...plugins: Plugin[]): SchedulerWorld {
  const made = new SchedulerWorld([new NodeResourcesFit(), ...plugins]);
  made.node(makeNode({ name: 'a' }));
  return made;
}

const holding = (ms = 60_000, only?: string): PermitPlugin => ({
  name: 'Holding',
  permit: (_cycle, { name }) =>
    only === undefined || name === only ? { code: 'WaitUpTo', milliseconds: ms } : undefined,
});

/** Takes its time in PreBind until its signal fires; pods of other names have nothing to do there. */
const slowPreBind = (name: string): PreBindPlugin => ({
  name: 'Slow',
  preBindPreFlight: (_cycle, pod) => (pod.name === name ? undefined : 'skip'),
  preBind: (_cycle, _pod, _nodeName, options) =>
    new Promise((resolve) => {
      options!.signal!.addEventListener('abort', () => resolve(failure('interrupted')));
    }),
});

describe('a nomination', () => {
  it('counts at once, and is written with the reason', async () => {
    const it = world();
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '3', 10));
    await it.attempt();
    expect(it.queue.nominator.nodeOf(high.uid)).toBe('a');
    expect(it.writtenNominations).toEqual([['high', 'a']]);
    expect(it.calls).toContain('DELETE low');
    it.show({ ...running('low', '4'), terminating: true, preempted: true });
    // Not as important: must not take what becomes free.
    const late = it.show(cpu('late', '2', 5));
    await it.attempt();
    it.remove(running('low', '4'));
    it.queue.activate([late.uid]);
    it.queue.delete(high.uid);
    it.queue.nominator.nominate(high, 'a');
    await it.attempt();
    expect(it.outcome(late)).toMatchObject({ kind: 'pending', reason: 'Unschedulable' });
  });

  it('that the API server does not show yet keeps the pod from preempting once more', async () => {
    const it = world();
    it.node(makeNode({ name: 'b' }));
    it.show(running('low', '4', 0, 'a'));
    it.show(running('other', '4', 1, 'b'));
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    it.show({ ...running('low', '4'), terminating: true, preempted: true });
    it.queue.activate([high.uid]);
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({
      message: expect.stringMatching(/not eligible due to a terminating pod on the nominated node\.$/),
    });
    expect(it.calls).not.toContain('DELETE other');
    expect(it.queue.nominator.nodeOf(high.uid)).toBe('a');
  });

  it('is taken first when its room is free, whatever fits elsewhere', async () => {
    const it = world();
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    it.node(makeNode({ name: 'b', allocatable: { cpu: '64' } }));
    it.remove(running('low', '4'));
    it.queue.activate([high.uid]);
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({ kind: 'bound', placement: { nodeName: 'a', nominated: true } });
    expect(it.queue.nominator.isEmpty).toBe(true);
  });

  it('is cleared when preemption cannot help any more', async () => {
    const it = world();
    it.show(running('equal', '4', 10));
    const pod = it.show(cpu('high', '4', 10, { status: { nominatedNodeName: 'a' } }));
    expect(it.queue.nominator.nodeOf(pod.uid)).toBe('a');
    await it.attempt();
    expect(it.queue.nominator.isEmpty).toBe(true);
    expect(it.writtenNominations).toEqual([['high', '']]);
  });

  it('is written once, however often the pod fails in the same way', async () => {
    const it = world();
    it.show(running('equal', '4', 10));
    const pod = it.show(cpu('high', '4', 10));
    for (let round = 0; round < 3; round++) {
      await it.attempt();
      it.queue.activate([pod.uid]);
    }
    expect(it.calls).toEqual(['PATCH high']);
    expect(it.writtenNominations).toEqual([]);
  });

  it('is cleared by an attempt that ends in an error', async () => {
    let isBroken = false;
    const breaking: NodeFilterPlugin = {
      name: 'Breaking',
      filter: () => {
        if (isBroken) throw new Error('broken');
        return undefined;
      },
    };
    const it = world(breaking);
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '3', 10));
    await it.attempt();
    expect(it.queue.nominator.nodeOf(high.uid)).toBe('a');
    isBroken = true;
    it.remove(running('low', '4'));
    it.queue.activate([high.uid]);
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({ reason: 'SchedulerError' });
    expect(it.queue.nominator.isEmpty).toBe(true);
    expect(it.writtenNominations).toEqual([
      ['high', 'a'],
      ['high', ''],
    ]);
  });

  it('ends for those who had to respect it when its pod is deleted, seen by the API server or not', async () => {
    const it = world();
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    it.remove(running('low', '4'));
    await it.clock.advance(0);
    const late = cpu('late', '4', 5);
    it.queue.delete(high.uid);
    it.queue.nominator.nominate(high, 'a');
    it.show(late);
    await it.attempt();
    expect(it.queue.whereIs(late.uid)).toBe('unschedulable');
    it.remove(high);
    expect(it.queue.whereIs(late.uid)).not.toBe('unschedulable');
  });

  it('that was never shown and is taken back frees its room for others', async () => {
    const it = world();
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    const late = it.show(cpu('late', '1', 5));
    it.remove(running('low', '4'));
    it.queue.activate([late.uid]);
    it.queue.delete(high.uid);
    it.queue.nominator.nominate(high, 'a');
    await it.attempt();
    expect(it.queue.whereIs(late.uid)).toBe('unschedulable');
    it.show(running('equal', '3', 10));
    it.queue.add(high);
    it.queue.nominator.nominate(high, 'a');
    await it.attempt();
    expect(it.queue.nominator.isEmpty).toBe(true);
    expect(it.queue.whereIs(late.uid)).not.toBe('unschedulable');
  });

  it('is kept when a failing PostFilter plugin keeps preemption from having its say', async () => {
    const failing = {
      name: 'Failing',
      postFilter: () => ({ kind: 'rejected', status: failure('not found'), clearNomination: true }),
    } as const;
    const it = world(failing);
    it.show(running('low', '4'));
    const pod = it.show(cpu('high', '4', 10, { status: { nominatedNodeName: 'a' } }));
    await it.attempt();
    expect(it.outcome(pod)).toMatchObject({
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu. not found',
    });
    expect(it.queue.nominator.nodeOf(pod.uid)).toBe('a');
    expect(it.queue.whereIs(pod.uid)).toBe('unschedulable');
    expect(it.calls).toEqual(['PATCH high']);
  });

  it('is taken from a less important pod of the same node', async () => {
    const it = world();
    it.show(running('low', '4'));
    const weaker = it.show(cpu('weaker', '1', 1, { status: { nominatedNodeName: 'a' } }));
    it.show(cpu('high', '4', 10));
    await it.attempt();
    expect(it.queue.nominator.nodeOf(weaker.uid)).toBeUndefined();
    expect(it.writtenNominations).toContainEqual(['weaker', '']);
  });
});

describe('a pod that preempts', () => {
  it('comes back when what was refused on a node without its victims is there', async () => {
    // Whoever is in the way hides from filters that come first what a node without its pods lacks.
    let isThere = false;
    const stock: NodeFilterPlugin = {
      name: 'Stock',
      events: [{ resource: 'PersistentVolume', action: Action.Add }],
      filter: () => (isThere ? undefined : unresolvable('out of stock')),
    };
    const it = world(stock);
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({ message: expect.stringContaining('1 out of stock') });
    isThere = true;
    it.queue.onEvent(clusterEvent('PersistentVolume', 'Add', Action.Add), undefined, {});
    await it.clock.advance(10_000);
    it.queue.flushBackoff();
    await it.attempt();
    expect(it.writtenNominations).toEqual([['high', 'a']]);
  });

  it('is held back while its victims are evicted, and comes back when the last one has left', async () => {
    const it = world();
    const [first, last] = [running('first', '2', 2), running('last', '2', 1)];
    for (const victim of [first, last]) it.show(victim);
    const high = it.show(cpu('high', '4', 10));
    const entry = it.queue.pop()!;
    it.scheduler.scheduleOne(entry);
    // Before the API server was asked for anything: one of them leaves by itself.
    it.remove(first);
    expect(it.queue.whereIs(high.uid)).toBe('gated');
    await it.clock.advance(0);
    expect(it.queue.whereIs(high.uid)).toBe('gated');
    it.remove(last);
    expect(it.queue.whereIs(high.uid)).toBe('backoff');
  });

  it('is tried again when an eviction fails', async () => {
    const it = world();
    it.show(running('low', '4'));
    it.api.refusals.set('DELETE low', 403);
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    expect(it.queue.whereIs(high.uid)).toBe('active');
    it.api.refusals.clear();
    await it.attempt();
    expect(it.calls.filter((call) => call === 'DELETE low')).toHaveLength(2);
  });

  it('gets the place of a pod that waits on Permit, which is not deleted but tried again', async () => {
    const it = world(holding(60_000, 'low'));
    const low = it.show(cpu('low', '4'));
    await it.attempt();
    expect(it.waiting.has(low.uid)).toBe(true);
    expect(it.writtenNominations).toEqual([['low', 'a']]);
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    expect(it.waiting.size).toBe(0);
    expect(it.outcome(low)).toMatchObject({
      kind: 'pending',
      reason: 'SchedulerError',
      message: 'preempted',
    });
    expect(it.queue.whereIs(low.uid)).toBe('backoff');
    expect(it.calls.filter((call) => call.startsWith('DELETE'))).toEqual([]);
    expect(it.writtenNominations).toContainEqual(['low', '']);
    expect(it.queue.whereIs(high.uid)).toBe('active');
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({ kind: 'bound', pod: { nodeName: 'a' } });
  });

  it('gets the place of a pod in PreBind, whose plugin is told to stop', async () => {
    const it = world(slowPreBind('low'));
    const low = it.show(cpu('low', '4'));
    await it.attempt();
    expect(it.preBinding.size).toBe(1);
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    expect(it.outcome(low)).toMatchObject({
      reason: 'SchedulerError',
      message: 'preempted by DefaultPreemption',
    });
    expect(it.calls.filter((call) => call.startsWith('DELETE'))).toEqual([]);
    expect(it.cluster.pod(low.uid)).toBeUndefined();
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({ kind: 'bound' });
  });

  it('comes back when its victim leaves whose binding failed meanwhile, and which never was on the node', async () => {
    let failBinding = (): void => {};
    const it = world({
      name: 'SlowBind',
      bind: (_cycle: Cycle, { name }: Pod) =>
        name !== 'low'
          ? Promise.resolve(undefined)
          : new Promise<Status>((resolve) => {
              failBinding = () => resolve(failure('the node would not take the pod any more'));
            }),
    } as BindPlugin);
    const low = it.show(cpu('low', '4'));
    await it.attempt();
    const high = it.show(cpu('high', '4', 10));
    await it.attempt();
    expect(it.calls).toContain('DELETE low');
    failBinding();
    await it.clock.advance(0);
    expect(it.outcome(low)).toMatchObject({ kind: 'pending' });
    // What was taken back is free, but the preemptor is held back until its victim is seen to go.
    await it.clock.advance(10_000);
    it.queue.flushBackoff();
    expect(it.queue.whereIs(high.uid)).toBe('gated');
    it.remove(low);
    expect(it.queue.whereIs(high.uid)).toBe('active');
    await it.attempt();
    expect(it.outcome(high)).toMatchObject({ kind: 'bound', pod: { nodeName: 'a' } });
  });

  it('may go while its victims leave: they leave all the same, and nothing is left of it', async () => {
    const it = world();
    it.show(running('low', '4'));
    const high = it.show(cpu('high', '4', 10));
    it.scheduler.scheduleOne(it.queue.pop()!);
    it.remove(high);
    await it.clock.advance(0);
    expect(it.calls).toContain('DELETE low');
    expect(it.executor.open).toBe(0);
    expect(it.queue.has(high.uid)).toBe(false);
    expect(it.queue.nominator.isEmpty).toBe(true);
  });
});

describe('a pod on its way to its node', () => {
  it('is not written to when nothing delays its binding', async () => {
    const it = world();
    const pod = it.show(cpu('plain', '1'));
    await it.attempt();
    expect(it.outcome(pod)).toMatchObject({ kind: 'bound' });
    expect(it.calls).toEqual([]);
  });

  it('is under way for the queue while it waits on Permit, and no longer', async () => {
    const it = world(holding(60_000, 'slow'), slowPreBind('slow'));
    const pod = it.show(cpu('slow', '1'));
    await it.attempt();
    expect(it.queue.whereIs(pod.uid)).toBe('in-flight');
    it.waiting.allow(pod.uid, 'Holding');
    await it.clock.advance(0);
    expect(it.queue.has(pod.uid)).toBe(false);
    expect(it.preBinding.size).toBe(1);
  });

  it('that Permit refuses waits for what can help it, and its own leaving does not', async () => {
    const it = world(holding(1_000, 'slow'));
    const pod = it.show(cpu('slow', '4'));
    const other = it.show(cpu('other', '4', -1));
    await it.attempt();
    await it.attempt();
    expect(it.queue.whereIs(other.uid)).toBe('unschedulable');
    await it.clock.advance(1_000);
    expect(it.outcome(pod)).toMatchObject({
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 rejected due to timeout after waiting 1s at plugin Holding.',
      nominate: '',
    });
    expect(it.queue.whereIs(pod.uid)).toBe('unschedulable');
    expect(it.queue.whereIs(other.uid)).not.toBe('unschedulable');
  });

  it('that is deleted while it waits on Permit gives its room back at once', async () => {
    const it = world(holding(60_000, 'slow'));
    const pod = it.show(cpu('slow', '4'));
    await it.attempt();
    it.show({ ...pod, resourceVersion: 'later', terminating: true });
    await it.clock.advance(0);
    expect(it.waiting.size).toBe(0);
    expect(it.cluster.pod(pod.uid)).toBeUndefined();
    it.remove(pod);
    expect(it.queue.has(pod.uid)).toBe(false);
  });

  it.each([
    [
      'refuses',
      unschedulable('no room'),
      'Unschedulable',
      '0/1 nodes are available: 1 no room.',
      'unschedulable',
    ],
    ['fails', failure('broken'), 'SchedulerError', 'running Reserve plugin "Reserving": broken', 'backoff'],
  ] as const)(
    'loses its nomination when a Reserve plugin %s',
    async (_what, status, reason, message, place) => {
      const reserving: ReservePlugin = {
        name: 'Reserving',
        reserve: () => status,
        unreserve: () => undefined,
      };
      const it = world(reserving);
      const pod = it.show(cpu('pod', '1', 0, { status: { nominatedNodeName: 'a' } }));
      await it.attempt();
      expect(it.outcome(pod)).toMatchObject({ reason, message, nominate: '' });
      expect(it.queue.whereIs(pod.uid)).toBe(place);
      expect(it.queue.nominator.isEmpty).toBe(true);
      expect(it.writtenNominations).toEqual([['pod', '']]);
    },
  );

  it.each([
    ['refuses', unschedulable('no'), 'Unschedulable', 'no'],
    ['fails', failure('broken'), 'SchedulerError', 'running PreBind plugin "Preparing": broken'],
  ] satisfies [string, Status, string, string][])(
    'is tried again after a backoff, and loses its nomination, when a PreBind plugin %s',
    async (_what, status, reason, message) => {
      const preparing: PreBindPlugin = { name: 'Preparing', preBind: async () => status };
      const it = world(preparing);
      const pod = it.show(cpu('pod', '1'));
      await it.attempt();
      expect(it.outcome(pod)).toMatchObject({ reason, message, nominate: '' });
      expect(it.queue.whereIs(pod.uid)).toBe('backoff');
      expect(it.writtenNominations).toEqual([
        ['pod', 'a'],
        ['pod', ''],
      ]);
    },
  );
});
