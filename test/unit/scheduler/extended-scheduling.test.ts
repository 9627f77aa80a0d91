import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';
import { Extender } from '../../../src/extenders/extender.js';
import { Extenders } from '../../../src/extenders/extenders.js';
import type { PostFilterPlugin } from '../../../src/framework/plugin.js';
import { unschedulable } from '../../../src/framework/status.js';
import type { Preemption } from '../../../src/plugins/default-preemption/preemption-actions.js';
import { decideOnly } from '../../../src/plugins/default-preemption/preemption-actions.js';
import { DefaultPreemption } from '../../../src/plugins/default-preemption.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { seededRandom } from '../../../src/random.js';
import { ClusterFeed } from '../../../src/scheduler/cluster-feed.js';
import { extenderRejector } from '../../../src/scheduler/extended-evaluation.js';
import { type Outcome, Scheduler } from '../../../src/scheduler/scheduler.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { makeNode, type PodParts, rawPod } from '../../build-objects.js';
import { answersStatus, dealtWith, ExtenderServer, hangs, passesAll } from '../../extender-server.js';
import { ManualClock } from '../../manual-clock.js';
import { until } from '../kube/until.js';
import { profileOf } from './scheduling-fixture.js';

/* The scheduler with an extender behind real HTTP; the test is the API server, and moves the clock. */

const projectPod = createPodProjector();
const gpu = 'example.com/gpu';

let server: ExtenderServer;
let clock: ManualClock;
let cluster: ClusterState;
let queue: SchedulingQueue;
let feed: ClusterFeed;
let extenders: Extenders;
let scheduler: Scheduler;
let shown: Map<string, Pod>;
let outcomes: Outcome[];
let skipped: string[];
let preemptions: Preemption[];
/** What a PostFilter plugin behind DefaultPreemption was told of node a. */
let toldLater: (string | undefined)[];
/** Set, it is thrown by whoever looks up a pod next. */
let fault: Error | undefined;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  server = await ExtenderServer.start();
  server.on('filter', passesAll);
  clock = new ManualClock();
  cluster = new ClusterState();
  shown = new Map();
  outcomes = [];
  skipped = [];
  preemptions = [];
  toldLater = [];
  fault = undefined;
  stop = new AbortController();
  running = Promise.resolve();
  build();
});
afterEach(async () => {
  stop.abort();
  await running;
  await extenders.close();
  await server.stop();
});

function build(verbs: { readonly preemptVerb?: string } = {}): void {
  const latest = (uid: string): Pod | undefined => {
    const thrown = fault;
    fault = undefined;
    if (thrown !== undefined) throw thrown;
    return shown.get(uid);
  };
  const configuration = {
    urlPrefix: server.url,
    filterVerb: 'filter',
    preemptVerb: '',
    prioritizeVerb: '',
    bindVerb: '',
    weight: 1,
    enableHTTPS: false,
    tlsConfig: undefined,
    httpTimeoutMs: 5_000,
    nodeCacheCapable: true,
    managedResources: [{ name: gpu, ignoredByScheduler: true }],
    ignorable: false,
    ...verbs,
  };
  extenders = new Extenders([new Extender({ configuration, tls: {}, clock: systemClock })], {
    cluster,
    latest,
    isOurs: () => true,
  });
  const last: PostFilterPlugin = {
    name: 'Last',
    postFilter: (cycle, _pod, rejections) => {
      toldLater.push(rejections.statusOf(cycle.nodes.slotOf('a')!)?.reasons.join());
      return { kind: 'rejected', status: unschedulable('nothing to add'), clearNomination: false };
    },
  };
  const actions = {
    ...decideOnly,
    current: (pod: Pod) => latest(pod.uid),
    begin: (preemption: Preemption) => preemptions.push(preemption),
  };
  const profile = profileOf([
    new NodeResourcesFit({
      ignoredResources: [gpu],
      scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'cpu', weight: 1 }] },
    }),
    new DefaultPreemption(undefined, { profile: 'berth', cluster }, { random: () => 0, actions }),
    last,
  ]);
  queue = new SchedulingQueue({
    profiles: new Map([
      ['berth', { preEnqueue: [], hints: new HintTable([...profile.all, { name: extenderRejector }]) }],
    ]),
    less: (a, b) => a.pod.priority > b.pod.priority,
    clock,
  });
  feed = new ClusterFeed({ cluster, queue, isOurs: () => true });
  scheduler = new Scheduler({
    cluster,
    queue,
    feed,
    profiles: new Map([['berth', profile]]),
    waiting: new WaitingPods({ clock }),
    latest,
    extendersFor: (pod) => extenders.forPod(pod),
    bindingBacklog: () => 0,
    clock,
    random: seededRandom(1),
    observer: {
      outcome: (outcome) => outcomes.push(outcome),
      skipped: ({ name }) => skipped.push(name),
    },
  });
}

/** The watch delivers a pod, new or changed. */
function show(name: string, parts: PodParts = {}): Pod {
  const raw = rawPod({ name, uid: name, ...parts });
  const pod = projectPod(raw);
  extenders.kept.pod(pod, raw);
  const old = shown.get(name);
  shown.set(name, pod);
  if (old === undefined) feed.podAdded(pod);
  else feed.podUpdated(old, pod);
  return pod;
}

function remove(name: string): void {
  const old = shown.get(name)!;
  shown.delete(name);
  feed.podDeleted(old);
}

const managed = { [gpu]: '1' };
const gpuPod = (name: string, parts: PodParts = {}): Pod =>
  show(name, { requests: { ...managed, cpu: '1' }, ...parts });
const plainPod = (name: string, parts: PodParts = {}): Pod =>
  show(name, { requests: { cpu: '1' }, ...parts });

function run(): void {
  running = scheduler.run({ signal: stop.signal });
}

const asked = (count: number): Promise<void> =>
  until(() => server.requests.length >= count, `${count} requests`);
const ended = (...names: readonly string[]): Promise<void> =>
  until(
    () => names.every((name) => outcomes.some(({ pod }) => pod.name === name)),
    `an outcome for ${names}`,
  );
const outcome = (name: string): Outcome | undefined => outcomes.findLast(({ pod }) => pod.name === name);

/** An answer that waits for the test. */
function held(verb: string): { release(): void } {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.on(verb, async ({ body }) => {
    await until;
    return { NodeNames: body.NodeNames, NodeNameToMetaVictims: body.NodeNameToMetaVictims };
  });
  return { release };
}

describe('a pod that concerns an extender', () => {
  beforeEach(() => feed.nodeAdded(makeNode({ name: 'a' })));

  it('is placed where the extender lets it, and others are not asked about', async () => {
    run();
    plainPod('plain');
    gpuPod('gpu');
    await ended('plain', 'gpu');
    expect(outcomes.map(({ kind, pod }) => [kind, pod.name, pod.nodeName])).toEqual([
      ['bound', 'plain', 'a'],
      ['bound', 'gpu', 'a'],
    ]);
    expect(server.asked('filter').map(({ Pod }) => Pod.metadata.name)).toEqual(['gpu']);
  });

  it('waits for any event when the extender refuses it', async () => {
    server.on('filter', () => ({ NodeNames: [], FailedAndUnresolvableNodes: { a: 'no licence' } }));
    run();
    gpuPod('gpu');
    await ended('gpu');
    expect(outcome('gpu')).toMatchObject({
      kind: 'pending',
      reason: 'Unschedulable',
      message: expect.stringContaining('0/1 nodes are available: 1 no licence. preemption: 0/1 nodes'),
    });
    expect(queue.whereIs('gpu')).toBe('unschedulable');
    plainPod('other', { nodeName: 'a' });
    expect(queue.whereIs('gpu')).toBe('backoff');
  });

  it('is tried again after a backoff when the extender fails, and says why', async () => {
    server.on('filter', answersStatus(500));
    run();
    gpuPod('gpu');
    await ended('gpu');
    expect(outcome('gpu')).toMatchObject({
      kind: 'pending',
      reason: 'SchedulerError',
      message: `failed filter with extender at URL ${server.url}/filter, code 500`,
    });
    expect(queue.whereIs('gpu')).toBe('backoff');
    server.on('filter', passesAll);
    await clock.advance(2_000);
    queue.flushBackoff();
    await until(() => outcome('gpu')?.kind === 'bound');
  });

  it('sees what happened in the meantime: no node gets more than it has', async () => {
    const answer = held('filter');
    run();
    gpuPod('gpu', { requests: { ...managed, cpu: '3' } });
    await asked(1);
    plainPod('faster', { nodeName: 'a', requests: { cpu: '2' } });
    answer.release();
    await ended('gpu');
    expect(outcome('gpu')).toMatchObject({ message: expect.stringContaining('1 Insufficient cpu') });
    // The event came while it was under way: it is not the one that refused it.
    expect(queue.whereIs('gpu')).toBe('unschedulable');
    remove('faster');
    expect(queue.whereIs('gpu')).toBe('backoff');
  });

  it('comes back for what happened while it waited', async () => {
    const answer = held('filter');
    run();
    plainPod('big', { nodeName: 'a', requests: { cpu: '3' } });
    feed.nodeAdded(makeNode({ name: 'b' }));
    gpuPod('gpu', { requests: { ...managed, cpu: '2' } });
    await asked(1);
    expect(server.asked('filter')[0].NodeNames).toEqual(['b']);
    remove('big');
    plainPod('faster', { nodeName: 'b', requests: { cpu: '3' } });
    answer.release();
    // Node a, which nobody was asked about, has room by now: the event that told so came while the pod was under way.
    await until(() => outcome('gpu')?.kind === 'bound');
    expect(outcomes).toMatchObject([
      { kind: 'pending', reason: 'Unschedulable' },
      { pod: { nodeName: 'a' } },
    ]);
  });

  it.each([
    ['deleted', () => remove('gpu'), { kind: 'overtaken', by: 'deletion' }],
    ['bound by somebody else', () => void gpuPod('gpu', { nodeName: 'a' }), { kind: 'overtaken', by: 'a' }],
  ])('is left alone when it was %s while the extender was asked', async (_what, happen, expected) => {
    const answer = held('filter');
    run();
    gpuPod('gpu');
    await asked(1);
    happen();
    answer.release();
    await ended('gpu');
    expect(outcomes).toMatchObject([expected]);
    expect([queue.has('gpu'), cluster.isAssumed('gpu')]).toEqual([false, false]);
  });

  it('is left alone when it began to terminate while the extender was asked', async () => {
    const answer = held('filter');
    run();
    gpuPod('gpu');
    await asked(1);
    gpuPod('gpu', {
      metadata: { uid: 'gpu', namespace: 'default', name: 'gpu', deletionTimestamp: '2026-01-01T00:00:00Z' },
    });
    answer.release();
    await until(() => skipped.includes('gpu'));
    expect([outcomes, queue.has('gpu')]).toEqual([[], false]);
  });

  it('is decided about as it is by then, not as it was', async () => {
    const answer = held('filter');
    run();
    gpuPod('gpu');
    await asked(1);
    gpuPod('gpu', { requests: { ...managed, cpu: '5' } });
    answer.release();
    await ended('gpu');
    expect(outcome('gpu')).toMatchObject({ message: expect.stringContaining('1 Insufficient cpu') });
  });

  it('is given back without a word when the program ends', async () => {
    server.on('filter', hangs);
    run();
    gpuPod('gpu');
    await asked(1);
    stop.abort();
    await running;
    expect([outcomes, queue.has('gpu'), queue.inFlightPods]).toEqual([[], true, 0]);
  });

  it('does not take others with it when something breaks down after the answer', async () => {
    server.on('filter', (request, response) => {
      fault = new Error('broken down');
      return passesAll(request, response);
    });
    run();
    gpuPod('gpu', { priority: 1 });
    plainPod('plain');
    await ended('gpu', 'plain');
    expect(outcomes[0]).toMatchObject({ reason: 'SchedulerError', message: 'Error: broken down' });
    expect(outcome('plain')?.kind).toBe('bound');
  });
});

describe('other pods', () => {
  beforeEach(() => feed.nodeAdded(makeNode({ name: 'a' })));

  it('wait for their turn while an extender is asked: whoever came first chooses first', async () => {
    const answer = held('filter');
    run();
    gpuPod('gpu', { priority: 1, requests: { ...managed, cpu: '3' } });
    plainPod('plain', { requests: { cpu: '3' } });
    await asked(1);
    await clock.advance(900);
    expect(outcomes).toEqual([]);
    answer.release();
    await ended('gpu', 'plain');
    expect([outcome('gpu')?.kind, outcome('plain')?.kind]).toEqual(['bound', 'pending']);
  });

  it('go on after a second, also those that concern the same extender', async () => {
    const waiting: (() => void)[] = [];
    server.on('filter', async ({ body }, response) => {
      if (body.Pod.metadata.name !== 'gpu-1') return { NodeNames: body.NodeNames };
      await new Promise<void>((resolve) => waiting.push(resolve));
      response.end(JSON.stringify({ NodeNames: body.NodeNames }));
      return dealtWith;
    });
    run();
    gpuPod('gpu-1', { priority: 1 });
    plainPod('plain');
    gpuPod('gpu-2');
    await asked(1);
    await clock.advance(1_000);
    await ended('plain', 'gpu-2');
    expect(outcome('gpu-1')).toBeUndefined();
    waiting[0]!();
    await ended('gpu-1');
    expect(outcomes.map(({ kind }) => kind)).toEqual(['bound', 'bound', 'bound']);
  });

  it('go on beside sixteen attempts at most; further pods of that extender are told to come back', async () => {
    const answer = held('filter');
    run();
    for (let i = 0; i < 17; i++) gpuPod(`gpu-${i}`, { priority: 1, requests: managed });
    plainPod('plain');
    await asked(1);
    // The first one is waited for; then the extender is known to be slow.
    await clock.advance(1_000);
    await ended('plain', 'gpu-16');
    await asked(16);
    expect(outcomes.map(({ kind, pod }) => [kind, pod.name])).toEqual([
      ['pending', 'gpu-16'],
      ['bound', 'plain'],
    ]);
    expect(outcome('gpu-16')).toMatchObject({
      reason: 'SchedulerError',
      message: '16 attempts wait for an answer of its extenders already',
    });
    expect(queue.whereIs('gpu-16')).toBe('backoff');
    answer.release();
    await ended(...Array.from({ length: 16 }, (_, i) => `gpu-${i}`));
    await clock.advance(2_000);
    queue.flushBackoff();
    await until(() => outcome('gpu-16')?.kind === 'bound');
  });
});

describe('preemption with an extender', () => {
  beforeEach(() => {
    build({ preemptVerb: 'preempt' });
    server.on('preempt', ({ body }) => ({ NodeNameToMetaVictims: body.NodeNameToMetaVictims }));
    for (const name of ['a', 'b']) {
      feed.nodeAdded(makeNode({ name }));
      plainPod(`victim-${name}`, { nodeName: name, requests: { cpu: '4' } });
    }
  });

  const urgent = (): Pod => gpuPod('urgent', { priority: 5 });
  const victims = () =>
    preemptions.map(({ nodeName, victims: pods }) => [nodeName, ...pods.map(({ uid }) => uid)]);

  it('evicts those whom the extender agrees to', async () => {
    server.on('preempt', ({ body: { NodeNameToMetaVictims } }) => ({
      NodeNameToMetaVictims: { b: NodeNameToMetaVictims.b },
    }));
    run();
    urgent();
    await ended('urgent');
    expect(victims()).toEqual([['b', 'victim-b']]);
    expect(outcome('urgent')).toMatchObject({
      kind: 'pending',
      nominate: 'b',
      message:
        '0/2 nodes are available: 2 Insufficient cpu. preemption: found a potential placement for pod on node b, preempting 1 victims',
    });
    expect(toldLater).toEqual([]);
  });

  it('does not ask about pods that do not concern it', async () => {
    run();
    plainPod('urgent', { priority: 5 });
    await ended('urgent');
    expect([preemptions.length, server.requests.length]).toEqual([1, 0]);
  });

  it('evicts nobody when the extender refuses all, and leaves the promise as it is', async () => {
    server.on('preempt', () => ({}));
    run();
    urgent();
    await ended('urgent');
    expect(preemptions).toEqual([]);
    const pending = outcome('urgent') as Outcome & { kind: 'pending' };
    expect(pending.message).toBe(
      '0/2 nodes are available: 2 Insufficient cpu. preemption: no candidate node for preemption, nothing to add',
    );
    expect(pending.nominate).toBeUndefined();
    // Whoever comes behind an extender's answer is told how things are by then.
    expect(toldLater).toEqual(['Insufficient cpu']);
  });

  it('tells what the extender failed with', async () => {
    server.on('preempt', answersStatus(503));
    run();
    urgent();
    await ended('urgent');
    expect(outcome('urgent')).toMatchObject({
      message: `0/2 nodes are available: 2 Insufficient cpu. preemption: failed preempt with extender at URL ${server.url}/preempt, code 503`,
    });
    expect([preemptions, toldLater]).toEqual([[], []]);
  });

  it.each([
    ['was deleted', () => remove('urgent')],
    ['was bound', () => void gpuPod('urgent', { nodeName: 'b', priority: 5 })],
  ])('evicts nobody for a pod that %s in the meantime', async (_what, happen) => {
    const answer = held('preempt');
    run();
    urgent();
    await asked(1);
    happen();
    answer.release();
    await ended('urgent');
    expect(preemptions).toEqual([]);
    expect(outcome('urgent')).toMatchObject({ kind: 'overtaken' });
  });

  it('does not ask the next plugin about a view that is gone: by then the pod may fit', async () => {
    server.on('preempt', () => {
      remove('victim-a');
      return {};
    });
    run();
    urgent();
    // The deletion came while it was under way: it is tried again.
    await until(() => outcome('urgent')?.kind === 'bound');
    expect([toldLater, preemptions, outcomes.length]).toEqual([[], [], 2]);
  });

  it('evicts nobody when the program ends', async () => {
    server.on('preempt', hangs);
    run();
    urgent();
    await asked(1);
    stop.abort();
    await running;
    expect([preemptions, outcomes, queue.has('urgent')]).toEqual([[], [], true]);
  });
});
