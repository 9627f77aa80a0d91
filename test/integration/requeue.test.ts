import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
});
afterEach(() => cluster.stop());

const noSchedule = [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }];

describe('a waiting pod is placed when', () => {
  it('a node is added', async () => {
    await cluster.node({ allocatable: { cpu: '1' } });
    cluster.pod({ name: 'web', requests: { cpu: '2' } });
    await cluster.refused('web');
    await cluster.node({ name: 'new' });
    await cluster.bound('web');
    expect(cluster.nodeOf('web')).toBe('new');
  });

  it('the first node of all is added', async () => {
    cluster.pod({ name: 'web' });
    await cluster.refused('web');
    await cluster.node();
    await cluster.bound('web');
  });

  it('a node gets the label that it asks for', async () => {
    await cluster.node({ name: 'plain' });
    cluster.pod({ name: 'web', spec: { nodeSelector: { disk: 'ssd' } } });
    expect(await cluster.refused('web')).toBe(
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    );
    cluster.changeNode('plain', { metadata: { labels: { disk: 'ssd' } } });
    await cluster.bound('web');
  });

  it('a taint is removed', async () => {
    await cluster.node({ name: 'reserved', taints: noSchedule });
    cluster.pod({ name: 'web' });
    await cluster.refused('web');
    cluster.changeNode('reserved', { spec: { taints: null } });
    await cluster.bound('web');
  });

  it('a node is uncordoned', async () => {
    await cluster.node({ name: 'closed', unschedulable: true });
    cluster.pod({ name: 'web' });
    await cluster.refused('web');
    cluster.changeNode('closed', { spec: { unschedulable: null } });
    await cluster.bound('web');
  });

  it('a bound pod is deleted', async () => {
    await cluster.node();
    cluster.pod({ name: 'first', requests: { cpu: '3' } });
    await cluster.bound('first');
    cluster.pod({ name: 'second', requests: { cpu: '3' } });
    await cluster.refused('second');
    cluster.deletePod('first');
    await cluster.bound('second');
  });

  it('a bound pod ends, because a pod that has ended holds nothing', async () => {
    await cluster.node();
    cluster.pod({ name: 'job', requests: { cpu: '3' } });
    await cluster.bound('job');
    cluster.pod({ name: 'next', requests: { cpu: '3' } });
    await cluster.refused('next');
    cluster.api.patch(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'job' },
      { status: { phase: 'Succeeded' } },
      { subresource: 'status' },
    );
    await cluster.bound('next');
    expect(cluster.berth.cluster.podCount).toBe(1);
  });

  it('a node grows', async () => {
    await cluster.node({ name: 'a' });
    cluster.pod({ name: 'web', requests: { cpu: '6' } });
    await cluster.refused('web');
    cluster.changeNode('a', { status: { allocatable: { cpu: '8' } } }, { subresource: 'status' });
    await cluster.bound('web');
  });

  it('it gets a toleration', async () => {
    await cluster.node({ taints: noSchedule });
    cluster.pod({ name: 'web' });
    await cluster.refused('web');
    const { tolerations = [] } = cluster.read('web').spec as { tolerations?: unknown[] };
    cluster.changePod('web', {
      spec: { tolerations: [...tolerations, { key: 'dedicated', operator: 'Exists' }] },
    });
    await cluster.bound('web');
  });

  it('a node is deleted and made again without what was wrong with it', async () => {
    await cluster.node({ name: 'a', taints: noSchedule });
    cluster.pod({ name: 'web' });
    await cluster.refused('web');
    cluster.deleteNode('a');
    await cluster.node({ name: 'a' });
    await cluster.bound('web');
  });
});

describe('events that cannot help', () => {
  /** Makes a pod that is certainly handled after everything before it, because watches keep their order. */
  async function afterwards(): Promise<void> {
    await cluster.node({ name: 'witness-node', labels: { witness: 'yes' }, allocatable: { cpu: '100m' } });
    cluster.pod({
      name: 'witness',
      requests: { cpu: '50m' },
      spec: { nodeSelector: { witness: 'yes' } },
    });
    await cluster.bound('witness');
    await cluster.settled();
  }

  it('cause no attempt for a pod that is short of CPU', async () => {
    await cluster.node({ name: 'a', allocatable: { cpu: '1' } });
    cluster.pod({ name: 'web', requests: { cpu: '2' } });
    await cluster.refused('web');
    expect(await cluster.attempts('unschedulable')).toBe(1);
    cluster.changeNode('a', { metadata: { labels: { color: 'red' } } });
    cluster.changeNode('a', { metadata: { annotations: { note: 'seen' } } });
    cluster.changeNode(
      'a',
      { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } },
      { subresource: 'status' },
    );
    cluster.changeNode('a', { status: { allocatable: { cpu: '1500m' } } }, { subresource: 'status' });
    await cluster.node({ name: 'small', allocatable: { cpu: '1' } });
    cluster.changePod('web', { metadata: { labels: { changed: 'yes' } } });
    await afterwards();
    expect(await cluster.attempts('unschedulable')).toBe(1);
    expect(cluster.berth.queue.counts.unschedulable).toBe(1);
  });

  it('cause no attempt for a pod that waits for a label', async () => {
    await cluster.node({ name: 'a', taints: noSchedule });
    cluster.pod({ name: 'other', nodeName: 'a' });
    cluster.pod({
      name: 'web',
      spec: { nodeSelector: { disk: 'ssd' }, tolerations: [{ operator: 'Exists' }] },
    });
    await cluster.refused('web');
    cluster.changeNode('a', { spec: { taints: null } });
    cluster.changeNode('a', { metadata: { labels: { disk: 'hdd' } } });
    cluster.changeNode('a', { status: { allocatable: { cpu: '8' } } }, { subresource: 'status' });
    cluster.deletePod('other');
    await afterwards();
    expect(await cluster.attempts('unschedulable')).toBe(1);
  });

  it('leave gated pods alone', async () => {
    cluster.pod({ name: 'web', spec: { schedulingGates: [{ name: 'example.com/hold' }] } });
    await eventually('the pod to be gated', () => cluster.berth.queue.counts.gated === 1);
    await cluster.node({ name: 'a' });
    cluster.changePod('web', { metadata: { labels: { changed: 'yes' } } });
    await afterwards();
    expect(await cluster.attempts()).toBe(1);
    await eventually('the event', () => cluster.events('web').length > 0);
    expect(cluster.events('web').map(({ reason }) => reason)).toEqual(['SchedulingGated']);
  });
});
