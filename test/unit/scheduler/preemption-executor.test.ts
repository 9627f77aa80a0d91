import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import { ApiError, type ApiErrorDetails } from '../../../src/kube/api-error.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import type { Preemption } from '../../../src/plugins/default-preemption/preemption-actions.js';
import { Nominator } from '../../../src/queue/nominator.js';
import { PodsInPreBind } from '../../../src/scheduler/pods-in-pre-bind.js';
import { PreemptionExecutor, type PreemptionObserver } from '../../../src/scheduler/preemption-executor.js';
import { StatusWriter } from '../../../src/scheduler/status-writer.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { makePod, type PodParts } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

/** Notes what is asked of it; a test says what fails and what is answered late. */
class RecordingApi implements ApiTransport {
  readonly requests: ApiRequest[] = [];
  /** By `METHOD name`: errors to answer with, in order. */
  readonly failures = new Map<string, ApiErrorDetails[]>();
  /** `METHOD name` of requests that are not answered until released. */
  readonly held = new Map<string, () => void>();

  async request<T>(request: ApiRequest): Promise<T> {
    this.requests.push(request);
    const call = callOf(request);
    if (this.held.has(call)) await new Promise<void>((resolve) => this.held.set(call, resolve));
    const failure = this.failures.get(call)?.shift();
    if (failure !== undefined) throw new ApiError('scripted', failure);
    return {} as T;
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('nothing to watch');
  }

  get calls(): string[] {
    return this.requests.map(callOf);
  }

  fail(call: string, ...codes: number[]): void {
    this.failures.set(
      call,
      codes.map((code) => ({ failure: 'status', code })),
    );
  }
}

function callOf({ method, path }: ApiRequest): string {
  return `${method} ${path.split('/')[6]}`;
}

let api: RecordingApi;
let clock: ManualClock;
let mayWrite: boolean;
let nominator: Nominator;
let latest: Map<string, Pod>;
let activated: string[];
let waiting: WaitingPods;
let preBinding: PodsInPreBind;
let told: unknown[];
let executor: PreemptionExecutor;

beforeEach(() => {
  api = new RecordingApi();
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  mayWrite = true;
  nominator = new Nominator();
  latest = new Map();
  activated = [];
  waiting = new WaitingPods({ clock });
  preBinding = new PodsInPreBind();
  told = [];
  const pods = new PodApi(api);
  const fence = { mayWrite: () => mayWrite };
  const observer: PreemptionObserver = {
    attempted: () => told.push('attempted'),
    began: ({ victims }) => told.push(`began ${victims.length}`),
    evicted: ({ name }, _preemption, how) => told.push(`${how} ${name}`),
    failed: ({ name }, _preemption, { code }) => told.push(`failed ${name} ${code}`),
    ended: (_preemption, result, seconds) => told.push(`${result} after ${seconds} s`),
  };
  executor = new PreemptionExecutor({
    pods,
    statuses: new StatusWriter({ pods, fence, clock }),
    fence,
    clock,
    waiting,
    preBinding,
    queue: () => ({ nominator, activate: (uids) => activated.push(...uids) }),
    latest: (uid) => latest.get(uid),
    observer,
  });
});

function pod(name: string, parts: PodParts = {}): Pod {
  const made = makePod({ name, uid: `uid-of-${name}`, ...parts });
  latest.set(made.uid, made);
  return made;
}

function victims(...names: string[]): Pod[] {
  return names.map((name) => pod(name, { nodeName: 'a' }));
}

function begin(pods: readonly Pod[], parts: PodParts = {}): Preemption {
  const preemption = {
    preemptor: pod('preemptor', { priority: 10, ...parts }),
    nodeName: 'a',
    victims: pods,
  };
  executor.begin(preemption);
  return preemption;
}

const isHeldBack = (): boolean => executor.holdsBack(latest.get('uid-of-preemptor') ?? makePod());

describe('eviction', () => {
  it('says why, then deletes', async () => {
    begin(
      [pod('v', { nodeName: 'a', metadata: { name: 'v', namespace: 'shop', uid: 'u7', generation: 4 } })],
      {
        schedulerName: 'mine',
      },
    );
    await clock.advance(0);
    expect(api.requests).toMatchObject([
      {
        method: 'PATCH',
        path: '/api/v1/namespaces/shop/pods/v/status',
        contentType: 'application/strategic-merge-patch+json',
        body: {
          metadata: { uid: 'u7' },
          status: {
            conditions: [
              {
                type: 'DisruptionTarget',
                status: 'True',
                reason: 'PreemptionByScheduler',
                message: 'mine: preempting to accommodate a higher priority pod',
                lastTransitionTime: '2026-01-01T00:00:00Z',
                observedGeneration: 4,
              },
            ],
          },
        },
      },
      {
        method: 'DELETE',
        path: '/api/v1/namespaces/shop/pods/v',
        body: { kind: 'DeleteOptions', preconditions: { uid: 'u7' } },
      },
    ]);
    expect(told).toEqual(['began 1', 'deleted v', 'success after 0 s']);
    expect(activated).toEqual([]);
  });

  it('does not say again what the pod says already', async () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }];
    begin([pod('v', { nodeName: 'a', status: { conditions } })]);
    await clock.advance(0);
    expect(api.calls).toEqual(['DELETE v']);
  });

  it('is beside the point for pods that are terminating, but they count as victims', async () => {
    const metadata = { name: 'going', uid: 'going', deletionTimestamp: '2026-01-01T00:00:00Z' };
    const going = pod('going', { nodeName: 'a', metadata });
    begin([going]);
    expect(isHeldBack()).toBe(false);
    await clock.advance(0);
    expect([told, api.calls, activated]).toEqual([['began 1'], [], []]);
    told = [];
    begin([...victims('v'), going]);
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH v', 'DELETE v']);
    expect(told).toEqual(['began 2', 'deleted v', 'success after 0 s']);
  });

  it('takes all victims but the last at once, and then the last', async () => {
    for (const name of ['v1', 'v2', 'v3']) api.held.set(`DELETE ${name}`, () => undefined);
    begin(victims('v1', 'v2', 'v3'));
    await clock.advance(0);
    expect(api.calls.filter((call) => call.startsWith('DELETE')).sort()).toEqual(['DELETE v1', 'DELETE v2']);
    api.held.get('DELETE v1')!();
    await clock.advance(0);
    expect(api.calls).not.toContain('PATCH v3');
    api.held.get('DELETE v2')!();
    await clock.advance(0);
    expect(api.calls.slice(-2)).toEqual(['PATCH v3', 'DELETE v3']);
    expect(executor.open).toBe(1);
    api.held.get('DELETE v3')!();
    await executor.idle();
    expect(executor.open).toBe(0);
    expect(told.at(-1)).toBe('success after 0 s');
  });

  it('keeps to sixteen calls at once', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `v${i}`);
    for (const name of names) api.held.set(`PATCH ${name}`, () => undefined);
    begin(victims(...names));
    await clock.advance(0);
    expect(api.calls).toHaveLength(16);
  });

  it.each([
    ['PATCH', 404, ['PATCH v1', 'PATCH v2', 'DELETE v2']],
    ['DELETE', 404, ['PATCH v1', 'DELETE v1', 'PATCH v2', 'DELETE v2']],
    // Another pod has the name by now.
    ['DELETE', 409, ['PATCH v1', 'DELETE v1', 'PATCH v2', 'DELETE v2']],
  ])('of a pod that is gone already is fine and no news (%s: %i)', async (method, code, calls) => {
    api.fail(`${method} v1`, code);
    begin(victims('v1', 'v2'));
    await clock.advance(0);
    expect(api.calls).toEqual(calls);
    expect(told).toEqual(['began 2', 'deleted v2', 'success after 0 s']);
    expect(activated).toEqual([]);
  });

  it('is tried again when the API server cannot take it now', async () => {
    api.fail('PATCH v', 503, 500);
    api.failures.set('DELETE v', [{ failure: 'unreachable' }, { failure: 'ambiguous' }]);
    begin(victims('v'));
    await clock.advance(1_000);
    expect(api.calls).toEqual(['PATCH v', 'PATCH v', 'PATCH v', 'DELETE v', 'DELETE v', 'DELETE v']);
    expect(told).toEqual(['began 1', 'deleted v', 'success after 0.12 s']);
  });

  it('spares the last victim after a failure, and brings the preemptor back', async () => {
    api.fail('DELETE v1', 403);
    begin(victims('v1', 'v2', 'v3'));
    await clock.advance(0);
    expect(api.calls).not.toContain('PATCH v3');
    expect(told).toContain('failed v1 403');
    expect(told.at(-1)).toBe('error after 0 s');
    expect(activated).toEqual(['uid-of-preemptor']);
    expect(isHeldBack()).toBe(false);
  });

  it('spares those whose turn has not come when one fails', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `v${i}`);
    api.fail('PATCH v0', 403);
    begin(victims(...names));
    await clock.advance(0);
    expect(api.calls.length).toBeLessThan(50);
    expect(api.calls).not.toContain('PATCH v28');
  });

  it('does not delete a pod that could not be told why', async () => {
    api.fail('PATCH v', 403);
    begin(victims('v'));
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH v']);
    expect(activated).toEqual(['uid-of-preemptor']);
  });

  it('writes nothing when this process does not lead any more', async () => {
    mayWrite = false;
    begin(victims('v1', 'v2'));
    await clock.advance(0);
    expect(api.calls).toEqual([]);
    expect(told.at(-1)).toBe('error after 0 s');
  });

  it('stops in the middle when leadership is lost', async () => {
    api.held.set('PATCH v', () => undefined);
    begin(victims('v'));
    await clock.advance(0);
    mayWrite = false;
    api.held.get('PATCH v')!();
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH v']);
  });
});

describe('a victim that is not bound yet', () => {
  it('is refused in memory when it waits on Permit, and the preemptor is brought back', async () => {
    const [victim] = victims('v');
    const waited = waiting.wait(victim!.uid, new Map([['Slow', 60_000]]));
    begin([victim!]);
    await clock.advance(0);
    expect(await waited).toEqual({
      code: 'Error',
      reasons: ['preempted'],
      plugin: 'DefaultPreemption',
      cause: undefined,
    });
    expect(api.calls).toEqual([]);
    expect(told).toEqual(['began 1', 'released v', 'success after 0 s']);
    expect(activated).toEqual(['uid-of-preemptor']);
  });

  it('is called back in memory when it is in PreBind', async () => {
    const [victim] = victims('v');
    const signal = preBinding.enter(victim!.uid);
    begin([victim!]);
    await clock.advance(0);
    expect(signal.aborted).toBe(true);
    expect(preBinding.leave(victim!.uid)).toBe('preempted by DefaultPreemption');
    expect(api.calls).toEqual([]);
    expect(told).toContain('released v');
  });

  it('is deleted when it is past PreBind', async () => {
    const [victim] = victims('v');
    preBinding.enter(victim!.uid);
    preBinding.leave(victim!.uid);
    begin([victim!]);
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH v', 'DELETE v']);
  });

  it('does not bring the preemptor back when another one’s deletion is still to come', async () => {
    const [first, second] = victims('first', 'second');
    preBinding.enter(first!.uid);
    begin([first!, second!]);
    await clock.advance(0);
    expect(told).toEqual(['began 2', 'released first', 'deleted second', 'success after 0 s']);
    expect(activated).toEqual([]);
  });
});

describe('the preemptor', () => {
  it('is held back until the last victim is seen on its way out', async () => {
    for (const name of ['v1', 'v2']) api.held.set(`DELETE ${name}`, () => undefined);
    const [, last] = victims('v1', 'v2');
    begin([latest.get('uid-of-v1')!, last!]);
    expect(isHeldBack()).toBe(true);
    await clock.advance(0);
    latest.delete(last!.uid);
    expect(isHeldBack()).toBe(true);
    latest.set(last!.uid, last!);
    api.held.get('DELETE v1')!();
    await clock.advance(0);
    expect(isHeldBack()).toBe(true);
    latest.set(last!.uid, { ...last!, terminating: true });
    expect(isHeldBack()).toBe(false);
    latest.delete(last!.uid);
    expect(isHeldBack()).toBe(false);
    latest.set(last!.uid, last!);
    api.held.get('DELETE v2')!();
    await clock.advance(0);
    expect(executor.open).toBe(0);
    // The answer is there before the watch shows it.
    expect(isHeldBack()).toBe(true);
    latest.delete(last!.uid);
    expect(isHeldBack()).toBe(false);
    expect(activated).toEqual([]);
  });

  it('is not held back for ever by a deletion that nobody ever sees', async () => {
    begin(victims('v'));
    await clock.advance(0);
    await clock.advance(29_000);
    expect(isHeldBack()).toBe(true);
    await clock.advance(2_000);
    expect(isHeldBack()).toBe(false);
  });

  it.each([404, 409])('is not held back by a victim of which the API server says %d', async (code) => {
    api.fail('DELETE v', code);
    begin(victims('v'));
    await clock.advance(0);
    expect(executor.open).toBe(0);
    expect(isHeldBack()).toBe(false);
    expect(activated).toEqual([]);
  });

  it('is held back no more when the room could not be made', async () => {
    api.fail('DELETE v', 403);
    begin(victims('v'));
    await clock.advance(0);
    expect(isHeldBack()).toBe(false);
    expect(activated).toEqual(['uid-of-preemptor']);
  });

  it('holds nobody else back', () => {
    begin(victims('v'));
    expect(executor.holdsBack(makePod())).toBe(false);
  });

  it('is brought back when the last victim vanished while it was held back', async () => {
    api.held.set('DELETE v1', () => undefined);
    const pods = victims('v1', 'v2');
    begin(pods);
    await clock.advance(0);
    latest.delete(pods[1]!.uid);
    api.held.get('DELETE v1')!();
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH v1', 'DELETE v1']);
    expect(activated).toEqual(['uid-of-preemptor']);
    expect(told.at(-1)).toBe('success after 0 s');
  });

  it('is asked for as it is known now, with a nomination that the API server does not show yet', () => {
    const seen = pod('preemptor');
    expect(executor.current(makePod({ uid: seen.uid }))).toBe(seen);
    nominator.nominate(seen, 'a');
    expect(executor.current(seen)).toMatchObject({ uid: seen.uid, nominatedNodeName: 'a' });
    const shown = pod('preemptor', { status: { nominatedNodeName: 'b' } });
    expect(executor.current(seen)).toBe(shown);
    expect(executor.current(makePod())).toBeUndefined();
  });
});

describe('nominations of the node', () => {
  function nominate(name: string, priority: number, nodeName: string): Pod {
    const nominated = pod(name, { priority, status: { nominatedNodeName: nodeName } });
    nominator.nominate(nominated, nodeName);
    return nominated;
  }

  it('of others are known', () => {
    const promised = nominate('some', 1, 'a');
    expect(executor.isPromised('a', pod('other'))).toBe(true);
    expect(executor.isPromised('a', promised)).toBe(false);
    expect(executor.isPromised('b', pod('other'))).toBe(false);
  });

  it('are taken from less important pods, at once here and then at the API server', async () => {
    for (const [name, priority] of [
      ['weaker', 9],
      ['equal', 10],
      ['stronger', 11],
    ] as const)
      nominate(name, priority, 'a');
    nominate('elsewhere', 1, 'b');
    begin(victims('v'));
    expect(nominator.podsFor('a').map(({ name }) => name)).toEqual(['equal', 'stronger']);
    expect(nominator.podsFor('b')).toHaveLength(1);
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH weaker', 'PATCH v', 'DELETE v']);
    expect(api.requests[0]!.body).toEqual({
      metadata: { uid: 'uid-of-weaker' },
      status: { nominatedNodeName: null },
    });
  });

  it('that cannot be taken do not keep the victims, but bring the preemptor back', async () => {
    nominate('weaker', 1, 'a');
    api.fail('PATCH weaker', 403);
    begin(victims('v'));
    await clock.advance(0);
    expect(api.calls).toEqual(['PATCH weaker', 'PATCH v', 'DELETE v']);
    expect(told).toEqual(['began 1', 'failed weaker 403', 'deleted v', 'error after 0 s']);
    expect(activated).toEqual(['uid-of-preemptor']);
  });

  it('of pods that are gone are no trouble', async () => {
    nominate('weaker', 1, 'a');
    api.fail('PATCH weaker', 404);
    begin(victims('v'));
    await clock.advance(0);
    expect(told.at(-1)).toBe('success after 0 s');
  });
});

describe('several preemptions at once', () => {
  it('do not wait for each other', async () => {
    api.held.set('DELETE slow', () => undefined);
    begin(victims('slow'));
    const other = pod('other', { priority: 10 });
    const [quick] = victims('quick');
    executor.begin({ preemptor: other, nodeName: 'b', victims: [quick!] });
    await clock.advance(0);
    expect(told).toContain('deleted quick');
    latest.delete(quick!.uid);
    expect(executor.holdsBack(other)).toBe(false);
    expect(isHeldBack()).toBe(true);
    expect(executor.open).toBe(1);
  });
});
