import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { berthRequests } from './audit.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { createPods, PODS, type PodOrder, podManifest, replicas } from './workload.js';

const NODES = 100;
const GIANTS = 3_000;
const SMALL_PER_SECOND = 20;
const SECONDS = 60;

/** As important as the giants: no preemption may touch them, and with them there no giant fits. */
const anchors = replicas(NODES, {
  name: 'anchor',
  requests: { cpu: '3' },
  spec: { priorityClassName: 'towering' },
});
/** May be preempted, which would make too little room. */
const fillers = replicas(NODES, { name: 'filler', requests: { cpu: '500m' } });
const giants = replicas(GIANTS, {
  name: 'giant',
  requests: { cpu: '2' },
  spec: { priorityClassName: 'towering' },
});

describe('3,000 important pods that never fit, while pods and nodes change every second', () => {
  let cluster: TestCluster;
  let watch: PodWatch;
  let berth: BerthProcess;
  const createdAt = new Map<string, number>();
  let minutes = 0;

  beforeAll(async () => {
    cluster = await startCluster(nodeGroup(NODES, { name: 'node', allocatable: { cpu: '4' } }), {
      components: { scheduler: false },
    });
    const { api } = cluster.plane;
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'towering' },
      value: 1_000_000,
    });
    watch = await PodWatch.start(api);
    berth = await BerthProcess.start(cluster.plane, cluster);
    await createPods(api, anchors);
    await watch.until('anchors bound', () => watch.boundCount() === NODES);
    await createPods(api, fillers);
    await watch.until('fillers bound', () => watch.boundCount() === 2 * NODES);
    const began = performance.now();
    await createPods(api, giants);
    const ended = { value: false };
    const unrest = disturb(ended);
    for (let second = 0; second < SECONDS; second += 1) {
      const due = performance.now() + 1_000;
      await Promise.all(
        Array.from({ length: SMALL_PER_SECOND }, (_, index) =>
          createSmall({ name: `small-${second * SMALL_PER_SECOND + index}`, requests: { cpu: '1m' } }),
        ),
      );
      await sleep(Math.max(0, due - performance.now()));
    }
    ended.value = true;
    await unrest;
    await watch.until('small pods bound', () => waits().every((ms) => ms !== undefined), 120_000);
    minutes = (performance.now() - began) / 60_000;
  }, 600_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  async function createSmall(order: PodOrder): Promise<void> {
    createdAt.set(order.name, performance.now());
    await cluster.plane.api.create(PODS, podManifest(order));
  }

  /** Milliseconds from the request to create a small pod until it was seen on its node. */
  function waits(): (number | undefined)[] {
    const seen = new Map(watch.pods().map(({ pod, boundAt }) => [pod.metadata.name, boundAt]));
    return Array.from(createdAt, ([name, at]) => {
      const bound = seen.get(name);
      return bound === undefined ? undefined : bound - at;
    });
  }

  /** Every second a pod goes and another takes its place, and a node gets another label: each may help a giant, as far as Berth can know. */
  async function disturb(ended: { readonly value: boolean }): Promise<void> {
    const { api } = cluster.plane;
    for (let turn = 0; !ended.value; turn += 1) {
      await api.delete(`${PODS}/filler-${turn}`, { gracePeriodSeconds: 0 });
      await api.patch(`/api/v1/nodes/node-${turn % NODES}`, { metadata: { labels: { turn: String(turn) } } });
      await createPods(api, [{ ...fillers[0]!, name: `filler-${NODES + turn}` }]);
      await sleep(1_000);
    }
  }

  it('let every small pod through', () => {
    const sorted = waits()
      .map(Number)
      .sort((a, b) => a - b);
    const at = (share: number): string =>
      `${Math.round(sorted[Math.floor(share * (sorted.length - 1))]!)} ms`;
    console.log(`created to bound: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`);
    expect(sorted).toHaveLength(SMALL_PER_SECOND * SECONDS);
    expect(sorted.filter(Number.isNaN)).toEqual([]);
  });

  it('evict nobody', () => {
    expect(watch.pods().filter(({ pod }) => pod.metadata.name.startsWith('anchor')).length).toBe(NODES);
    expect(watch.moved).toEqual([]);
  });

  it('are written about a few times each, however often they are tried', async () => {
    const requests = await berthRequests(cluster.plane);
    const patches = requests.filter(
      ({ verb, objectRef }) =>
        verb === 'patch' && objectRef?.resource === 'pods' && objectRef.subresource === 'status',
    );
    const events = requests.filter(({ objectRef }) => objectRef?.resource === 'events');
    const attempts =
      (await berth.metric('scheduler_schedule_attempts_total', { result: 'unschedulable' })) ?? 0;
    console.log(
      `${attempts} attempts in vain in ${minutes.toFixed(1)} minutes, ${patches.length} status patches, ${events.length} requests for events`,
    );
    expect(attempts).toBeGreaterThan(GIANTS);
    expect(patches.length).toBeLessThan(4 * GIANTS);
    expect(events.length).toBeLessThan(6 * GIANTS);
  });
});
