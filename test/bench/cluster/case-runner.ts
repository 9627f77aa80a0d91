import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../controlplane/project-root.js';
import { medianOf } from '../quantiles.js';
import { runArrivals } from './arrivals-run.js';
import { runBacklog, runCeiling } from './backlog-run.js';
import type { BenchCase } from './bench-case.js';
import type { CaseRuns } from './case-result.js';
import { type Contender, imageEnvironment } from './contender.js';
import type { Figures } from './figures.js';
import type { PreparedClusters } from './prepared-cluster.js';
import type { RunContext } from './run-context.js';
import { runStart } from './start-run.js';
import { workloads } from './workloads.js';

export interface CaseRunnerOptions {
  readonly clusters: PreparedClusters;
  readonly berth: Contender;
  readonly other: Contender | undefined;
  readonly repeat: number;
  /** Pods per second of arrivals; undefined: half of the ceiling. */
  readonly rate: number | undefined;
  readonly withCeiling: boolean;
  /** Path of Node.js. */
  readonly node: string;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** How many pods the binder is given that finds the rate of arrivals. */
const ceilingPods = 2000;

/** Runs cases: Berth and the other take turns, each time on a control plane of its own. */
export class CaseRunner {
  readonly #options: CaseRunnerOptions;
  /** What the binder reached, events included, in pods per second, by the number of nodes. */
  readonly #ceilings = new Map<number, number[]>();

  constructor(options: CaseRunnerOptions) {
    this.#options = options;
  }

  async run(benchCase: BenchCase): Promise<CaseRuns> {
    const { berth, other, repeat, withCeiling } = this.#options;
    const runs = { berth: [] as Figures[], other: [] as Figures[], ceiling: [] as Figures[] };
    const perSecond = benchCase.workload.drive === 'arrivals' ? await this.#rateFor(benchCase) : undefined;
    for (let round = 1; round <= repeat; round += 1) {
      const measure = (contender: Contender): Promise<Figures> =>
        this.#measure(benchCase, `${contender.name} ${round}/${repeat}`, (context) =>
          drive(context, contender, perSecond),
        );
      runs.berth.push(await measure(berth));
      if (other !== undefined) runs.other.push(await measure(other));
      if (withCeiling && benchCase.workload.hasCeiling)
        runs.ceiling.push(await this.#measureCeiling(benchCase, `ceiling ${round}/${repeat}`));
    }
    return runs;
  }

  async #measureCeiling(benchCase: BenchCase, what: string): Promise<Figures> {
    const { node } = this.#options;
    const settings = imageEnvironment(readFileSync(join(projectRoot(), 'Dockerfile'), 'utf8'));
    const figures = await this.#measure(benchCase, what, (context) =>
      runCeiling(context, { node, settings }),
    );
    const known = this.#ceilings.get(benchCase.nodes) ?? [];
    this.#ceilings.set(benchCase.nodes, [...known, figures.podsPerSecondWithEvents ?? Number.NaN]);
    return figures;
  }

  /** Half of what the binder does, events included: events of pods that come steadily have to be written as well. */
  async #rateFor({ nodes }: BenchCase): Promise<number> {
    const { rate } = this.#options;
    if (rate !== undefined) return rate;
    const [basic] = workloads;
    if (!this.#ceilings.has(nodes) && basic !== undefined)
      await this.#measureCeiling({ workload: basic, nodes, pods: ceilingPods }, 'ceiling');
    return Math.round(medianOf(this.#ceilings.get(nodes) ?? []) / 2);
  }

  async #measure(
    benchCase: BenchCase,
    what: string,
    run: (context: RunContext) => Promise<Figures>,
  ): Promise<Figures> {
    const { clusters, signal, tell } = this.#options;
    const { workload, nodes } = benchCase;
    const began = performance.now();
    const population = { nodes, ...(workload.bound === undefined ? {} : { bound: workload.bound }) };
    const plane = await clusters.start(population, { signal });
    let figures: Figures;
    try {
      figures = await run({ plane, benchCase, signal });
    } catch (error) {
      const logs = await clusters.endKeepingLogs(plane);
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${what}: ${message} (logs: ${logs})`, { cause: error });
    }
    await clusters.end(plane);
    tell(`  ${what}: ${gist(figures)} (${((performance.now() - began) / 1000).toFixed(0)} s)`);
    return figures;
  }
}

function drive(context: RunContext, contender: Contender, perSecond: number | undefined): Promise<Figures> {
  switch (context.benchCase.workload.drive) {
    case 'backlog':
      return runBacklog(context, contender);
    case 'arrivals':
    case 'burst':
      return runArrivals(context, contender, { perSecond });
    case 'start':
      return runStart(context, contender);
  }
}

/** The figures of one run that a person wants to see while it goes on. */
function gist(figures: Figures): string {
  const parts: readonly (readonly [number | undefined, number, string])[] = [
    [figures.podsPerSecond, 0, 'pods/s'],
    [figures.algorithmMs, 3, 'ms algorithm'],
    [figures.cpuMsPerPod, 2, 'ms CPU/pod'],
    [figures.peakRssMb, 0, 'MB'],
    [figures.readySeconds, 2, 's to ready'],
    [figures.latencyP99Ms, 0, 'ms p99'],
    [figures.nodesUsed, 0, 'nodes used'],
    [figures.throttled, 0, 'answers 429'],
  ];
  return parts
    .flatMap(([value, digits, unit]) => (value === undefined ? [] : [`${value.toFixed(digits)} ${unit}`]))
    .join(', ');
}
