import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
});
afterEach(() => cluster.stop());

/** The spec of a pod of this priority, which comes from a class as on any cluster. */
function important(value: number): { readonly spec: Record<string, unknown> } {
  const priorityClassName = `priority-${value}`;
  cluster.api.create({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: priorityClassName },
    value,
  } as never);
  return { spec: { priorityClassName, priority: undefined } };
}

const large = { requests: { cpu: '3' } } as const;

function promise(name: string, node: string | null): void {
  const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name } as const;
  cluster.api.patch(pod, { status: { nominatedNodeName: node } }, { type: 'merge', subresource: 'status' });
}

it('room that another scheduler has promised to a pod of its own is left alone until it does not need it', async () => {
  await cluster.node({ name: 'a' });
  cluster.pod({ ...large, name: 'theirs', schedulerName: 'default-scheduler', ...important(10) });
  promise('theirs', 'a');
  await eventually('the promise to be known', () => cluster.berth.queue.nominator.podsFor('a').length === 1);
  cluster.pod({ ...large, name: 'web' });
  expect(await cluster.refused('web')).toContain('0/1 nodes are available: 1 Insufficient cpu.');

  promise('theirs', null);
  await cluster.bound('web');
  expect(
    cluster.proxy.seen.some(({ method, path }) => method !== 'GET' && path.includes('/pods/theirs')),
  ).toBe(false);
});

it('a more important pod of ours takes such room, and writes nothing about the other', async () => {
  await cluster.node({ name: 'a' });
  cluster.pod({ name: 'resident', nodeName: 'a', requests: { cpu: '2' } });
  await eventually('the resident to be known', () => cluster.berth.cluster.podCount === 1);
  cluster.pod({ ...large, name: 'theirs', schedulerName: 'default-scheduler', ...important(10) });
  promise('theirs', 'a');
  await eventually('the promise to be known', () => cluster.berth.queue.nominator.podsFor('a').length === 1);
  cluster.pod({ ...large, name: 'web', ...important(1_000) });
  await eventually(
    'the resident to be evicted',
    () => cluster.proxy.count('DELETE', /\/pods\/resident$/) === 1,
  );
  cluster.api.delete(
    { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'resident' },
    { gracePeriodSeconds: 0 },
  );
  await cluster.bound('web');
  expect(cluster.read('theirs').status.nominatedNodeName).toBe('a');
});
