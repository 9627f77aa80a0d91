import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { rawNode, rawPod } from '../build-objects.js';
import { BerthProcess, kubeconfigFor, temporaryFile } from './berth-process.js';
import { eventually } from './eventually.js';
import { sumOf } from './exposition.js';
import { FaultProxy, isBinding, type Treatment } from './fault-proxy.js';

const leaseRef = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace: 'berth-system',
  name: 'berth',
} as const;
const timing = (lease: string, renewal: string) =>
  [
    ['--lease-duration', lease],
    ['--renew-deadline', renewal],
    ['--retry-period', '500ms'],
  ].flat();
/** Short, so that a test need not wait; whole seconds, because a Lease says whole seconds. */
const election = timing('3s', '2s');
/** For leases that need not run out: two stalls of a slow machine do not end a leadership. */
const patient = timing('15s', '10s');

let api: EmbeddedApiServer;
let proxy: FaultProxy;

beforeEach(async () => {
  api = await startEmbeddedApiServer();
  proxy = await FaultProxy.start(api.url);
  api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'berth-system' } });
  api.create(rawNode({ name: 'a', allocatable: { cpu: '1000', pods: '1000' } }) as never);
});
afterEach(async () => {
  await BerthProcess.killAll();
  await proxy.close();
  await api.close();
});
afterAll(() => BerthProcess.close());

function pod(name: string): void {
  api.create(rawPod({ name, requests: { cpu: '10m' } }) as never);
}

function nodeOf(name: string): string {
  const found = api.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name });
  return (found?.spec as { nodeName?: string } | undefined)?.nodeName ?? '';
}

async function bound(name: string): Promise<void> {
  await eventually(`${name} to be bound`, () => nodeOf(name) !== '');
}

function holder(): string | undefined {
  return (api.get(leaseRef)?.spec as { holderIdentity?: string } | undefined)?.holderIdentity;
}

describe('berth run', () => {
  it('is alive at once and ready only when it knows the cluster', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    proxy.treat = async (request): Promise<Treatment> => {
      if (request.path === '/api/v1/nodes') await held;
      return 'forward';
    };
    pod('early');
    const berth = BerthProcess.run(kubeconfigFor(proxy.url));
    await eventually('the list of nodes to be asked for', () => proxy.count('GET', /^\/api\/v1\/nodes$/) > 0);
    expect(await berth.get('/healthz')).toMatchObject({ status: 200, body: 'ok' });
    expect(await berth.get('/livez')).toMatchObject({ status: 200, body: 'ok' });
    const notReady = await berth.get('/readyz');
    expect(notReady.status).toBe(500);
    expect(notReady.body).toContain('sched-handler-sync');
    expect(proxy.seen.filter(({ method, path }) => method !== 'GET' && path.includes('/pods/'))).toEqual([]);
    release();
    await berth.ready();
    await bound('early');
  });

  it('rehearses while it waits, and nothing of that is to be seen', async () => {
    const berth = BerthProcess.run(kubeconfigFor(proxy.url), '--log-level', 'debug');
    await eventually('the rehearsal to be over', () => /"msg":"rehearsed","pods":\d+/.test(berth.stderr));
    pod('web');
    await bound('web');
    await eventually('the event about the pod', () => proxy.count('POST', /\/events$/) > 0);
    expect(proxy.count('POST', /\/events$/)).toBe(1);
    expect(proxy.count('POST', /\/binding$/)).toBe(1);
    const { body } = await berth.get('/metrics');
    expect(sumOf(body, 'scheduler_schedule_attempts_total')).toBe(1);
    expect(sumOf(body, 'scheduler_cache_size', { type: 'nodes' })).toBe(1);
    expect(body).not.toContain('rehears');
    expect(berth.stderr).not.toContain('rehearsal');
  });

  it('shows metrics and its effective configuration', async () => {
    const berth = BerthProcess.run(kubeconfigFor(proxy.url));
    pod('web');
    await bound('web');
    await eventually('the binding to be counted', async () => {
      const { body } = await berth.get('/metrics');
      return (
        sumOf(body, 'scheduler_schedule_attempts_total', { result: 'scheduled', profile: 'berth' }) === 1
      );
    });
    const { status, type, body } = await berth.get('/metrics');
    expect(status).toBe(200);
    expect(type).toMatch(/^text\/plain/);
    for (const [name, labels, value] of [
      ['scheduler_pod_scheduling_attempts_count', {}, 1],
      ['scheduler_scheduling_attempt_duration_seconds_count', { result: 'scheduled' }, 1],
      ['scheduler_cache_size', { type: 'nodes' }, 1],
      ['berth_reflector_synced', {}, 2],
      ['rest_client_requests_total', { method: 'POST', code: '201', host: new URL(proxy.url).host }, 2],
    ] as const)
      expect([name, sumOf(body, name, labels) >= value]).toEqual([name, true]);
    const configz = await berth.get('/configz');
    expect(configz.type).toMatch(/^application\/json/);
    expect(JSON.parse(configz.body).componentconfig).toMatchObject({
      leaderElection: { leaderElect: false },
      profiles: [expect.objectContaining({ schedulerName: 'berth' })],
    });
    expect(await berth.get('/nothing')).toMatchObject({ status: 404 });
  });

  it('does not watch the cluster before it leads, where that is asked for, and is not ready then', async () => {
    const spec = {
      holderIdentity: 'another',
      leaseDurationSeconds: 3_600,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
    };
    const { namespace, name, ...kind } = leaseRef;
    api.create({ ...kind, metadata: { namespace, name }, spec } as never);
    pod('early');
    const config = temporaryFile(
      'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\ndelayCacheUntilActive: true\n',
    );
    const berth = BerthProcess.run(kubeconfigFor(proxy.url), ...election, '--config', config);
    await eventually('the lease to be looked at', () => proxy.count('GET', /\/leases\/berth$/) > 1);
    expect(proxy.count('GET', /^\/api\/v1\/(pods|nodes)$/)).toBe(0);
    const { status, body } = await berth.get('/readyz');
    expect([status, body]).toEqual([500, expect.stringContaining('sched-handler-sync')]);
    api.delete(leaseRef);
    await bound('early');
    expect((await berth.get('/readyz')).status).toBe(200);
  });

  it('ends with 0 on SIGTERM even before it knows the cluster', async () => {
    proxy.treat = async (request): Promise<Treatment> => {
      if (request.path === '/api/v1/nodes') await new Promise(() => undefined);
      return 'forward';
    };
    const berth = BerthProcess.run(kubeconfigFor(proxy.url));
    await eventually('the list of nodes to be asked for', () => proxy.count('GET', /^\/api\/v1\/nodes$/) > 0);
    expect(await berth.end('SIGTERM')).toBe(0);
    expect(berth.complaints).toEqual([]);
  });

  it('ends with 0 on SIGTERM, and finishes the binding that is under way', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    proxy.treat = async (request): Promise<Treatment> => {
      if (isBinding(request)) await held;
      return 'forward';
    };
    const berth = BerthProcess.run(kubeconfigFor(proxy.url));
    await berth.ready();
    pod('web');
    await eventually('the binding to be under way', () => proxy.seen.some(isBinding));
    berth.send('SIGTERM');
    release();
    expect(await berth.exited).toBe(0);
    expect(nodeOf('web')).toBe('a');
    expect(berth.complaints).toEqual([]);
    expect(berth.stderr).toContain('"ended in good order"');
    const events = api.list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' });
    expect(events.map(({ reason }) => reason)).toEqual(['Scheduled']);
  });
});

describe('two processes', () => {
  async function startLeader(timing = election): Promise<BerthProcess> {
    const leader = BerthProcess.run(kubeconfigFor(proxy.url), ...timing);
    await eventually('the first to lead', () => leader.leads());
    return leader;
  }

  async function startStandby(timing = election): Promise<BerthProcess> {
    const standby = BerthProcess.run(kubeconfigFor(proxy.url), ...timing);
    await standby.ready();
    expect(await standby.leads()).toBe(false);
    return standby;
  }

  it('take turns: the lease is handed over on SIGTERM', async () => {
    const leader = await startLeader(patient);
    const standby = await startStandby(patient);
    pod('first');
    await bound('first');
    const before = holder();
    expect(await leader.end('SIGTERM')).toBe(0);
    pod('second');
    await bound('second');
    expect(await standby.leads()).toBe(true);
    expect(holder()).not.toBe(before);
    expect(await standby.end('SIGTERM')).toBe(0);
    expect(holder()).toBe('');
  });

  it('are no trouble to each other: one that stands by ends with 0, and the lease stays where it is', async () => {
    const leader = await startLeader(patient);
    const standby = await startStandby(patient);
    const before = holder();
    expect(await standby.end('SIGTERM')).toBe(0);
    expect(standby.complaints).toEqual([]);
    expect(holder()).toBe(before);
    pod('web');
    await bound('web');
    expect(await leader.leads()).toBe(true);
  });

  it('take over from one that was killed, once its lease has run out', async () => {
    const leader = await startLeader();
    const standby = await startStandby();
    expect(await leader.end('SIGKILL')).toBe('SIGKILL');
    pod('web');
    await bound('web');
    expect(await standby.leads()).toBe(true);
  });

  it('never write both: one that was frozen past its lease writes nothing more and ends', async () => {
    const leader = await startLeader();
    // Of another name, so that only the frozen one has anything to do when it goes on.
    const other = BerthProcess.run(kubeconfigFor(api.url), ...election, '--scheduler-name', 'other');
    await other.ready();
    const before = holder();
    leader.send('SIGSTOP');
    const seenBefore = proxy.seen.length;
    for (let index = 0; index < 20; index++) pod(`web-${index}`);
    await eventually('the lease to change hands', () => (holder() || before) !== before);
    await eventually('the other to lead', () => other.leads());
    const writes = (): string[] =>
      proxy.seen
        .slice(seenBefore)
        .flatMap(({ method, path }) => (method === 'GET' ? [] : `${method} ${path}`));
    expect(writes().filter((write) => !write.includes('/leases/'))).toEqual([]);
    leader.send('SIGCONT');
    expect(await leader.exited).toBe(1);
    expect(leader.complaints).toEqual([
      expect.stringMatching(/^berth: leadership was lost: .*; nothing more is written/),
    ]);
    expect(writes().filter((write) => !write.includes('/leases/'))).toEqual([]);
    expect([...Array(20).keys()].filter((index) => nodeOf(`web-${index}`) !== '')).toEqual([]);
    expect(holder()).not.toBe(before);
    expect(await other.leads()).toBe(true);
  });
});
