import { medianOf } from '../quantiles.js';
import { type BenchCase, caseName } from './bench-case.js';
import type { FigureName, Figures } from './figures.js';

/** What the figures depend on beside the code. */
export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly commit: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryGb: number;
  readonly platform: string;
  readonly node: string;
  readonly kubernetes: string;
  readonly etcd: string;
}

/** Berth's median divided by the other's. */
export interface Ratios {
  readonly throughput?: number;
  readonly cpuPerPod?: number;
  readonly cpuToApiServer?: number;
  readonly peakRss?: number;
  readonly algorithm?: number;
  readonly latencyP99?: number;
  readonly ready?: number;
  readonly nodesUsed?: number;
  readonly cpuDeviation?: number;
}

/** One case of a bench: the medians of its runs by whom they are of, and how they compare. */
export interface CaseResult {
  readonly case: string;
  readonly workload: string;
  readonly about: string;
  readonly nodes: number;
  readonly pods: number;
  readonly repeat: number;
  /** Berth to the one it is measured against. */
  readonly ratio: Ratios;
  /** Berth's throughput as a share of that of the binder that does not think. */
  readonly ceilingShare?: number;
  /** By Berth's pods. */
  readonly nodesUsed?: number;
  readonly berth: Figures;
  /** Name of the one it is measured against. */
  readonly against?: string;
  readonly other?: Figures;
  readonly ceiling?: Figures;
  readonly seconds: number;
  readonly circumstances: Circumstances;
}

/** A case that could not be measured. */
export interface CaseFailure {
  readonly case: string;
  readonly workload: string;
  readonly nodes: number;
  readonly pods: number;
  readonly error: string;
}

export type CaseOutcome = CaseResult | CaseFailure;

export function isFailure(outcome: CaseOutcome): outcome is CaseFailure {
  return 'error' in outcome;
}

export function isResult(outcome: CaseOutcome): outcome is CaseResult {
  return !isFailure(outcome);
}

/** The median of each figure over runs; a figure that some runs lack is that of the others. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const names = new Set(runs.flatMap((run) => Object.keys(run) as FigureName[]));
  return Object.fromEntries(
    [...names].map((name) => [name, medianOf(runs.flatMap((run) => run[name] ?? []))]),
  );
}

const ratioFigures: Readonly<Record<keyof Ratios, FigureName>> = {
  throughput: 'podsPerSecond',
  cpuPerPod: 'cpuMsPerPod',
  cpuToApiServer: 'cpuToApiServer',
  peakRss: 'peakRssMb',
  algorithm: 'algorithmMs',
  latencyP99: 'latencyP99Ms',
  ready: 'readySeconds',
  nodesUsed: 'nodesUsed',
  cpuDeviation: 'cpuDeviation',
};

/** How the first compares with the second; a figure that one of them lacks, or that is 0 for the second, has no ratio. */
export function ratiosOf(first: Figures, second: Figures): Ratios {
  return Object.fromEntries(
    Object.entries(ratioFigures).flatMap(([ratio, figure]) => {
      const [mine, its] = [first[figure], second[figure]];
      return mine === undefined || its === undefined || its === 0 ? [] : [[ratio, mine / its]];
    }),
  );
}

/** All runs of one case. */
export interface CaseRuns {
  readonly berth: readonly Figures[];
  readonly other: readonly Figures[];
  readonly ceiling: readonly Figures[];
}

export function caseResult(
  benchCase: BenchCase,
  runs: CaseRuns,
  about: {
    readonly against: string | undefined;
    readonly seconds: number;
    readonly circumstances: Circumstances;
  },
): CaseResult {
  const { workload, nodes, pods } = benchCase;
  const berth = mediansOf(runs.berth);
  const other = runs.other.length === 0 ? undefined : mediansOf(runs.other);
  const ceiling = runs.ceiling.length === 0 ? undefined : mediansOf(runs.ceiling);
  const highest = ceiling?.podsPerSecond;
  return {
    case: caseName(benchCase),
    workload: workload.name,
    about: workload.about,
    nodes,
    pods,
    repeat: runs.berth.length,
    ratio: other === undefined ? {} : ratiosOf(berth, other),
    ...(highest === undefined || berth.podsPerSecond === undefined
      ? {}
      : { ceilingShare: berth.podsPerSecond / highest }),
    ...(berth.nodesUsed === undefined ? {} : { nodesUsed: berth.nodesUsed }),
    berth,
    ...(about.against === undefined ? {} : { against: about.against }),
    ...(other === undefined ? {} : { other }),
    ...(ceiling === undefined ? {} : { ceiling }),
    seconds: about.seconds,
    circumstances: about.circumstances,
  };
}
