import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
});
afterEach(() => cluster.stop());

describe('a pod that fits', () => {
  it('is bound, and its Scheduled event says where, as kube-scheduler words it', async () => {
    await cluster.node({ name: 'small', allocatable: { cpu: '1' } });
    await cluster.node({ name: 'big' });
    cluster.pod({ name: 'web', requests: { cpu: '2' } });
    await cluster.bound('web');
    await eventually('the event', () => cluster.events('web').length > 0);
    expect(cluster.nodeOf('web')).toBe('big');
    expect(cluster.condition('web')).toMatchObject({ status: 'True' });
    expect(cluster.events('web')).toEqual([
      expect.objectContaining({
        type: 'Normal',
        reason: 'Scheduled',
        action: 'Binding',
        note: 'Successfully assigned default/web to big',
        reportingController: 'berth',
        regarding: expect.objectContaining({
          kind: 'Pod',
          name: 'web',
          uid: cluster.read('web').metadata.uid,
        }),
      }),
    ]);
  });

  it('is bound with one request, and neither its status nor its spec is written besides', async () => {
    await cluster.node();
    cluster.pod({ name: 'web' });
    await cluster.bound('web');
    await eventually('the event', () => cluster.events('web').length > 0);
    const writes = cluster.proxy.seen.filter(({ method }) => method !== 'GET').map(({ path }) => path);
    expect(writes).toEqual([
      '/api/v1/namespaces/default/pods/web/binding',
      '/apis/events.k8s.io/v1/namespaces/default/events',
    ]);
  });
});

describe('a pod that does not fit', () => {
  it('says why in its condition and in an event, in the same words', async () => {
    await cluster.node({ name: 'full', allocatable: { cpu: '1' } });
    await cluster.node({
      name: 'reserved',
      taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
    });
    await cluster.node({ name: 'closed', unschedulable: true });
    cluster.pod({ name: 'big', requests: { cpu: '2' } });
    const message =
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(await cluster.refused('big')).toBe(message);
    await eventually('the event', () => cluster.events('big').length > 0);
    expect(cluster.condition('big')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    expect(cluster.events('big')).toEqual([
      expect.objectContaining({
        type: 'Warning',
        reason: 'FailedScheduling',
        action: 'Scheduling',
        note: message,
        reportingController: 'berth',
      }),
    ]);
  });

  it('says that there are no nodes when there are none', async () => {
    cluster.pod({ name: 'early' });
    expect(await cluster.refused('early')).toBe('no nodes available to schedule pods');
  });

  it('has its condition written once, however often it is refused for the same reason', async () => {
    await cluster.node({ name: 'full', allocatable: { cpu: '1' } });
    cluster.pod({ name: 'big', requests: { cpu: '2' } });
    await cluster.refused('big');
    const { resourceVersion } = cluster.read('big').metadata;
    for (const attempt of [2, 3, 4]) {
      cluster.berth.queue.activate([cluster.read('big').metadata.uid]);
      await eventually('another attempt', async () => (await cluster.attempts('unschedulable')) === attempt);
    }
    await cluster.settled();
    expect(cluster.proxy.count('PATCH', /\/pods\/big\/status$/)).toBe(1);
    expect(cluster.read('big').metadata.resourceVersion).toBe(resourceVersion);
  });

  it('keeps the time of the transition when only the reason changes', async () => {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const gated = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', lastTransitionTime };
    await cluster.node({ name: 'full', allocatable: { cpu: '1' } });
    cluster.pod({
      name: 'big',
      requests: { cpu: '2' },
      spec: { schedulingGates: [{ name: 'example.com/hold' }] },
    });
    cluster.api.patch(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'big' },
      { status: { conditions: [gated] } },
      { subresource: 'status' },
    );
    await eventually('the pod to be gated', () => cluster.berth.queue.counts.gated === 1);
    cluster.changePod('big', { spec: { schedulingGates: null } });
    const first = await cluster.refused('big');
    expect(cluster.condition('big')).toMatchObject({ message: first, lastTransitionTime });
    await cluster.node({ name: 'reserved', taints: [{ key: 'dedicated', effect: 'NoSchedule' }] });
    cluster.berth.queue.activate([cluster.read('big').metadata.uid]);
    await eventually('another message', () => cluster.condition('big')?.message !== first);
    expect(cluster.condition('big')).toMatchObject({
      message:
        '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
      lastTransitionTime,
    });
  });
});

describe('pods of other schedulers', () => {
  it('are not written to at all, whether they fit or not', async () => {
    await cluster.node();
    const others = ['default-scheduler', 'berth-2', 'Berth'].map((schedulerName) =>
      cluster.pod({ schedulerName }),
    );
    const before = others.map((name) => cluster.read(name));
    cluster.pod({ name: 'ours' });
    await cluster.bound('ours');
    await cluster.settled();
    expect(others.map((name) => cluster.read(name))).toEqual(before);
    expect(others.flatMap((name) => cluster.events(name))).toEqual([]);
    expect(await cluster.attempts()).toBe(1);
  });

  it('count on their nodes once they are bound', async () => {
    await cluster.node({ name: 'a' });
    cluster.pod({ nodeName: 'a', schedulerName: 'default-scheduler', requests: { cpu: '3' } });
    await eventually('the bound pod to be known', () => cluster.berth.cluster.podCount === 1);
    cluster.pod({ name: 'big', requests: { cpu: '2' } });
    expect(await cluster.refused('big')).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
    cluster.pod({ name: 'fits', requests: { cpu: '1' } });
    await cluster.bound('fits');
  });
});

describe('a pod that somebody has given a node', () => {
  it('counts there and is never tried, though it names us', async () => {
    await cluster.node({ name: 'a' });
    cluster.pod({ name: 'manual', nodeName: 'a', requests: { cpu: '3' } });
    cluster.pod({ name: 'ours', requests: { cpu: '2' } });
    expect(await cluster.refused('ours')).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
    expect(cluster.events('manual')).toEqual([]);
  });
});

describe('a gated pod', () => {
  it('waits untouched and goes when its last gate is removed', async () => {
    await cluster.node();
    const gates = [{ name: 'example.com/quota' }, { name: 'example.com/approval' }];
    cluster.pod({ name: 'gated', spec: { schedulingGates: gates } });
    await eventually('the pod to be gated', () => cluster.berth.queue.counts.gated === 1);
    const before = cluster.read('gated');
    cluster.pod({ name: 'free' });
    await cluster.bound('free');
    await cluster.node();
    await cluster.settled();
    expect(cluster.read('gated')).toEqual(before);
    expect(before.status.conditions).toEqual([
      expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
    ]);

    cluster.changePod('gated', { spec: { schedulingGates: gates.slice(1) } });
    cluster.pod({ name: 'next' });
    await cluster.bound('next');
    expect(cluster.nodeOf('gated')).toBe('');
    cluster.changePod('gated', { spec: { schedulingGates: null } });
    await cluster.bound('gated');
    expect(await cluster.metric('scheduler_pending_pods', { queue: 'gated' })).toBe(0);
  });
});

describe('the order of pods', () => {
  it('is by priority when there is not room for all', async () => {
    for (const [name, value] of [
      ['low', 1],
      ['high', 100],
    ] as const)
      cluster.api.create({
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name },
        value,
      });
    for (const index of [1, 2, 3, 4])
      for (const priorityClassName of ['low', 'high'])
        cluster.pod({
          name: `${priorityClassName}-${index}`,
          requests: { cpu: '1' },
          spec: { priorityClassName, priority: undefined, schedulingGates: [{ name: 'example.com/hold' }] },
        });
    await eventually('all pods to be gated', () => cluster.berth.queue.counts.gated === 8);
    // Let go while there is no node, so that all of them wait out a backoff when it comes.
    for (const { metadata } of cluster.pods())
      cluster.changePod(metadata.name, { spec: { schedulingGates: null } });
    await eventually('all pods to be refused', () =>
      cluster.pods().every(({ metadata }) => cluster.condition(metadata.name)?.reason === 'Unschedulable'),
    );
    await cluster.node({ name: 'late' });
    cluster.berth.queue.activate(cluster.pods().map(({ metadata }) => metadata.uid));
    await cluster.bound('high-1', 'high-2', 'high-3', 'high-4');
    await eventually('the others to wait', () => cluster.berth.queue.counts.unschedulable === 4);
    const bound = cluster.pods().filter(({ spec }) => spec.nodeName !== undefined);
    expect(bound.map(({ metadata }) => metadata.name).sort()).toEqual([
      'high-1',
      'high-2',
      'high-3',
      'high-4',
    ]);
  });
});

describe('many identical pods on as many empty nodes', () => {
  it('spread over nearly all of them', async () => {
    await cluster.fleet(300);
    for (let index = 0; index < 300; index++) cluster.pod({ requests: { cpu: '100m', memory: '128Mi' } });
    await eventually('all pods to be bound', () =>
      cluster.pods().every(({ spec }) => spec.nodeName !== undefined),
    );
    expect(cluster.requested().size).toBeGreaterThanOrEqual(295);
  });
});
