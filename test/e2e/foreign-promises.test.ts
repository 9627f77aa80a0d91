import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import { bindersOfAll, placementFaults } from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { letGo, SLOW } from './slow-leaving.js';
import { until } from './until.js';
import { createPods, PODS, type PodOrder } from './workload.js';

const NODE = { name: 'shared', allocatable: { cpu: '4' } } as const;
const THEIRS = { schedulerName: 'default-scheduler' } as const;

describe('a pod of kube-scheduler for which others have to leave first', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let berth: BerthProcess;

  beforeAll(async () => {
    cluster = await startCluster([NODE]);
    api = cluster.plane.api;
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high' },
      value: 1_000,
    });
    watch = await PodWatch.start(api);
    berth = await BerthProcess.start(cluster.plane, cluster);
  }, 120_000);

  afterEach(async () => {
    cluster.plane.resumeScheduler();
    for (const { pod } of watch.pods()) {
      await letGo(api, pod.metadata.name);
      await api.delete(`${PODS}/${pod.metadata.name}`, { gracePeriodSeconds: 0 }).catch(() => undefined);
    }
    await watch.gone(...watch.pods().map(({ pod }) => pod.metadata.name));
  });

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  const put = (order: PodOrder) => createPods(api, [order]);
  const refusals = async () =>
    (await berth.metric('scheduler_schedule_attempts_total', { result: 'unschedulable' })) ?? 0;

  /** A pod of theirs has the promise of 3 of the node's 4 CPUs, and the one that has them is on its way out. */
  async function promise(): Promise<void> {
    await put({ name: 'victim', requests: { cpu: '3' }, ...SLOW, spec: THEIRS });
    await watch.bound('victim');
    await put({ name: 'theirs', requests: { cpu: '3' }, spec: { ...THEIRS, priorityClassName: 'high' } });
    expect(await watch.nominated('theirs')).toBe(NODE.name);
    await watch.leaving('victim');
  }

  /** Nobody is on the node, and kube-scheduler is not quick: all that keeps the room is the promise. */
  async function emptyNode(): Promise<void> {
    cluster.plane.pauseScheduler();
    await letGo(api, 'victim');
    await watch.gone('victim');
  }

  it('gets the room that was made for it, however long it takes to come for it', async () => {
    await promise();
    await put({ name: 'ours', requests: { cpu: '2' } });
    await watch.refusedWith('ours', `0/1 nodes are available: 1 Insufficient cpu. ${NO_VICTIMS}`);
    const before = await refusals();
    await emptyNode();
    await until('the pod tried again, as somebody left', async () => (await refusals()) > before);
    // What is left beside the promise is given away at once.
    await put({ name: 'small', requests: { cpu: '1' } });
    await watch.bound('small');
    expect(watch.get('ours')?.boundAt).toBeUndefined();
    expect(watch.get('theirs')?.boundAt).toBeUndefined();

    cluster.plane.resumeScheduler();
    await watch.bound('theirs');
    expect(watch.get('ours')?.boundAt).toBeUndefined();
    expect(await placementFaults(cluster.plane)).toEqual([]);
    const binders = await bindersOfAll(cluster.plane, ['theirs', 'small']);
    expect(binders.get('theirs')).toEqual(['system:kube-scheduler']);
    expect(binders.get('small')).toEqual([BERTH_USER]);
  });

  it('leaves the room to others as soon as it is gone itself', async () => {
    await promise();
    await put({ name: 'ours', requests: { cpu: '2' } });
    await watch.refused('ours');
    await emptyNode();
    await api.delete(`${PODS}/theirs`, { gracePeriodSeconds: 0 });
    await watch.bound('ours');
  });
});

const NO_VICTIMS = 'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
