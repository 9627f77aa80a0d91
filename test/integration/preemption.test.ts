import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Berth } from '../../src/berth.js';
import { systemClock } from '../../src/clock.js';
import { loadConfiguration } from '../../src/config/load.js';
import { ApiClient } from '../../src/kube/api-client.js';
import { loadCredentials } from '../../src/kube/credentials.js';
import {
  type EmbeddedApiServer,
  type EmbeddedApiServerOptions,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { openFence } from '../../src/kube/write-fence.js';
import { silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { seededRandom } from '../../src/random.js';
import type { Outcome } from '../../src/scheduler/scheduler.js';
import { type PodParts, rawNode, rawPod } from '../build-objects.js';
import { until } from '../unit/kube/until.js';

/* Preemption from end to end: the whole scheduler over HTTP against the embedded API server, whose kubelets end deleted pods. */

type Raw = Readonly<Record<string, unknown>>;
interface SeenPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly nominatedNodeName?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message: string;
      readonly reason: string;
    }[];
  };
}

let api: EmbeddedApiServer;
let metrics: Metrics;
let outcomes: Outcome[];
let berth: Berth;
let end: () => Promise<void>;

/** Starts the API server and Berth. A deleted pod takes `terminationDelayMs` to end. */
async function start(options: EmbeddedApiServerOptions = {}): Promise<void> {
  api = await startEmbeddedApiServer({
    kubelets: true,
    kubeletDelayMs: 1,
    terminationDelayMs: 300,
    ...options,
  });
  const client = new ApiClient(loadCredentials({ server: api.url }), { qps: -1 });
  metrics = new Metrics({ process: false });
  outcomes = [];
  berth = new Berth({
    transport: client,
    configuration: loadConfiguration(undefined, { schedulerName: 'berth', leaderElect: false }),
    fence: openFence,
    metrics,
    logger: silentLogger,
    clock: systemClock,
    random: seededRandom(1),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const stop = new AbortController();
  const running = Promise.all([
    berth.watch({ signal: stop.signal }),
    berth.schedule({ signal: stop.signal }),
  ]);
  end = async () => {
    stop.abort();
    await running;
    await berth.flushEvents();
    await client.close();
    await api.close();
  };
  await until(() => berth.synced);
}

beforeEach(() => {
  end = async () => undefined;
});
afterEach(() => end());

function node(name: string, cpu = '4'): void {
  api.create(rawNode({ name, allocatable: { cpu } }) as never);
}

/** Its priority comes from a class of its own, as on any cluster. */
function pod(name: string, cpu: string, priority: number, parts: PodParts = {}): void {
  const priorityClassName = `priority-${priority}`;
  const kind = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' };
  if (api.get({ ...kind, name: priorityClassName }) === undefined)
    api.create({ ...kind, metadata: { name: priorityClassName }, value: priority });
  const raw = rawPod({ name, requests: { cpu }, ...parts });
  const { uid: _uid, resourceVersion: _version, ...metadata } = raw.metadata as Raw;
  const { priority: _priority, ...spec } = raw.spec as Raw;
  api.create({ ...raw, metadata, spec: { ...spec, priorityClassName } } as never);
}

function find(name: string): SeenPod | undefined {
  return api.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name }) as SeenPod | undefined;
}

const nodeOf = (name: string): string | undefined => find(name)?.spec.nodeName;
const bound = (name: string, on?: string): Promise<void> =>
  until(() => (on === undefined ? (nodeOf(name) ?? '') !== '' : nodeOf(name) === on), `${name} to be bound`);
const condition = (name: string, type: string) =>
  find(name)?.status?.conditions?.find((candidate) => candidate.type === type);

function events(reason: string): { readonly note: string; readonly regarding: { readonly name: string } }[] {
  const all = api.list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }) as unknown as {
    readonly reason: string;
    readonly note: string;
    readonly regarding: { readonly name: string };
  }[];
  return all.filter((event) => event.reason === reason);
}

async function metric(name: string): Promise<string | undefined> {
  const { body } = await metrics.render();
  return body
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.split(' ')[1];
}

describe('a pod that fits nowhere', () => {
  it('gets the place of a less important one, which is told why', async () => {
    await start();
    node('a');
    await until(() => berth.cluster.nodes.nodeCount === 1);
    pod('low', '3', 0);
    await bound('low', 'a');
    pod('high', '2', 10);
    await until(() => condition('low', 'DisruptionTarget') !== undefined);
    expect(condition('low', 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'berth: preempting to accommodate a higher priority pod',
    });
    await until(() => find('high')?.status?.nominatedNodeName === 'a');
    const message =
      '0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement for pod on node a, preempting 1 victims';
    expect(condition('high', 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message,
    });
    const { uid } = find('high')!.metadata;
    await bound('high', 'a');
    expect(find('low')).toBeUndefined();
    await until(() => events('Preempted').length > 0 && events('FailedScheduling').length > 0);
    expect(events('Preempted')).toMatchObject([
      {
        type: 'Normal',
        action: 'Preempting',
        note: `Preempted by pod ${uid} on node a`,
        regarding: { kind: 'Pod', name: 'low' },
        reportingController: 'berth',
      },
    ]);
    expect(events('FailedScheduling')).toMatchObject([{ note: message, regarding: { name: 'high' } }]);
    expect(await metric('scheduler_preemption_attempts_total')).toBe('1');
    expect(await metric('scheduler_preemption_victims_count')).toBe('1');
    expect(await metric('scheduler_preemption_goroutines_execution_total{result="success"}')).toBe('1');
  });

  it('evicts several pods at once, and no more than it has to', async () => {
    await start();
    node('a');
    for (const name of ['v1', 'v2', 'v3', 'v4']) pod(name, '1', 1);
    for (const name of ['v1', 'v2', 'v3', 'v4']) await bound(name);
    pod('high', '3', 10);
    await bound('high', 'a');
    expect(['v1', 'v2', 'v3', 'v4'].filter((name) => find(name) !== undefined)).toHaveLength(1);
    expect(await metric('scheduler_preemption_victims_count')).toBe('1');
  });

  it('gets its place when its victims are gone at once, with no grace', async () => {
    await start({ gracefulDeletion: false });
    node('a');
    for (const name of ['v1', 'v2']) pod(name, '2', 1);
    for (const name of ['v1', 'v2']) await bound(name);
    pod('high', '4', 10);
    await bound('high', 'a');
    expect(await metric('scheduler_preemption_victims_count')).toBe('1');
  });

  it('goes where no disruption budget is violated', async () => {
    await start();
    for (const name of ['a', 'b']) node(name);
    pod('guarded', '3', 1, { labels: { app: 'web' } });
    await bound('guarded');
    pod('other', '3', 5);
    await bound('other');
    api.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'default' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    } as never);
    await until(() => berth.cluster.disruptionBudgets.size === 1);
    const freed = nodeOf('other');
    pod('high', '2', 10);
    await bound('high', freed);
    expect(find('guarded')).toBeDefined();
  });

  it('evicts nobody when it must not', async () => {
    await start();
    node('a');
    pod('low', '3', 0);
    await bound('low');
    const containers = [{ name: 'app', image: 'app', resources: { requests: { cpu: '2' } } }];
    pod('polite', '2', 10, { spec: { preemptionPolicy: 'Never', containers } });
    await until(() => condition('polite', 'PodScheduled') !== undefined);
    expect(condition('polite', 'PodScheduled')?.message).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    );
    expect(find('low')?.metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('while victims are terminating', () => {
  it('the room is kept for the pod, and it evicts nobody else', async () => {
    await start({ terminationDelayMs: 2_500 });
    for (const name of ['a', 'b']) node(name);
    pod('low', '3', 0);
    await bound('low');
    pod('also-low', '3', 1);
    await bound('also-low');
    pod('high', '4', 10);
    await until(() => find('low')?.metadata.deletionTimestamp !== undefined);
    const room = nodeOf('low');
    // Fits beside the victim, and would take the room of the important pod.
    pod('late', '1', 0);
    await until(() => outcomes.some(({ kind, pod: { name } }) => kind === 'bound' && name === 'late'));
    expect(nodeOf('late')).not.toBe(room);
    // Anything that makes the queue try the pod again before its room is free.
    pod('nudge', '1', 0, { nodeName: room! });
    api.delete(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'nudge' },
      { gracePeriodSeconds: 0 },
    );
    await bound('high', room);
    expect(find('also-low')?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('the room is free for others when the pod is deleted', async () => {
    await start({ terminationDelayMs: 1_000 });
    node('a');
    pod('low', '4', 0);
    await bound('low');
    pod('high', '4', 10);
    await until(() => find('low')?.metadata.deletionTimestamp !== undefined);
    pod('late', '4', 0);
    await until(() => condition('late', 'PodScheduled')?.status === 'False');
    api.delete(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'high' },
      { gracePeriodSeconds: 0 },
    );
    await bound('late', 'a');
  });

  it('the pod looks for another place when its node goes', async () => {
    await start({ terminationDelayMs: 60_000 });
    node('a');
    pod('low', '4', 0);
    await bound('low');
    pod('high', '4', 10);
    await until(() => find('high')?.status?.nominatedNodeName === 'a');
    await until(() => find('low')?.metadata.deletionTimestamp !== undefined);
    // The end of the eviction is what the pod is held back for.
    await until(() => events('Preempted').length > 0);
    api.delete({ apiVersion: 'v1', kind: 'Node', name: 'a' });
    node('b');
    await bound('high', 'b');
  });
});

describe('two important pods', () => {
  it('do not count on the same room', async () => {
    await start();
    for (const name of ['a', 'b']) node(name);
    for (const name of ['low-1', 'low-2']) {
      pod(name, '3', 0);
      await bound(name);
    }
    for (const name of ['high-1', 'high-2']) pod(name, '3', 10);
    for (const name of ['high-1', 'high-2']) await bound(name);
    expect([nodeOf('high-1'), nodeOf('high-2')].sort()).toEqual(['a', 'b']);
    expect([find('low-1'), find('low-2')]).toEqual([undefined, undefined]);
  });

  it('one more important than the other take each other’s promise', async () => {
    await start({ terminationDelayMs: 1_500 });
    node('a');
    pod('low', '4', 0);
    await bound('low');
    pod('high', '4', 10);
    await until(() => find('high')?.status?.nominatedNodeName === 'a');
    pod('highest', '4', 20);
    await bound('highest', 'a');
    await until(() => find('high')?.status?.nominatedNodeName === undefined);
  });
});
