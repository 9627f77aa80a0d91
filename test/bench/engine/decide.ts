import { loadConfiguration } from '../../../src/config/load.js';
import type { EvaluationPoint } from '../../../src/scheduler/evaluation-observer.js';
import { meanOf, medianOf, type Spread, spreadOf } from '../quantiles.js';
import { benchNodes, boundPods } from './bench-cluster.js';
import { BenchScheduler } from './bench-scheduler.js';
import { allocationGauge, collectGarbage, GarbageWatch } from './garbage.js';
import { type PodKind, podKinds, podsOfKind } from './pod-kinds.js';
import { PointTally } from './point-tally.js';

/** Where decisions spend time and memory. */
export interface DecidePart {
  readonly point: EvaluationPoint | 'rest';
  /** '' for what an extension point does around its plugins. */
  readonly plugin: string;
  readonly microseconds: number;
  readonly nanosecondsPerNode: number;
  /** Of the decision, 0 to 1. */
  readonly share: number;
  readonly bytes: number;
}

export interface DecideCase {
  readonly bench: 'decide';
  readonly nodes: number;
  /** The kind of pods. */
  readonly case: string;
  readonly about: string;
  readonly podsPerRound: number;
  readonly rounds: number;
  /** One decision, from the pop of the pod to the choice of its node: the middle one of each round. */
  readonly decisionMicroseconds: Spread;
  readonly nanosecondsPerNode: number;
  /** One pod's way from its arrival to the news that it is bound, others being on theirs: what the loop takes for each, on average. */
  readonly loopMicroseconds: Spread;
  /** Part of the loop's time, 0 to 1, in which garbage was collected. */
  readonly garbageShare: number;
  readonly collectionsPerThousandPods: number;
  /** By one decision; the middle of all. */
  readonly allocatedBytes: number;
  readonly parts: readonly DecidePart[];
}

export interface DecideOptions {
  readonly nodes: readonly number[];
  readonly rounds: number;
  readonly warmUp: number;
  readonly pods: number;
  readonly only?: ReadonlySet<string> | undefined;
  readonly progress: (text: string) => void;
}

const allocationRounds = 3;

/** Measures decisions for each kind of pods and each size of cluster. */
export async function benchDecide(options: DecideOptions): Promise<DecideCase[]> {
  const { nodes: sizes, only, progress } = options;
  const cases: DecideCase[] = [];
  for (const nodes of sizes) {
    for (const kind of podKinds) {
      if (only !== undefined && !only.has(kind.name)) continue;
      progress(`decide: ${kind.name} on ${nodes} nodes`);
      cases.push(await decideCase(kind, nodes, options));
    }
  }
  return cases;
}

async function decideCase(
  kind: PodKind,
  nodes: number,
  { rounds, warmUp, pods }: DecideOptions,
): Promise<DecideCase> {
  const configuration = loadConfiguration(undefined, { schedulerName: 'berth', leaderElect: false });
  const scheduler = new BenchScheduler({ configuration, objects: kind.objects?.(nodes, pods) });
  scheduler.show(benchNodes(nodes), boundPods(nodes));
  const garbage = new GarbageWatch();
  try {
    const round = (): Promise<number> => placeOnce(scheduler, kind, pods);
    for (let warm = 0; warm < warmUp; warm += pods) await round();
    const whole = await timedRounds(scheduler, round, { rounds, pods, garbage });
    const times = new PointTally(() => performance.now() * 1_000);
    await tally(scheduler, times, round, rounds);
    const bytes = new PointTally(allocationGauge(), { tolerance: 1_000 });
    await tally(scheduler, bytes, round, Math.min(rounds, allocationRounds));
    return {
      bench: 'decide',
      nodes,
      case: kind.name,
      about: kind.about,
      podsPerRound: pods,
      rounds,
      ...whole,
      nanosecondsPerNode: (whole.decisionMicroseconds.median * 1_000) / nodes,
      allocatedBytes: medianOf(bytes.totals),
      parts: join(times, bytes, nodes),
    };
  } finally {
    garbage.close();
    await scheduler.close();
  }
}

/** One round: pods come, are placed, and go. Resolves to the milliseconds until the last was bound. */
async function placeOnce(scheduler: BenchScheduler, kind: PodKind, count: number): Promise<number> {
  const pods = podsOfKind(kind, count);
  collectGarbage();
  const ms = await scheduler.place(pods);
  scheduler.remove(pods);
  return ms;
}

/** Rounds in which nothing is measured but the whole. */
async function timedRounds(
  scheduler: BenchScheduler,
  round: () => Promise<number>,
  options: { readonly rounds: number; readonly pods: number; readonly garbage: GarbageWatch },
) {
  const { rounds, pods, garbage } = options;
  const decisions: number[] = [];
  const loops: number[] = [];
  const collected = { ms: 0, count: 0 };
  for (let index = 0; index < rounds; index++) {
    const seconds: number[] = [];
    scheduler.observer = { algorithm: (spent) => seconds.push(spent) };
    const ms = await round();
    decisions.push(medianOf(seconds) * 1e6);
    loops.push((ms * 1e3) / pods);
    const since = await garbage.sinceLast();
    collected.ms += since.ms;
    collected.count += since.count;
  }
  scheduler.observer = {};
  return {
    decisionMicroseconds: spreadOf(decisions),
    loopMicroseconds: spreadOf(loops),
    garbageShare: collected.ms / ((meanOf(loops) * pods * rounds) / 1e3),
    collectionsPerThousandPods: (collected.count * 1_000) / (pods * rounds),
  };
}

/** Rounds in which every plugin is measured: they take longer, so that only their proportions count. */
async function tally(
  scheduler: BenchScheduler,
  parts: PointTally,
  round: () => Promise<number>,
  rounds: number,
): Promise<void> {
  scheduler.observer = { evaluation: () => parts.begin(), algorithm: () => parts.end() };
  for (let index = 0; index < rounds; index++) await round();
  scheduler.observer = {};
}

function join(times: PointTally, bytes: PointTally, nodes: number): DecidePart[] {
  const bytesAt = new Map(
    bytes.parts().map(({ point, plugin, perDecision }) => [`${point}/${plugin}`, perDecision]),
  );
  const parts = times.parts();
  const whole = parts.reduce((sum, { perDecision }) => sum + perDecision, 0);
  return parts.map(({ point, plugin, perDecision: microseconds }) => ({
    point,
    plugin,
    microseconds,
    nanosecondsPerNode: (microseconds * 1_000) / nodes,
    share: microseconds / whole,
    bytes: bytesAt.get(`${point}/${plugin}`) ?? 0,
  }));
}
