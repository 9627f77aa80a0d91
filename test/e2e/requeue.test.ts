import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKwokNode, isUsable, type Node } from '../controlplane/kwok-node.js';
import { BerthProcess } from './berth-process.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { createPods, PODS, type PodOrder } from './workload.js';

/** The first backoff is one second and ends with a whole second of the clock. */
const BACKOFF_IS_OVER_MS = 2_200;
/** Well before all pending pods are looked at in turn, which is after 30 seconds. */
const SOON_MS = 10_000;

/**
 * One pod that waits, for a reason that no other case cures, and the write that cures it. The pods pin themselves to
 * the node of their case by a label.
 */
interface Case {
  readonly event: string;
  readonly pod: PodOrder;
  readonly refusal: string;
  readonly cure: (cluster: TestCluster) => Promise<unknown>;
}

const on = (node: string) => ({ nodeSelector: { case: node } });

const CASES: readonly Case[] = [
  {
    event: 'a node is added',
    pod: { name: 'waits-for-node', spec: on('added') },
    refusal: "3 node(s) didn't match Pod's node affinity/selector",
    cure: async (cluster) => {
      await createKwokNode(cluster.plane.api, { name: 'added', labels: { case: 'added' } });
      await firstUsable(cluster, 'added');
    },
  },
  {
    event: 'a taint is removed',
    pod: { name: 'waits-for-taint', spec: on('tainted') },
    refusal: '1 node(s) had untolerated taint(s)',
    cure: ({ plane }) => plane.api.patch('/api/v1/nodes/tainted', { spec: { taints: null } }),
  },
  {
    event: 'a pod is deleted',
    pod: { name: 'waits-for-room', requests: { cpu: '6' }, spec: on('full') },
    refusal: '1 Insufficient cpu',
    cure: ({ plane }) => plane.api.delete(`${PODS}/takes-the-room`, { gracePeriodSeconds: 0 }),
  },
  {
    event: 'a node is uncordoned',
    pod: { name: 'waits-for-uncordon', spec: on('cordoned') },
    refusal: '1 node(s) were unschedulable',
    cure: async (cluster) => {
      await cluster.plane.api.patch('/api/v1/nodes/cordoned', { spec: { unschedulable: null } });
      await firstUsable(cluster, 'cordoned');
    },
  },
  {
    event: 'a node gets a label',
    pod: { name: 'waits-for-label', spec: on('labelled-later') },
    refusal: "didn't match Pod's node affinity/selector",
    cure: ({ plane }) =>
      plane.api.patch('/api/v1/nodes/unlabelled', { metadata: { labels: { case: 'labelled-later' } } }),
  },
  {
    event: 'a node gets more room',
    pod: { name: 'waits-for-growth', requests: { cpu: '12' }, spec: on('small') },
    refusal: '1 Insufficient cpu',
    cure: ({ plane }) =>
      plane.api.patch('/api/v1/nodes/small/status', {
        status: { allocatable: { cpu: '16' }, capacity: { cpu: '16' } },
      }),
  },
];

describe('a pod that does not fit', () => {
  let cluster: TestCluster;
  let watch: PodWatch;

  beforeAll(async () => {
    cluster = await startCluster(
      [
        {
          name: 'tainted',
          labels: { case: 'tainted' },
          taints: [{ key: 'maintenance', effect: 'NoSchedule' }],
        },
        { name: 'full', labels: { case: 'full' } },
        { name: 'cordoned', labels: { case: 'cordoned' } },
        { name: 'unlabelled' },
        { name: 'small', labels: { case: 'small' } },
      ],
      { components: { scheduler: false } },
    );
    const { plane } = cluster;
    await plane.api.patch('/api/v1/nodes/cordoned', { spec: { unschedulable: true } });
    watch = await PodWatch.start(plane.api);
    await BerthProcess.start(plane, cluster);
    await createPods(plane.api, [{ name: 'takes-the-room', requests: { cpu: '6' }, spec: on('full') }]);
    await watch.bound('takes-the-room');
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  it.each(CASES)(
    'is bound after $event, without being looked at in turn',
    async ({ event, pod, refusal, cure }) => {
      await createPods(cluster.plane.api, [pod]);
      expect(await watch.refused(pod.name)).toContain(refusal);
      await sleep(BACKOFF_IS_OVER_MS);

      await cure(cluster);
      const cured = performance.now();
      const waited = (await watch.bound(pod.name, SOON_MS)) - cured;
      console.log(`${event}: bound ${Math.round(waited)} ms after the API server answered`);
    },
  );
});

/** Returns as soon as the controllers have taken from the node the taints that keep ordinary pods away. */
async function firstUsable({ plane }: TestCluster, name: string): Promise<void> {
  const path = `/api/v1/nodes?fieldSelector=metadata.name=${name}`;
  const { items, resourceVersion } = await plane.api.list<Node>(path);
  if (items.some(isUsable)) return;
  for await (const { object } of plane.api.watch<Node>(path, resourceVersion, AbortSignal.timeout(30_000))) {
    if (isUsable(object)) return;
  }
  throw new Error(`node ${name} did not become usable within 30 s`);
}
