import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import type { KwokNode } from '../controlplane/kwok-node.js';
import { projectRoot } from '../controlplane/project-root.js';
import { placementFaults, schedulingEvents } from './audit.js';
import { BerthProcess } from './berth-process.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { until } from './until.js';
import { createPods, type PodOrder } from './workload.js';

/*
 * Several profiles in one process: the same pod under each of their names. Where it has to go is worked out here, by the formulas of
 * kube-scheduler 1.37, from what the API server says that nodes carry. Pods ask for CPU and memory in the proportion of the nodes, so
 * that NodeResourcesBalancedAllocation finds nothing to choose between, and nothing else but what is counted below tells nodes apart.
 */

const CPUS = 8;
const GIBIBYTES_PER_CPU = 4;
const MINE = 'example.com/mine';

interface TestNode {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** CPUs that pods ask for which are there from the start. */
  readonly load: number;
}

/** By the label `case`, which pods choose them by. */
const NODES: Readonly<Record<string, readonly TestNode[]>> = {
  strategies: [
    { name: 'nearly-full', load: 6 },
    { name: 'half-full', load: 3 },
    { name: 'empty', load: 0 },
  ],
  weights: [
    { name: 'fast-and-full', labels: { disk: 'fast' }, load: 6 },
    { name: 'slow-and-empty', load: 0 },
  ],
  'plugin-decides': [
    { name: 'full', load: 6 },
    { name: 'mine', labels: { [MINE]: 'yes' }, load: 3 },
    { name: 'free', load: 0 },
  ],
  'fullness-decides': [
    { name: 'fuller', load: 7 },
    { name: 'mine-and-free', labels: { [MINE]: 'yes' }, load: 1 },
  ],
  signatures: [{ name: 'any', load: 0 }],
};

/** What one profile makes of nodes. */
interface Scoring {
  readonly schedulerName: string;
  /** The score of one resource, of which so many percent would be used. */
  readonly strategy: (percentUsed: number) => number;
  readonly fitWeight: number;
  /** What other plugins add to the total of a node, beyond what they add to all. */
  readonly others?: (node: TestNode) => number;
}

const leastAllocated = (percentUsed: number): number => Math.floor(100 - percentUsed);
const mostAllocated = (percentUsed: number): number => Math.floor(percentUsed);
/** The shape 0 → 0, 50 → 10, 100 → 0 of `halfway` below. */
const halfway = (percentUsed: number): number => {
  const whole = Math.floor(percentUsed);
  return whole <= 50 ? whole * 2 : 200 - whole * 2;
};
/** NodeAffinity has a weight of 2, and 100 for the node that meets the only preference. */
const fastDisk = ({ labels }: TestNode): number => (labels?.disk === 'fast' ? 2 * 100 : 0);

const spreading = { schedulerName: 'spreading', strategy: leastAllocated, fitWeight: 1 };
const packing = { schedulerName: 'packing', strategy: mostAllocated, fitWeight: 1 };
const middling = { schedulerName: 'halfway', strategy: halfway, fitWeight: 1 };
const lightOnRoom = { ...spreading, schedulerName: 'light-on-room', others: fastDisk };
const heavyOnRoom = { ...lightOnRoom, schedulerName: 'heavy-on-room', fitWeight: 5 };
/** The file of the guide: NodeResourcesMostAllocated with weight 2, MyCustomPlugin with weight 1. */
const guide: Scoring = {
  schedulerName: 'ext-scheduler',
  strategy: mostAllocated,
  fitWeight: 2,
  others: ({ labels }) => (labels?.[MINE] === 'yes' ? 100 : 0),
};

const CONFIGURATION = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
profiles:
  - schedulerName: spreading
  - schedulerName: packing
    pluginConfig:
      - name: NodeResourcesFit
        args:
          scoringStrategy:
            type: MostAllocated
            resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]
  - schedulerName: halfway
    pluginConfig:
      - name: NodeResourcesFit
        args:
          scoringStrategy:
            type: RequestedToCapacityRatio
            resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]
            requestedToCapacityRatio:
              shape: [{utilization: 0, score: 0}, {utilization: 50, score: 10}, {utilization: 100, score: 0}]
  - schedulerName: light-on-room
    plugins: {score: {enabled: [{name: NodeResourcesFit, weight: 1}]}}
  - schedulerName: heavy-on-room
    plugins: {score: {enabled: [{name: NodeResourcesFit, weight: 5}]}}
`;

const MY_CUSTOM_PLUGIN = `
import { definePlugin } from 'berth';

export const plugin = definePlugin({
  name: 'MyCustomPlugin',
  points: ['score'],
  create: () => ({ score: (_pod, node) => (node.labels['${MINE}'] === 'yes' ? 100 : 0) }),
});
`;

const WHERE_MY_CUSTOM_PLUGIN_IS = `
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
  - {name: MyCustomPlugin, module: ./my-custom-plugin.ts}
`;

const prefersFastDisks = {
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 7, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['fast'] }] } },
      ],
    },
  },
};

describe('profiles of one process', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let berth: BerthProcess;

  beforeAll(async () => {
    const nodes = Object.entries(NODES).flatMap(([group, members]) =>
      members.map(({ name, labels }): KwokNode => ({ name, labels: { ...labels, case: group } })),
    );
    cluster = await startCluster(nodes, { components: { scheduler: false } });
    api = cluster.plane.api;
    watch = await PodWatch.start(api);
    await createPods(
      api,
      Object.values(NODES)
        .flat()
        .filter(({ load }) => load > 0)
        .map(({ name, load }) => order({ name: `load-of-${name}`, cpus: load, spec: { nodeName: name } })),
    );
    berth = await BerthProcess.start(cluster.plane, {
      kubeconfig: cluster.kubeconfig,
      args: ['--config', await file('profiles', 'profiles.yaml', CONFIGURATION), '--log-format', 'json'],
    });
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  async function file(folder: string, name: string, text: string): Promise<string> {
    const path = join(cluster.plane.dir, folder, name);
    await mkdir(join(cluster.plane.dir, folder), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  function order({ name, cpus, spec }: { name: string; cpus: number; spec: object }): PodOrder {
    return { name, requests: { cpu: String(cpus), memory: `${cpus * GIBIBYTES_PER_CPU}Gi` }, spec };
  }

  /** CPUs that pods on a node ask for, as the API server has them. */
  function load(node: string): number {
    return watch
      .pods()
      .filter(({ pod }) => pod.spec.nodeName === node)
      .flatMap(({ pod }) => pod.spec.containers)
      .reduce((sum, { resources }) => sum + Number(resources?.requests?.cpu ?? 0), 0);
  }

  /** The one node that is best for a pod of so many CPUs. @throws Error when there are two, and the test would prove nothing. */
  function prediction(group: string, cpus: number, { strategy, fitWeight, others }: Scoring): string {
    const totals = (NODES[group] ?? []).map((node) => {
      const percentUsed = ((load(node.name) + cpus) * 100) / CPUS;
      return { name: node.name, total: fitWeight * strategy(percentUsed) + (others?.(node) ?? 0) };
    });
    const highest = Math.max(...totals.map(({ total }) => total));
    const [best, second] = totals.filter(({ total }) => total === highest);
    if (best === undefined || second !== undefined) throw new Error(`a tie: ${JSON.stringify(totals)}`);
    return best.name;
  }

  /** Places a pod under a profile, and returns where it went and where it should have gone. */
  async function place(
    { name, group, cpus, spec }: { name: string; group: string; cpus: number; spec?: object },
    scoring: Scoring,
  ): Promise<{ readonly node: string | undefined; readonly predicted: string }> {
    const predicted = prediction(group, cpus, scoring);
    const { schedulerName } = scoring;
    await createPods(api, [
      order({ name, cpus, spec: { ...spec, schedulerName, nodeSelector: { case: group } } }),
    ]);
    await watch.bound(name);
    return { node: watch.get(name)?.pod.spec.nodeName, predicted };
  }

  it('pods go where the strategy of their profile leads them', async () => {
    const places: string[] = [];
    for (const scoring of [packing, middling, spreading]) {
      const name = `strategy-of-${scoring.schedulerName}`;
      const { node, predicted } = await place({ name, group: 'strategies', cpus: 1 }, scoring);
      expect(`${name} on ${node}`).toBe(`${name} on ${predicted}`);
      places.push(predicted);
    }
    expect(places).toEqual(['nearly-full', 'half-full', 'empty']);
  });

  it('profiles that differ in one weight only place the same pod on different nodes', async () => {
    const places: string[] = [];
    for (const scoring of [lightOnRoom, heavyOnRoom]) {
      const name = `weight-of-${scoring.schedulerName}`;
      const pod = { name, group: 'weights', cpus: 1, spec: prefersFastDisks };
      const { node, predicted } = await place(pod, scoring);
      expect(`${name} on ${node}`).toBe(`${name} on ${predicted}`);
      places.push(predicted);
    }
    expect(places).toEqual(['fast-and-full', 'slow-and-empty']);
  });

  it('each profile signs what it does, and pods of other names are left alone', async () => {
    await createPods(api, [{ name: 'of-another', spec: { schedulerName: 'another' } }]);
    const pods = [spreading, packing, middling].map((scoring) => ({
      ...scoring,
      name: `signed-by-${scoring.schedulerName}`,
    }));
    await createPods(
      api,
      pods.map(({ name, schedulerName }) => ({
        name,
        spec: { schedulerName, nodeSelector: { case: 'signatures' } },
      })),
    );
    for (const { name } of pods) await watch.bound(name);
    await until('the events', async () => {
      const events = await schedulingEvents(cluster.plane);
      return pods.every(({ name, schedulerName }) =>
        events.some(
          ({ reason, regarding, reportingController }) =>
            reason === 'Scheduled' && regarding.name === name && reportingController === schedulerName,
        ),
      );
    });
    const ofAnother = watch.get('of-another')?.pod;
    expect([ofAnother?.spec.nodeName, ofAnother?.status.conditions]).toEqual([undefined, undefined]);
    for (const { schedulerName } of pods) {
      const labels = { profile: schedulerName, result: 'scheduled' };
      expect(await berth.metric('scheduler_schedule_attempts_total', labels)).toBeGreaterThan(0);
    }
    expect(await berth.metric('scheduler_schedule_attempts_total', { profile: 'another' })).toBeUndefined();
  });

  it('the v1beta1 file of an old guide schedules as it was meant to, with a plugin of the name that it gives', async () => {
    const page = await readFile(join(projectRoot(), 'docs', 'configuration.md'), 'utf8');
    const [, text = ''] = /^```yaml\n(# guide\.yaml\n.*?)^```$/ms.exec(page) ?? [];
    expect(text).toMatch(/v1beta1.*ext-scheduler.*NodeResourcesMostAllocated.*MyCustomPlugin/s);
    await file('guide', 'my-custom-plugin.ts', MY_CUSTOM_PLUGIN);
    const args = [
      ...['--config', await file('guide', 'guide.yaml', text)],
      ...['--berth-config', await file('guide', 'berth.yaml', WHERE_MY_CUSTOM_PLUGIN_IS)],
      ...['--log-format', 'json'],
    ];
    const second = await BerthProcess.start(cluster.plane, { kubeconfig: cluster.kubeconfig, args });
    expect(second.child.stderr()).toContain(
      'kubescheduler.config.k8s.io/v1beta1 was removed from Kubernetes',
    );

    const places: string[] = [];
    for (const group of ['plugin-decides', 'fullness-decides']) {
      const name = `guide-${group}`;
      const { node, predicted } = await place({ name, group, cpus: 1 }, guide);
      expect(`${name} on ${node}`).toBe(`${name} on ${predicted}`);
      places.push(predicted);
    }
    expect(places).toEqual(['mine', 'fuller']);
    // Neither of the two would have been chosen without the other one's say.
    expect(prediction('plugin-decides', 1, { ...guide, others: () => 0 })).toBe('full');
    expect(prediction('fullness-decides', 1, { ...guide, fitWeight: 1 })).toBe('mine-and-free');
    expect(
      await second.metric('berth_plugin_call_duration_seconds_count', { plugin: 'MyCustomPlugin' }),
    ).toBeGreaterThanOrEqual(2);
    expect(await second.metric('berth_plugin_faults_total')).toBeUndefined();
    expect((await second.child.stop()).code).toBe(0);
  });

  it('nothing is where it may not be', async () => {
    expect(await placementFaults(cluster.plane)).toEqual([]);
    expect(watch.moved).toEqual([]);
    expect(berth.child.running).toBe(true);
  });
});
