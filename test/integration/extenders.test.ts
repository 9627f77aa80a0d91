import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Berth } from '../../src/berth.js';
import { systemClock } from '../../src/clock.js';
import { loadConfiguration } from '../../src/config/load.js';
import { ApiClient } from '../../src/kube/api-client.js';
import { loadCredentials } from '../../src/kube/credentials.js';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { openFence } from '../../src/kube/write-fence.js';
import { silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { seededRandom } from '../../src/random.js';
import type { Outcome } from '../../src/scheduler/scheduler.js';
import { type NodeParts, type PodParts, rawNode, rawPod } from '../build-objects.js';
import {
  answersStatus,
  dealtWith,
  type ExtenderBehaviour,
  ExtenderServer,
  floods,
  hangs,
  passesAll,
  stopsHalfWay,
} from '../extender-server.js';
import { BerthProcess, kubeconfigFor, temporaryFile } from './berth-process.js';
import { eventually } from './eventually.js';
import { sumOf } from './exposition.js';

/* HTTP extenders from end to end: the whole scheduler against the embedded API server, and an extender that does well, or harm. */

const license = 'example.com/licence';
const podKind = { apiVersion: 'v1', kind: 'Pod', namespace: 'default' } as const;

interface StoredPod {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly nominatedNodeName?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

let api: EmbeddedApiServer;
let server: ExtenderServer;
let metrics: Metrics;
let outcomes: Outcome[];
let end: () => Promise<void>;

beforeEach(async () => {
  api = await startEmbeddedApiServer({ kubelets: true, kubeletDelayMs: 1, terminationDelayMs: 100 });
  server = await ExtenderServer.start();
  server.on('filter', passesAll);
  end = async () => undefined;
});
afterEach(async () => {
  await BerthProcess.killAll();
  await end();
  await server.stop();
  await api.close();
});
afterAll(() => BerthProcess.close());

/** A configuration file with extenders, as lines of YAML flow mappings. */
function configuration(...extenders: readonly string[]): string {
  return [
    'apiVersion: kubescheduler.config.k8s.io/v1',
    'kind: KubeSchedulerConfiguration',
    'leaderElection: {leaderElect: false}',
    'profiles: [{schedulerName: berth}]',
    'extenders:',
    ...extenders.map((extender) => `- {urlPrefix: "${server.url}", ${extender}}`),
    '',
  ].join('\n');
}

/** Looks after pods that ask for a licence, which no node has. */
const managing = (...more: readonly string[]): string =>
  [
    'nodeCacheCapable: true',
    `managedResources: [{name: ${license}, ignoredByScheduler: true}]`,
    ...more,
  ].join(', ');

async function start(...extenders: readonly string[]): Promise<void> {
  const client = new ApiClient(loadCredentials({ server: api.url }), { qps: -1 });
  metrics = new Metrics({ process: false });
  outcomes = [];
  const berth = new Berth({
    transport: client,
    configuration: loadConfiguration('berth.yaml', {}, { readFile: () => configuration(...extenders) }),
    fence: openFence,
    metrics,
    logger: silentLogger,
    clock: systemClock,
    random: seededRandom(1),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const stop = new AbortController();
  const watching = new AbortController();
  const scheduling = berth.schedule({ signal: stop.signal });
  const watch = berth.watch({ signal: watching.signal });
  end = async () => {
    stop.abort();
    await scheduling;
    berth.abandon();
    watching.abort();
    await watch;
    await client.close();
  };
  await eventually('the first synchronisation', () => berth.synced);
}

function node(name: string, parts: NodeParts = {}): void {
  api.create(rawNode({ name, ...parts }) as never);
}

function plain(name: string, parts: PodParts = {}): void {
  api.create(rawPod({ name, requests: { cpu: '100m' }, ...parts }) as never);
}

/** A pod that concerns an extender. */
function licensed(name: string, parts: PodParts = {}): void {
  plain(name, { ...parts, requests: { [license]: '1', ...(parts.requests ?? { cpu: '100m' }) } });
}

const read = (name: string): StoredPod | undefined => api.get({ ...podKind, name }) as StoredPod | undefined;
const nodeOf = (name: string): string => read(name)?.spec.nodeName ?? '';
const condition = (name: string) =>
  read(name)?.status.conditions?.find(({ type }) => type === 'PodScheduled');

async function bound(...names: readonly string[]): Promise<void> {
  await eventually(`${names} to be bound`, () => names.every((name) => nodeOf(name) !== ''), {
    state: () => outcomes?.slice(-3).map((outcome) => JSON.stringify(outcome).slice(0, 300)),
  });
}

async function refused(name: string, reason: string): Promise<string> {
  await eventually(`${name} to be refused for ${reason}`, () => condition(name)?.reason === reason, {
    state: () => condition(name),
  });
  return condition(name)?.message ?? '';
}

const metric = async (name: string, labels: Record<string, string>): Promise<number> =>
  sumOf((await metrics.render()).body, name, labels);

describe('an extender', () => {
  it('chooses among the nodes, and for its own resources alone', async () => {
    for (const name of ['a', 'b', 'c']) node(name);
    server
      .on('filter', () => ({ NodeNames: ['b', 'c'], FailedNodes: { a: 'no licence left' } }))
      .on('prioritize', () => [
        { Host: 'b', Score: 1 },
        { Host: 'c', Score: 10 },
      ]);
    await start(managing('filterVerb: filter', 'prioritizeVerb: prioritize', 'weight: 10'));
    const names = ['l-1', 'l-2', 'l-3'];
    for (const name of names) licensed(name);
    plain('other');
    await bound(...names, 'other');
    expect(names.map(nodeOf)).toEqual(['c', 'c', 'c']);
    const asked = server.asked('filter');
    expect(asked.map(({ Pod }) => Pod.metadata.name).sort()).toEqual(names);
    expect([...asked[0].NodeNames].sort()).toEqual(['a', 'b', 'c']);
    expect(server.asked('prioritize')[0].NodeNames).toEqual(['b', 'c']);
    const labels = { extender: server.url, verb: 'filter', result: 'success' };
    expect(await metric('berth_extender_duration_seconds_count', labels)).toBe(3);
  });

  it('that keeps no nodes is sent whole ones, with the whole pod', async () => {
    node('a', { metadata: { name: 'a', annotations: { licence: '7' } } });
    node('b');
    server.on('filter', ({ body }) => ({
      // biome-ignore lint/suspicious/noExplicitAny: the edge where JSON is decoded.
      Nodes: { items: body.Nodes.items.filter((item: any) => item.metadata.annotations?.licence === '7') },
    }));
    await start('filterVerb: filter');
    plain('web', { metadata: { name: 'web', annotations: { team: 'blue' } } });
    await bound('web');
    expect(nodeOf('web')).toBe('a');
    const [{ Pod, Nodes, NodeNames }] = server.asked('filter');
    expect(NodeNames).toBeNull();
    expect(Nodes.items).toHaveLength(2);
    expect(Nodes.items[0].status.allocatable.cpu).toBe('4');
    expect(Pod.metadata.annotations).toEqual({ team: 'blue' });
    expect(Pod.spec.containers[0].image).toBe('registry.example/app:1');
  });

  it('that refuses a pod is told so in its condition, and asked again when something happens', async () => {
    node('a');
    server.on('filter', () => ({ NodeNames: [], FailedAndUnresolvableNodes: { a: 'no licence left' } }));
    await start(managing('filterVerb: filter'));
    licensed('web');
    expect(await refused('web', 'Unschedulable')).toBe(
      '0/1 nodes are available: 1 no licence left. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
    // Between two attempts: while one is under way the pod counts as refused by nobody.
    await eventually(
      'the pod to be counted as refused',
      async () => (await metric('scheduler_unschedulable_pods', { plugin: 'Extender' })) === 1,
    );
    server.on('filter', passesAll);
    plain('other');
    await bound('other', 'web');
  });

  it('that binds is left the binding', async () => {
    node('a');
    server.on('bind', async ({ body: { PodName, PodNamespace, PodUID, Node } }) => {
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: PodName, namespace: PodNamespace, uid: PodUID },
        target: { kind: 'Node', name: Node },
      };
      const url = `${api.url}/api/v1/namespaces/${PodNamespace}/pods/${PodName}/binding`;
      const headers = { 'content-type': 'application/json' };
      const { ok } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(binding) });
      return { Error: ok ? '' : 'the API server said no' };
    });
    await start(managing('bindVerb: bind'));
    licensed('web');
    plain('other');
    await bound('web', 'other');
    expect(server.requests.map(({ path }) => path)).toEqual(['/bind']);
    expect(server.asked('bind')).toEqual([
      { PodName: 'web', PodNamespace: 'default', PodUID: read('web')?.metadata.uid, Node: 'a' },
    ]);
    await eventually('the outcome', () => outcomes.filter(({ kind }) => kind === 'bound').length === 2);
    await eventually(
      'no assumption to be left',
      async () => (await metric('scheduler_cache_size', { type: 'assumed_pods' })) === 0,
    );
  });

  it('has its say in who has to leave', async () => {
    for (const name of ['a', 'b']) {
      node(name);
      plain(`on-${name}`, { nodeName: name, requests: { cpu: '4' } });
    }
    server.on('preempt', ({ body: { NodeNameToMetaVictims } }) => ({
      NodeNameToMetaVictims: { b: NodeNameToMetaVictims.b },
    }));
    await start(managing('filterVerb: filter', 'preemptVerb: preempt'));
    api.create({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 10,
    });
    const { spec, ...rest } = rawPod({ name: 'urgent', requests: { [license]: '1', cpu: '2' } });
    const { priority: _priority, ...classed } = spec as Record<string, unknown>;
    api.create({ ...rest, spec: { ...classed, priorityClassName: 'urgent' } } as never);
    await bound('urgent');
    expect(nodeOf('urgent')).toBe('b');
    expect([read('on-a') !== undefined, read('on-b') !== undefined]).toEqual([true, false]);
  });

  it('cannot bring more onto a node than it has, however late its answer is', async () => {
    node('a', { allocatable: { cpu: '1' } });
    let release = (): void => undefined;
    const answers = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.on('filter', async (request, response) => {
      await answers;
      return passesAll(request, response);
    });
    await start(managing('filterVerb: filter'));
    licensed('late', { requests: { cpu: '600m' } });
    await eventually('the question', () => server.requests.length === 1);
    plain('first', { requests: { cpu: '600m' } });
    await bound('first');
    release();
    expect(await refused('late', 'Unschedulable')).toContain('1 Insufficient cpu');
  });
});

const nonsense: ExtenderBehaviour = () => '{"NodeNames": 7}';
const lies: ExtenderBehaviour = () => ({ NodeNames: ['a', 'made-up'] });
const saysError: ExtenderBehaviour = () => ({ NodeNames: ['a'], Error: 'out of order' });
const breaksOff: ExtenderBehaviour = (_request, response) => {
  response.socket?.resetAndDestroy();
  return dealtWith;
};

describe.each<[string, ExtenderBehaviour, string]>([
  ['hangs', hangs, ': no answer within 300 ms'],
  ['stops half way', stopsHalfWay, ': no answer within 300 ms'],
  ['answers without end', floods(), ': the answer is larger than 8388608 bytes'],
  ['answers 10 MB', floods(10_000_000), ': the answer is larger than 8388608 bytes'],
  ['answers 500', answersStatus(500), ', code 500'],
  ['answers nonsense', nonsense, ': in the answer NodeNames is not a list'],
  ['breaks off', breaksOff, ''],
  ['lies', lies, 'claims a filtered node "made-up" which is not found in the input node list'],
  ['says that it failed', saysError, 'out of order'],
])('an extender that %s', (_what, behaviour, message) => {
  // Short only for those that never come to an end: whoever answers has time to.
  const httpTimeout = message.includes('300 ms') ? '300ms' : '10s';

  it('holds up pods that it manages, which say why and are tried again, and no others', async () => {
    node('a');
    server.on('filter', behaviour);
    await start(managing('filterVerb: filter', `httpTimeout: ${httpTimeout}`));
    licensed('web');
    plain('first');
    expect(await refused('web', 'SchedulerError')).toContain(message);
    plain('second');
    await bound('first', 'second');
    expect(nodeOf('web')).toBe('');
    server.on('filter', passesAll);
    await bound('web');
  });

  it('is passed over where it may be', async () => {
    node('a');
    node('b');
    // What is nonsense about nodes says of a binding that all is well.
    const binds = behaviour === lies || behaviour === nonsense ? saysError : behaviour;
    server.on('filter', behaviour).on('prioritize', behaviour).on('bind', binds);
    const verbs = ['filterVerb: filter', 'prioritizeVerb: prioritize', 'weight: 1', 'bindVerb: bind'];
    await start(managing(...verbs, `httpTimeout: ${httpTimeout}`, 'ignorable: true'));
    licensed('web');
    plain('other');
    await bound('web', 'other');
    expect(server.asked('filter').length).toBeGreaterThan(0);
    expect(await metric('berth_extender_duration_seconds_count', { verb: 'filter', result: 'success' })).toBe(
      0,
    );
  });
});

describe('an extender that only scores', () => {
  it.each([
    ['hangs', hangs],
    ['answers 500', answersStatus(500)],
    ['scores nodes that do not exist', (() => [{ Host: 'z', Score: 1 }]) as ExtenderBehaviour],
  ])('is not missed when it %s', async (_what, behaviour) => {
    for (const name of ['a', 'b']) node(name);
    server.on('prioritize', behaviour);
    await start(managing('prioritizeVerb: prioritize', 'weight: 1', 'httpTimeout: 300ms'));
    licensed('web');
    await bound('web');
  });
});

describe('berth run with extenders', () => {
  it('starts, asks them, and ends in good order while one hangs', async () => {
    node('a');
    server.on('filter', hangs);
    const file = temporaryFile(configuration(managing('filterVerb: filter', 'httpTimeout: 60s')));
    const berth = BerthProcess.run(kubeconfigFor(api.url), '--config', file);
    await berth.ready();
    plain('other');
    await bound('other');
    licensed('web');
    await eventually('the question', () => server.requests.length === 1);
    expect(await berth.end('SIGTERM')).toBe(0);
    expect(berth.complaints).toEqual([]);
    expect(nodeOf('web')).toBe('');
  }, 60_000);

  it('says what is wrong with their certificates', async () => {
    const file = temporaryFile(configuration('filterVerb: filter, tlsConfig: {caFile: /nowhere/ca.crt}'));
    const berth = BerthProcess.run(kubeconfigFor(api.url), '--config', file);
    expect(await berth.exited).toBe(2);
    expect(berth.stderr).toContain('extenders[0].tlsConfig: caFile: ENOENT');
  }, 60_000);
});
