import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { loadConfiguration } from '../../../src/config/load.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { medianOf, type Spread, spreadOf } from '../quantiles.js';
import { nodeName, zoneOf } from './bench-cluster.js';
import { BenchScheduler } from './bench-scheduler.js';
import { collectGarbage } from './garbage.js';

export interface PreemptCase {
  readonly bench: 'preempt';
  readonly nodes: number;
  /** What the pods in need are like. */
  readonly case: string;
  readonly about: string;
  readonly podsPerRound: number;
  readonly rounds: number;
  /** The attempt that found no room and whom to evict. */
  readonly searchMicroseconds: Spread;
  readonly nanosecondsPerNode: number;
  /** Of it, PostFilter. */
  readonly postFilterMicroseconds: Spread;
  /** The attempt after the victims had gone: the promised node is judged, and no other. */
  readonly retryMicroseconds: Spread;
  readonly victimsPerPod: number;
}

export interface PreemptOptions {
  readonly nodes: readonly number[];
  readonly rounds: number;
  readonly warmUp: number;
  readonly pods: number;
  readonly only?: ReadonlySet<string> | undefined;
  readonly progress: (text: string) => void;
}

/** Pods that fit nowhere. */
export interface PreemptionNeed {
  readonly name: string;
  readonly about: string;
  readonly parts: PodParts;
  /** Budgets that some of the victims are under. */
  readonly budgets?: number;
}

const lowPerNode = 4;
/** A preemption is ten decisions' worth of warming up. */
const warmUpShare = 10;
const priority = 1_000;
const labels = { app: 'urgent' };

export const preemptionNeeds: readonly PreemptionNeed[] = [
  { name: 'one-victim', about: 'one of four pods has to go', parts: { requests: { cpu: '1' } } },
  { name: 'three-victims', about: 'three of four pods have to go', parts: { requests: { cpu: '3' } } },
  {
    name: 'budgets',
    about: 'one has to go; ten disruption budgets protect a fifth of the pods',
    parts: { requests: { cpu: '1' } },
    budgets: 10,
  },
  {
    name: 'spread',
    about: 'one has to go; zones spread hard',
    parts: {
      requests: { cpu: '1' },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'topology.kubernetes.io/zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: labels },
          },
        ],
      },
    },
  },
  {
    name: 'anti-affinity',
    about: 'one has to go; no node twice, required',
    parts: {
      requests: { cpu: '1' },
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' },
            ],
          },
        },
      },
    },
  },
];

/** Measures preemption on clusters that are full of less important pods. */
export async function benchPreempt(options: PreemptOptions): Promise<PreemptCase[]> {
  const cases: PreemptCase[] = [];
  for (const nodes of options.nodes) {
    for (const need of preemptionNeeds) {
      if (options.only !== undefined && !options.only.has(need.name)) continue;
      options.progress(`preempt: ${need.name} on ${nodes} nodes`);
      cases.push(await preemptCase(need, nodes, options));
    }
  }
  return cases;
}

async function preemptCase(
  need: PreemptionNeed,
  nodes: number,
  { rounds, warmUp, pods }: PreemptOptions,
): Promise<PreemptCase> {
  const configuration = loadConfiguration(undefined, { schedulerName: 'berth', leaderElect: false });
  const objects = { poddisruptionbudgets: budgets(need.budgets ?? 0) };
  const scheduler = new BenchScheduler({ configuration, objects });
  const victims = fullNodes(nodes);
  scheduler.show(victims.nodes, victims.pods);
  const searches: number[] = [];
  const postFilters: number[] = [];
  const retries: number[] = [];
  let evicted = 0;
  try {
    const warmUps = Math.ceil(warmUp / warmUpShare / pods);
    for (let index = -warmUps; index < rounds; index++) {
      const round = await preemptOnce(scheduler, need, pods);
      const back = victims.pods.filter(({ uid }) => scheduler.cluster.pod(uid) === undefined);
      scheduler.show([], back);
      if (index < 0) continue;
      searches.push(round.search * 1e6);
      postFilters.push(round.postFilter * 1e6);
      retries.push(round.retry * 1e6);
      evicted += back.length;
    }
  } finally {
    await scheduler.close();
  }
  const searchMicroseconds = spreadOf(searches);
  return {
    bench: 'preempt',
    nodes,
    case: need.name,
    about: need.about,
    podsPerRound: pods,
    rounds,
    searchMicroseconds,
    nanosecondsPerNode: (searchMicroseconds.median * 1_000) / nodes,
    postFilterMicroseconds: spreadOf(postFilters),
    retryMicroseconds: spreadOf(retries),
    victimsPerPod: evicted / (rounds * pods),
  };
}

/** One after the other, each pod evicts others and takes their place; all are gone afterwards. Seconds of the middle one. */
async function preemptOnce(scheduler: BenchScheduler, need: PreemptionNeed, count: number) {
  const spent = { search: [] as number[], postFilter: [] as number[], retry: [] as number[] };
  let found = false;
  scheduler.observer = {
    evaluation: () => ({
      seconds: () => performance.now() / 1_000,
      onPoint: (point, _status, seconds) => {
        if (point !== 'PostFilter') return;
        found = true;
        spent.postFilter.push(seconds);
      },
    }),
    algorithm: (seconds) => {
      spent[found ? 'search' : 'retry'].push(seconds);
      found = false;
    },
  };
  const pods = Array.from({ length: count }, () => makePod({ ...need.parts, labels, priority }));
  collectGarbage();
  for (const pod of pods) await scheduler.place([pod]);
  scheduler.observer = {};
  scheduler.remove(pods);
  return {
    search: medianOf(spent.search),
    postFilter: medianOf(spent.postFilter),
    retry: medianOf(spent.retry),
  };
}

/** Nodes of four cores, each with four pods of one core and of different priorities below those of the pods to come. */
function fullNodes(count: number): { readonly nodes: readonly Node[]; readonly pods: readonly Pod[] } {
  const nodes = Array.from({ length: count }, (_, index) =>
    makeNode({ name: nodeName(index), labels: { 'topology.kubernetes.io/zone': zoneOf(index) } }),
  );
  const pods = Array.from({ length: lowPerNode * count }, (_, index) =>
    makePod({
      name: `low-${index}`,
      labels: { app: `app-${index % 50}` },
      requests: { cpu: '1', memory: '1Gi' },
      nodeName: nodeName(index % count),
      priority: 1 + (index % 7),
      status: { startTime: new Date(Date.UTC(2026, 0, 1, 0, 0, index % 3_600)).toISOString() },
    }),
  );
  return { nodes, pods };
}

/** Budgets that allow no more disruption, each for the pods of one app. */
function budgets(count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => ({
    metadata: { name: `budget-${index}`, namespace: 'default', uid: `budget-${index}`, resourceVersion: '1' },
    spec: { selector: { matchLabels: { app: `app-${index}` } }, minAvailable: 1 },
    status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  }));
}
