import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type {
  BindPlugin,
  NodeFilterPlugin,
  PermitPlugin,
  PostBindPlugin,
  PostFilterPlugin,
  ReservePlugin,
} from '../../../src/framework/plugin.js';
import type { Profile } from '../../../src/framework/profile.js';
import { failure, type Status, unschedulable } from '../../../src/framework/status.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { seededRandom } from '../../../src/random.js';
import { ClusterFeed } from '../../../src/scheduler/cluster-feed.js';
import { Overtaken } from '../../../src/scheduler/overtaken.js';
import { type Outcome, Scheduler } from '../../../src/scheduler/scheduler.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';
import { profileOf } from './scheduling-fixture.js';

let clock: ManualClock;
let cluster: ClusterState;
let queue: SchedulingQueue;
let waiting: WaitingPods;
let scheduler: Scheduler;
let outcomes: Outcome[];
let skipped: Pod[];
let calls: string[];
/** What the API server shows. */
let latest: Map<string, Pod>;
let backlog: number;
/** Set, it is thrown in the middle of the next attempt, where no plugin is at work. */
let fault: Error | undefined;
/** Answers of the plugins; success unless a test says otherwise. */
let reserve: Status | undefined;
let permit: ReturnType<PermitPlugin['permit']>;
let bind: () => Promise<Status | undefined>;
/** Instead of what the filter finds out by itself. */
let verdict: Status | undefined;

const filter: NodeFilterPlugin = {
  name: 'Filter',
  filter: (_cycle, pod, node) =>
    verdict ?? (node.labels.size === pod.labels.size ? undefined : unschedulable('wrong size')),
};
const reserver: ReservePlugin = {
  name: 'Reserver',
  reserve: () => reserve,
  unreserve: (_cycle, pod) => void calls.push(`unreserve ${pod.name}`),
};
const permitter: PermitPlugin = { name: 'Permitter', permit: () => permit };
const binder: BindPlugin = { name: 'Binder', bind: () => bind() };
const postBinder: PostBindPlugin = {
  name: 'PostBinder',
  postBind: (_c, pod) => void calls.push(`after ${pod.name}`),
};
const nominator: PostFilterPlugin = {
  name: 'Nominator',
  postFilter: (_cycle, pod) => {
    if (pod.priority < 0) throw new Error('a fault');
    return pod.priority > 0
      ? { kind: 'nominated', nodeName: 'a', message: 'preemption: room is made' }
      : { kind: 'rejected', status: unschedulable(), clearNomination: false };
  },
};

beforeEach(() => {
  clock = new ManualClock();
  cluster = new ClusterState();
  outcomes = [];
  skipped = [];
  calls = [];
  latest = new Map();
  backlog = 0;
  fault = undefined;
  reserve = undefined;
  permit = undefined;
  verdict = undefined;
  bind = async () => undefined;
  const made = profileOf([filter, reserver, permitter, binder, postBinder, nominator]);
  const profile: Profile = { ...made, bind: [binder] };
  const profiles = new Map([['berth', profile]]);
  queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints: new HintTable(profile.all) }]]),
    less: (a, b) => a.pod.priority > b.pod.priority,
    clock,
  });
  const feed = new ClusterFeed({ cluster, queue, isOurs: (name) => name === 'berth' });
  waiting = new WaitingPods({ clock });
  scheduler = new Scheduler({
    cluster,
    queue,
    feed,
    profiles,
    waiting,
    latest: (uid) => latest.get(uid),
    bindingBacklog: () => backlog,
    clock,
    random: seededRandom(1),
    observer: {
      outcome: (outcome) => outcomes.push(outcome),
      skipped: (pod) => skipped.push(pod),
      algorithm: () => {
        if (fault !== undefined) throw fault;
      },
    },
  });
});

function add(parts: PodParts = {}): Pod {
  const pod = makePod({ name: 'web', uid: 'web', ...parts });
  latest.set(pod.uid, pod);
  queue.add(pod);
  return pod;
}

/** One attempt, and its binding to the end. */
async function attempt(): Promise<void> {
  scheduler.scheduleOne(queue.pop()!);
  await scheduler.drain();
}

describe('a pod that fits', () => {
  beforeEach(() => {
    cluster.setNode(makeNode({ name: 'a' }));
  });

  it('is bound, counts on its node from the decision on, and is out of the queue', async () => {
    add();
    scheduler.scheduleOne(queue.pop()!);
    expect([cluster.isAssumed('web'), scheduler.openBindings, queue.whereIs('web')]).toEqual([
      true,
      1,
      'in-flight',
    ]);
    await scheduler.drain();
    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: 'bound',
        pod: expect.objectContaining({ name: 'web', nodeName: 'a' }),
        placement: expect.objectContaining({ nodeName: 'a', feasibleCount: 1 }),
      }),
    ]);
    expect([cluster.isAssumed('web'), queue.has('web'), scheduler.openBindings]).toEqual([true, false, 0]);
    expect(calls).toEqual(['after web']);
  });

  it('gives its room back when its binding fails, and is tried again after a backoff', async () => {
    bind = async () => failure('no leader');
    add();
    await attempt();
    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: 'pending',
        reason: 'SchedulerError',
        message: 'running Bind plugin "Binder": no leader',
      }),
    ]);
    expect([cluster.podCount, queue.whereIs('web'), calls]).toEqual([0, 'backoff', ['unreserve web']]);
  });

  it('tells others of the room that it gives back when its binding fails', async () => {
    bind = async () => failure('no leader');
    add({ uid: 'big', name: 'big', labels: { size: 'xl' } });
    await attempt();
    add();
    await attempt();
    expect(queue.whereIs('big')).toBe('backoff');
  });

  it('is tried again when a plugin throws instead of answering', async () => {
    bind = () => Promise.reject(new Error('a fault'));
    add();
    await attempt();
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'pending', reason: 'SchedulerError' })]);
    expect([cluster.podCount, queue.whereIs('web')]).toEqual([0, 'backoff']);
  });

  it('is refused by Reserve and Permit in the words of one node, and waits for events of that plugin', async () => {
    add();
    reserve = unschedulable('no disk');
    await attempt();
    reserve = undefined;
    permit = unschedulable('no quorum');
    add({ uid: 'other' });
    await attempt();
    expect([...queue.poolEntries()].map(({ pod, rejectors }) => [pod.uid, [...rejectors]])).toEqual([
      ['web', ['Reserver']],
      ['other', ['Permitter']],
    ]);
    expect(
      outcomes.map((outcome) => outcome.kind === 'pending' && [outcome.reason, outcome.message]),
    ).toEqual([
      ['Unschedulable', '0/1 nodes are available: 1 no disk.'],
      ['Unschedulable', '0/1 nodes are available: 1 no quorum.'],
    ]);
    expect(cluster.podCount).toBe(0);
  });

  it('is refused by a plugin that held it, and only others are told of the room that it gives back', async () => {
    permit = { code: 'WaitUpTo', milliseconds: 60_000 };
    add({ uid: 'big', name: 'big', labels: { size: 'xl' } });
    await attempt();
    add();
    scheduler.scheduleOne(queue.pop()!);
    expect([queue.whereIs('big'), waiting.reject('web', 'Permitter', 'no quorum')]).toEqual([
      'unschedulable',
      true,
    ]);
    await scheduler.drain();
    expect([queue.whereIs('web'), queue.whereIs('big')]).toEqual(['unschedulable', 'backoff']);
    expect(cluster.podCount).toBe(0);
  });

  it('keeps no promise of a node once it has one', () => {
    add({ status: { nominatedNodeName: 'a' } });
    expect(queue.nominator.nodeOf('web')).toBe('a');
    scheduler.scheduleOne(queue.pop()!);
    expect(queue.nominator.isEmpty).toBe(true);
  });

  it('is not tried again while it is assumed', async () => {
    const pod = add();
    const entry = queue.pop()!;
    cluster.assume({ ...pod, nodeName: 'a' });
    scheduler.scheduleOne(entry);
    await scheduler.drain();
    expect([outcomes, queue.has('web'), cluster.isAssumed('web')]).toEqual([[], false, true]);
  });

  it('waits, assumed, as long as a plugin holds it', async () => {
    permit = { code: 'WaitUpTo', milliseconds: 60_000 };
    add();
    scheduler.scheduleOne(queue.pop()!);
    await clock.advance(59_000);
    expect([cluster.isAssumed('web'), outcomes]).toEqual([true, []]);
    waiting.allow('web', 'Permitter');
    await scheduler.drain();
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'bound' })]);
  });
});

describe('a pod about which another decided', () => {
  beforeEach(() => {
    cluster.setNode(makeNode({ name: 'a' }));
  });

  it('is left to that decision when the API server shows it already', async () => {
    const pod = add();
    bind = async () => {
      latest.set('web', { ...pod, nodeName: 'b' });
      return failure('bound already', new Overtaken('b'));
    };
    await attempt();
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'overtaken', by: 'b' })]);
    expect([cluster.podCount, queue.has('web')]).toEqual([0, false]);
  });

  it('waits out a backoff, in silence, when the API server does not show it yet', async () => {
    add();
    bind = async () => failure('bound already', new Overtaken('b'));
    await attempt();
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'overtaken', by: 'b' })]);
    expect(queue.whereIs('web')).toBe('backoff');
  });

  it('keeps its place when the other chose the very same node: the room must not look free meanwhile', async () => {
    add();
    bind = async () => failure('bound already', new Overtaken('a'));
    await attempt();
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'overtaken', by: 'a' })]);
    expect([cluster.isAssumed('web'), queue.has('web'), queue.inFlightPods]).toEqual([true, false, 0]);
  });

  it('is dropped when it was deleted during its attempt', async () => {
    add({ labels: { size: 'xl' } });
    latest.clear();
    await attempt();
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'overtaken', by: 'deletion' })]);
    expect([queue.has('web'), queue.inFlightPods]).toEqual([false, 0]);
  });

  it('is not tried when it is terminating', async () => {
    const pod = add({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    await attempt();
    expect([skipped, outcomes, queue.has('web')]).toEqual([[pod], [], false]);
  });
});

describe('a pod that fits nowhere', () => {
  it('waits for an event, with the reasons of all nodes', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    cluster.setNode(makeNode({ name: 'b' }));
    add({ labels: { size: 'xl' } });
    await attempt();
    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: 'pending',
        reason: 'Unschedulable',
        message: '0/2 nodes are available: 2 wrong size.',
      }),
    ]);
    expect(queue.whereIs('web')).toBe('unschedulable');
  });

  it('says so in other words where there are no nodes, and is tried again after a backoff', async () => {
    add();
    await attempt();
    expect(outcomes).toEqual([
      expect.objectContaining({ reason: 'Unschedulable', message: 'no nodes available to schedule pods' }),
    ]);
    expect(queue.whereIs('web')).toBe('backoff');
  });

  it('is tried again after a backoff where a filter failed, because nothing is known of the nodes', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    verdict = failure('no answer');
    add();
    await attempt();
    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: 'pending',
        reason: 'SchedulerError',
        message: expect.stringContaining('no answer'),
      }),
    ]);
    expect(queue.whereIs('web')).toBe('backoff');
  });

  it('is promised the node that a PostFilter plugin names, and others see the promise', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ labels: { size: 'xl' }, priority: 5 });
    await attempt();
    expect(outcomes).toEqual([
      expect.objectContaining({
        nominate: 'a',
        message: '0/1 nodes are available: 1 wrong size. preemption: room is made',
      }),
    ]);
    expect(queue.nominator.nodeOf('web')).toBe('a');
  });

  it('says what it is promised although it shows that already: an older word may still wait to be written', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ labels: { size: 'xl' }, priority: 5, status: { nominatedNodeName: 'a' } });
    await attempt();
    expect(outcomes[0]).toMatchObject({ nominate: 'a' });
  });

  it('says nothing of a promise that nobody touched', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ labels: { size: 'xl' }, status: { nominatedNodeName: 'a' } });
    await attempt();
    expect(outcomes[0]).not.toHaveProperty('nominate');
    expect(queue.nominator.nodeOf('web')).toBe('a');
  });

  it('waits with the words of a PostFilter plugin that broke down', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ labels: { size: 'xl' }, priority: -1 });
    await attempt();
    expect(outcomes[0]).toMatchObject({
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 wrong size. a fault',
    });
    expect(queue.whereIs('web')).toBe('unschedulable');
  });

  it('returns as the API server shows it now, not as it was when it was popped', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ labels: { size: 'xl' } });
    const entry = queue.pop()!;
    const changed = makePod({ name: 'web', uid: 'web', labels: { size: 'l' } });
    latest.set('web', changed);
    scheduler.scheduleOne(entry);
    expect(entry.pod).toBe(changed);
  });
});

describe('the loop', () => {
  it('schedules what comes, in order, until the signal fires', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ uid: 'low', name: 'low', priority: 1 });
    add({ uid: 'high', name: 'high', priority: 9 });
    const stop = new AbortController();
    const running = scheduler.run({ signal: stop.signal });
    await clock.advance(0);
    add({ uid: 'late', name: 'late' });
    await clock.advance(0);
    expect(outcomes.map(({ pod }) => pod.name)).toEqual(['high', 'low', 'late']);
    stop.abort();
    await running;
    add({ uid: 'after', name: 'after' });
    await clock.advance(0);
    expect(queue.whereIs('after')).toBe('active');
  });

  it('goes on after a pod whose attempt breaks off, and that pod is tried again', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    add({ uid: 'fatal', name: 'fatal' });
    fault = new Error('a fault');
    const stop = new AbortController();
    const running = scheduler.run({ signal: stop.signal });
    await clock.advance(0);
    expect(outcomes).toEqual([
      expect.objectContaining({ kind: 'pending', reason: 'SchedulerError', message: 'Error: a fault' }),
    ]);
    expect(queue.whereIs('fatal')).toBe('backoff');
    fault = undefined;
    add();
    await clock.advance(0);
    expect(outcomes).toContainEqual(expect.objectContaining({ kind: 'bound' }));
    stop.abort();
    await running;
  });

  it('decides nothing more while bindings pile up', async () => {
    cluster.setNode(makeNode({ name: 'a' }));
    backlog = 1_000;
    add();
    const stop = new AbortController();
    const running = scheduler.run({ signal: stop.signal });
    await clock.advance(100);
    expect(outcomes).toEqual([]);
    backlog = 0;
    await clock.advance(100);
    expect(outcomes).toHaveLength(1);
    stop.abort();
    await running;
  });
});
