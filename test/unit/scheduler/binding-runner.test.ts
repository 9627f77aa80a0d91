import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type { BindPlugin, Plugin, PreBindPlugin } from '../../../src/framework/plugin.js';
import { createProfile } from '../../../src/framework/profile.js';
import { Registry } from '../../../src/framework/registry.js';
import { failure, type Status, unschedulable } from '../../../src/framework/status.js';
import { type BindingEnd, BindingRunner } from '../../../src/scheduler/binding-runner.js';
import { PodsInPreBind } from '../../../src/scheduler/pods-in-pre-bind.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

let clock: ManualClock;
let waiting: WaitingPods;
let preBinding: PodsInPreBind;
let steps: string[];
let held: string[];
let pod: Pod;
let decidedAt: number | undefined;
let hushMs: number;

beforeEach(() => {
  clock = new ManualClock();
  waiting = new WaitingPods({ clock });
  preBinding = new PodsInPreBind();
  steps = [];
  held = [];
  hushMs = 0;
  pod = makePod({ nodeName: 'a' });
});

/** Notes each step; PreFlight and PreBind answer as told. */
function preBinder(
  name: string,
  answers: {
    readonly preFlight?: ReturnType<NonNullable<PreBindPlugin['preBindPreFlight']>> | (() => never);
    readonly preBind?: (signal: AbortSignal) => Promise<Status | undefined>;
  } = {},
): PreBindPlugin {
  return {
    name,
    preBindPreFlight: () => {
      steps.push(`preflight ${name}`);
      return typeof answers.preFlight === 'function' ? answers.preFlight() : answers.preFlight;
    },
    preBind: async (_cycle, _pod, _nodeName, options) => {
      steps.push(`prebind ${name}`);
      return answers.preBind?.(options!.signal!);
    },
  };
}

function run(plugins: readonly PreBindPlugin[], waits: Record<string, number> = {}): Promise<BindingEnd> {
  const bind: BindPlugin = {
    name: 'Binder',
    bind: async (_cycle, _pod, _nodeName, options) => {
      steps.push('bind');
      decidedAt = options?.decidedAt;
      return undefined;
    },
  };
  const registry = new Registry();
  const sort: Plugin = { name: 'Sort', less: () => false } as Plugin;
  for (const plugin of [sort, bind, ...plugins])
    registry.register({ name: plugin.name, points: [], create: () => plugin });
  const cluster = new ClusterState();
  const profile = createProfile({
    schedulerName: 'berth',
    plugins: {
      queueSort: [{ name: 'Sort' }],
      bind: [{ name: 'Binder' }],
      preBind: plugins.map(({ name }) => ({ name })),
    },
    pluginArgs: {},
    registry,
    handle: { cluster },
  });
  const runner = new BindingRunner({
    waiting,
    preBinding,
    clock,
    hush: async () => {
      steps.push('hush');
      if (hushMs > 0) await clock.sleep(hushMs);
    },
    nominate: async (_pod, nodeName) => void steps.push(`nominate ${nodeName}`),
    settled: () => steps.push('settled'),
    held: ({ nodeName }, by) => held.push(`from ${nodeName} by ${by.join(' and ')}`),
    permitWaited: (code, seconds) => steps.push(`waited ${seconds} s: ${code}`),
  });
  return runner.run({
    cycle: new Cycle(pod, cluster.nodes),
    profile,
    pod,
    waits: new Map(Object.entries(waits)),
    signal: new AbortController().signal,
  });
}

describe('a binding', () => {
  it('of a plain pod writes nothing but the binding', async () => {
    expect(await run([preBinder('Idle', { preFlight: 'skip' })])).toEqual({ kind: 'bound' });
    expect(steps).toEqual(['preflight Idle', 'hush', 'settled', 'bind']);
  });

  it('tells where the pod is going to be before PreBind plugins work, and leaves out those with nothing to do', async () => {
    expect(await run([preBinder('A'), preBinder('Idle', { preFlight: 'skip' }), preBinder('B')])).toEqual({
      kind: 'bound',
    });
    expect(steps).toEqual([
      'preflight A',
      'preflight Idle',
      'preflight B',
      'hush',
      'nominate a',
      'settled',
      'prebind A',
      'prebind B',
      'bind',
    ]);
  });

  it('says since when it was decided, however long an earlier condition took to be written', async () => {
    const before = clock.monotonic();
    hushMs = 3_000;
    const end = run([]);
    await clock.advance(3_000);
    expect(await end).toEqual({ kind: 'bound' });
    expect(decidedAt).toBe(before);
  });

  it('tells within a second who keeps the pod from its node: on Permit who has not agreed yet, then PreBind', async () => {
    const slow = { preBind: async () => clock.sleep(9_000).then(() => undefined) };
    const end = run([preBinder('Volumes', slow)], { Gang: 60_000, Quota: 60_000 });
    await clock.advance(600);
    waiting.allow(pod.uid, 'Quota');
    expect(held).toEqual([]);
    await clock.advance(200);
    expect(held).toEqual(['from a by Gang']);
    await clock.advance(5_000);
    waiting.allow(pod.uid, 'Gang');
    await clock.advance(500);
    expect(held).toHaveLength(1);
    await clock.advance(10_000);
    expect(await end).toEqual({ kind: 'bound' });
    expect(held).toEqual(['from a by Gang', 'from a by Volumes']);
  });

  it('does not blame plugins for what its own writes take', async () => {
    hushMs = 5_000;
    const end = run([preBinder('Volumes')]);
    await clock.advance(6_000);
    expect(await end).toEqual({ kind: 'bound' });
    expect(held).toEqual([]);
  });

  it('says nothing of a pod that is let go soon, or refused', async () => {
    const soon = run(
      [preBinder('Volumes', { preBind: async () => clock.sleep(100).then(() => undefined) })],
      {
        Gang: 60_000,
      },
    );
    await clock.advance(500);
    waiting.allow(pod.uid, 'Gang');
    await clock.advance(150);
    expect(await soon).toEqual({ kind: 'bound' });
    const refused = run([preBinder('Volumes')], { Gang: 60_000 });
    await clock.advance(500);
    waiting.reject(pod.uid, 'Gang', 'no');
    await refused;
    await clock.advance(5_000);
    expect(held).toEqual([]);
  });

  it('counts as decided when Permit lets it go', async () => {
    const before = clock.monotonic();
    const end = run([], { Slow: 5_000 });
    await clock.advance(2_000);
    waiting.allow(pod.uid, 'Slow');
    await end;
    expect(decidedAt).toBe(before + 2_000);
  });

  it('tells where the pod is going to be while it waits on Permit, and concerns the queue until that is over', async () => {
    const end = run([], { Slow: 5_000 });
    await clock.advance(2_000);
    expect(steps).toEqual(['hush', 'nominate a']);
    waiting.allow(pod.uid, 'Slow');
    expect(await end).toEqual({ kind: 'bound' });
    expect(steps).toEqual(['hush', 'nominate a', 'waited 2 s: Success', 'settled', 'bind']);
  });

  it('ends with the refusal of a Permit plugin', async () => {
    const end = run([preBinder('A')], { Slow: 5_000 });
    await clock.advance(5_000);
    expect(await end).toMatchObject({
      kind: 'failed',
      during: 'permit',
      status: { code: 'Unschedulable', plugin: 'Slow' },
    });
    expect(steps).not.toContain('settled');
    expect(steps).not.toContain('prebind A');
  });

  it('can be refused as soon as it has begun', async () => {
    const end = run([], { Slow: 5_000 });
    expect(waiting.preempt(pod.uid, 'DefaultPreemption')).toBe(true);
    expect(await end).toMatchObject({ during: 'permit', status: { code: 'Error', reasons: ['preempted'] } });
  });

  it.each([
    ['fails', failure('broken'), 'running PreBindPreFlight "A": broken'],
    [
      'refuses the pod',
      unschedulable('no'),
      'PreBindPreFlight A returned "Unschedulable", which is unsupported. It is supposed to return Success, Skip, or Error status',
    ],
    [
      'throws',
      (): never => {
        throw new Error('broken');
      },
      'running PreBindPreFlight "A": Error: broken',
    ],
  ])('ends when PreFlight %s, also one that waits', async (_what, preFlight, message) => {
    const end = await run([preBinder('A', { preFlight })], { Slow: 5_000 });
    expect(end).toMatchObject({
      kind: 'failed',
      during: 'binding',
      status: { code: 'Error', reasons: [message] },
    });
    expect(waiting.size).toBe(0);
    expect(steps).not.toContain('bind');
  });

  it('ends with the first PreBind plugin that fails', async () => {
    const failing = preBinder('A', { preBind: async () => failure('broken') });
    expect(await run([failing, preBinder('B')])).toMatchObject({
      during: 'binding',
      status: { code: 'Error', reasons: ['running PreBind plugin "A": broken'], plugin: 'A' },
    });
    expect(steps).not.toContain('prebind B');
    expect(preBinding.size).toBe(0);
  });

  it('is called back in PreBind by a preemption, though the plugin got its work done', async () => {
    let finish = (): void => undefined;
    let heard: AbortSignal | undefined;
    const slow = preBinder('A', {
      preBind: (signal) => {
        heard = signal;
        return new Promise((resolve) => {
          finish = () => resolve(undefined);
        });
      },
    });
    const end = run([slow]);
    await clock.advance(0);
    expect(preBinding.cancel(pod.uid, 'preempted by DefaultPreemption')).toBe(true);
    expect(heard?.aborted).toBe(true);
    finish();
    expect(await end).toMatchObject({
      during: 'binding',
      status: { code: 'Error', reasons: ['preempted by DefaultPreemption'] },
    });
    expect(steps).not.toContain('bind');
  });

  it('cannot be called back when no PreBind plugin has work', async () => {
    const end = run([]);
    expect(preBinding.cancel(pod.uid, 'too late')).toBe(false);
    expect(await end).toEqual({ kind: 'bound' });
  });
});
