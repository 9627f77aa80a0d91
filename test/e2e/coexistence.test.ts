import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import type { KwokNode, Node } from '../controlplane/kwok-node.js';
import { bindersByPod } from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { NodeAdmission } from './node-admission.js';
import { PodWatch } from './pod-watch.js';
import { createDeployment, type SharedDeployment, scale } from './shared-workload.js';
import { LEFT_TO_KUBELET, requestsOf, StrictKubelet } from './strict-kubelet.js';
import { resolutionOf, Successions } from './succession.js';
import { until } from './until.js';
import { PODS, type Pod, podManifest } from './workload.js';

const CPUS = 8;
/** A third of the nodes takes few pods, so that it is not always CPU that is short. */
const NODES: readonly KwokNode[] = [
  ...nodeGroup(20, { name: 'wide' }),
  ...nodeGroup(10, { name: 'narrow', allocatable: { pods: '13' } }),
];
/** Nobody tolerates its taint: only who is put there by hand comes to it. */
const FULL: KwokNode = {
  name: 'full',
  taints: [{ key: 'own', value: 'yes', effect: 'NoSchedule' }],
  allocatable: { cpu: '1', memory: '1Gi', pods: '2' },
};

const SIZES = [
  { size: 'tiny', replicas: 64, requests: { cpu: '250m', memory: '128Mi' } },
  { size: 'heavy', replicas: 24, requests: { cpu: '250m', memory: '6Gi' } },
  { size: 'small', replicas: 48, requests: { cpu: '500m', memory: '512Mi' } },
  { size: 'medium', replicas: 36, requests: { cpu: '1000m', memory: '1Gi' } },
  { size: 'large', replicas: 16, requests: { cpu: '2000m', memory: '2Gi' } },
] as const;
const SCHEDULERS = ['berth', 'default-scheduler'] as const;
const DEPLOYMENTS: readonly SharedDeployment[] = SIZES.flatMap(({ size, ...rest }) =>
  SCHEDULERS.map((schedulerName) => ({ ...rest, name: `${size}-${schedulerName}`, schedulerName })),
);
const ROUNDS = 3;
/** Longer than a node is distrusted after it refused pods several times. */
const IDLE_WITHIN_MS = 360_000;
/** Of all pods that Berth binds, no more than one in so many may be refused. */
const BOUND_PER_REFUSAL = 10;

describe('kube-scheduler and Berth on the same nodes, filled to 95 %', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let kubelet: StrictKubelet;
  let berth: BerthProcess;
  let nodes: readonly Node[];
  let successions = new Successions();

  beforeAll(async () => {
    cluster = await startCluster([...NODES, FULL]);
    api = cluster.plane.api;
    nodes = (await api.list<Node>('/api/v1/nodes')).items;
    watch = await PodWatch.start(api, { onChange: (pods) => successions.see(pods) });
    kubelet = await StrictKubelet.start(api);
    berth = await BerthProcess.start(cluster.plane, { ...cluster, args: ['--log-format', 'json'] });
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await kubelet?.stop();
    await cluster?.plane.stop();
  });

  const all = () => watch.pods().map(({ pod }) => pod);
  const refusedPods = () => all().filter(({ status }) => status.phase === 'Failed');
  const refusedOf = (schedulerName: string) =>
    refusedPods().filter(({ spec }) => spec.schedulerName === schedulerName);
  /** What Berth says of pods that kubelets did not take. */
  const noticed = () =>
    berth.child
      .stderr()
      .split('\n')
      .filter((line) => line.includes('"the kubelet did not take the pod"'))
      .map((line) => JSON.parse(line) as { pod: string; node: string; reason: string })
      .map(({ pod, node, reason }) => `${pod} on ${node}: ${reason}`);
  const live = () => all().filter(({ status }) => status.phase !== 'Failed' && status.phase !== 'Succeeded');

  /** What the nodes carry, counted anew, and sentences on those that carry more than they have. */
  function recount(): { readonly rooms: ReadonlyMap<string, NodeAdmission>; readonly faults: string[] } {
    const rooms = new Map(
      nodes.map(({ metadata, status }) => [metadata.name, new NodeAdmission(status.allocatable)]),
    );
    const faults = live()
      .filter(({ spec }) => spec.nodeName !== undefined)
      .flatMap((pod) => {
        const refusal = rooms.get(pod.spec.nodeName ?? '')?.admit(pod.metadata.uid, requestsOf(pod));
        return refusal === undefined
          ? []
          : [`${pod.metadata.name} on ${pod.spec.nodeName}: ${refusal.message}`];
      });
    return { rooms, faults };
  }

  /** Pods that wait although there is room for them. */
  function waitingInVain(): Pod[] {
    const { rooms } = recount();
    const shared = NODES.flatMap(({ name }) => rooms.get(name) ?? []);
    return live()
      .filter(({ spec }) => spec.nodeName === undefined)
      .filter((pod) => shared.some((room) => room.refusalOf(requestsOf(pod)) === undefined));
  }

  /** Every Deployment has its pods, and those that do not run fit nowhere. */
  function isIdle(share: number): boolean {
    const pods = live();
    const isWhole = DEPLOYMENTS.every(
      ({ name, replicas }) =>
        pods.filter(({ metadata }) => appOf(metadata) === name).length === Math.round(replicas * share),
    );
    const isSettled = pods.every(
      ({ spec, status }) => spec.nodeName === undefined || status.phase === 'Running',
    );
    return isWhole && isSettled && waitingInVain().length === 0;
  }

  async function idle(share: number): Promise<void> {
    await until(
      'both schedulers idle',
      async () => {
        if (!isIdle(share)) return false;
        await sleep(2_000);
        return isIdle(share);
      },
      IDLE_WITHIN_MS,
    ).catch((error: Error) => {
      const names = waitingInVain().map(({ metadata }) => metadata.name);
      throw new Error(
        `${error.message}; ${names.length} pods wait although there is room: ${names.slice(0, 5)}`,
      );
    });
  }

  it('have nodes that refuse what is too much, as kubelets do', async () => {
    const put = (name: string, requests: Readonly<Record<string, string>>) => {
      const spec = { nodeName: FULL.name, tolerations: [{ operator: 'Exists' }] };
      const manifest = podManifest({ name, requests, spec }) as { metadata: object };
      return api.create(PODS, {
        ...manifest,
        metadata: { ...manifest.metadata, annotations: LEFT_TO_KUBELET },
      });
    };
    const become = async (name: string, phase: string) => {
      await watch.until(`${name} ${phase}`, () => watch.get(name)?.pod.status.phase === phase);
      return reasonOf(watch.get(name)?.pod);
    };
    await put('fits-0', { cpu: '500m' });
    await become('fits-0', 'Running');
    await put('cpu-0', { cpu: '600m' });
    await put('memory-0', { memory: '2Gi' });
    expect(await become('cpu-0', 'Failed')).toBe('OutOfcpu');
    expect(await become('memory-0', 'Failed')).toBe('OutOfmemory');
    await put('fits-1', { cpu: '500m' });
    await become('fits-1', 'Running');
    await put('pods-0', {});
    expect(await become('pods-0', 'Failed')).toBe('OutOfpods');
    const names = ['fits-0', 'fits-1', 'cpu-0', 'memory-0', 'pods-0'];
    // Nobody owns these: no other comes in their place.
    expect(successions.of('berth').map(resolutionOf)).toEqual(Array(3).fill('nobody came in its place'));
    await Promise.all(names.map((name) => api.delete(`${PODS}/${name}`, { gracePeriodSeconds: 0 })));
    await watch.gone(...names);
    successions = new Successions();
  });

  it('come to rest, again and again, with every pod that fits at work and no node above what it has', async () => {
    const asked = DEPLOYMENTS.reduce(
      (sum, { replicas, requests }) => sum + replicas * Number.parseInt(requests.cpu, 10),
      0,
    );
    expect(asked / (NODES.length * CPUS * 1_000)).toBeCloseTo(0.95, 2);
    await Promise.all(DEPLOYMENTS.map((deployment) => createDeployment(api, deployment)));
    for (let round = 1; round <= ROUNDS; round += 1) {
      if (round > 1) {
        await scale(api, DEPLOYMENTS, 0.5);
        await idle(0.5);
        await scale(api, DEPLOYMENTS, 1);
      }
      const began = performance.now();
      await idle(1);
      expect(recount().faults).toEqual([]);
      const waiting = live().filter(({ spec }) => spec.nodeName === undefined);
      console.log(
        `round ${round}: idle after ${((performance.now() - began) / 1000).toFixed(1)} s; ${live().length - waiting.length} pods run, ` +
          `${waiting.length} fit nowhere; refused so far: ${SCHEDULERS.map((name) => `${name} ${refusedOf(name).length}`).join(', ')}`,
      );
    }
    expect(kubelet.failures).toEqual([]);
  }, 1_500_000);

  it('meet in a few conflicts, each of which Berth notices and gets over', async () => {
    const binders = await bindersByPod(cluster.plane);
    const bound = [...binders.values()].flat().filter((user) => user === BERTH_USER).length;
    const metrics = (await berth.metrics()).split('\n');
    const conflicts = metrics.filter((line) => line.startsWith('berth_scheduling_conflicts_total{'));
    console.log(
      [
        `Berth bound ${bound} pods`,
        ...SCHEDULERS.map((name) => `refused of ${name}: ${tally(refusedOf(name), reasonOf)}`),
        ...SCHEDULERS.map((name) => `how ${name} got over it: ${tally(successions.of(name), resolutionOf)}`),
        `other conflicts: ${conflicts.join(', ') || 'none'}`,
      ].join('\n'),
    );
    const ours = refusedOf('berth');
    await until('Berth has noticed as many', async () => noticed().length >= ours.length);
    expect(noticed().toSorted()).toEqual(ours.map(describeRefusal).toSorted());
    for (const reason of new Set(ours.map(reasonOf))) {
      const counted = await berth.metric('berth_kubelet_refusals_total', { reason: reason ?? '' });
      expect([reason, counted]).toEqual([reason, ours.filter((pod) => reasonOf(pod) === reason).length]);
    }
    for (const name of SCHEDULERS)
      expect(successions.of(name).map(resolutionOf)).not.toContain('nobody came in its place');
    // The node was distrusted: whoever came next was not sent into the same room.
    expect(successions.of('berth').map(resolutionOf)).not.toContain(
      'its successor was refused on the same node',
    );
    expect(ours.length * BOUND_PER_REFUSAL).toBeLessThanOrEqual(bound);
  });

  it('each bind their own pods, and each pod once', async () => {
    const binders = await bindersByPod(cluster.plane);
    const wrong = all()
      .filter(({ spec }) => spec.nodeName !== undefined)
      .map(({ metadata, spec }) => ({
        pod: metadata.name,
        expected: spec.schedulerName === 'berth' ? BERTH_USER : 'system:kube-scheduler',
        actual: binders.get(metadata.name) ?? [],
      }))
      .filter(({ expected, actual }) => actual.join() !== expected);
    expect(wrong).toEqual([]);
    expect(watch.moved).toEqual([]);
  });
});

/** How many of which kind. */
function tally<T>(things: readonly T[], kindOf: (thing: T) => string | undefined): string {
  const counts = new Map<string | undefined, number>();
  for (const thing of things) counts.set(kindOf(thing), (counts.get(kindOf(thing)) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none';
}

/** One of a Deployment; the first test puts others onto nodes by hand. */
function describeRefusal(pod: Pod): string {
  return `default/${pod.metadata.name} on ${pod.spec.nodeName}: ${reasonOf(pod)}`;
}

function appOf({ labels }: Pod['metadata']): string | undefined {
  return (labels as Readonly<Record<string, string>> | undefined)?.app;
}

function reasonOf(pod: Pod | undefined): string | undefined {
  return (pod?.status as { readonly reason?: string } | undefined)?.reason;
}
