import type { CaseResult } from './case-result.js';

/** What is to be reached, and what was. */
export interface Goal {
  readonly about: string;
  /** `at least 2.5`, `at most 0.1 ms` */
  readonly wanted: string;
  /** What was measured; undefined where the cases are missing. */
  readonly reached: string | undefined;
  readonly isMet: boolean | undefined;
}

interface Measured {
  readonly value: number;
  readonly name: string;
  readonly beside: number | undefined;
}

type Read = (result: CaseResult) => number | undefined;

interface Bound {
  readonly about: string;
  /** Names of cases; all that have the value when left out. */
  readonly cases?: readonly string[];
  readonly except?: readonly string[];
  readonly read: Read;
  readonly least?: number;
  readonly most?: number;
  /** The other's figure in the same case, where the goal is none of ratios: it tells how fast the machine was. */
  readonly beside?: Read;
  readonly format: (value: number) => string;
}

const times = (value: number): string => `×${value.toFixed(2)}`;
const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
const milliseconds = (value: number): string => `${value.toFixed(3)} ms`;
const whole = (value: number): string => value.toFixed(0);
const seconds = (value: number): string => `${value.toFixed(1)} s`;

/** Twice the pause between two renewals: later than that, and one was left out. */
const leaseGapSeconds = 4;

const bounds: readonly Bound[] = [
  {
    about: 'throughput, basic',
    cases: ['basic-500', 'basic-5000'],
    read: ({ ratio }) => ratio.throughput,
    least: 2.5,
    format: times,
  },
  {
    about: 'throughput, spread and pod affinity, 5,000 nodes',
    cases: ['spread-5000', 'affinity-required-5000'],
    read: ({ ratio }) => ratio.throughput,
    least: 6,
    format: times,
  },
  {
    about: 'throughput, spread, 15,000 nodes',
    cases: ['spread-15000'],
    read: ({ ratio }) => ratio.throughput,
    least: 12,
    format: times,
  },
  {
    about: 'throughput, every workload',
    except: ['arrivals-5000'],
    read: ({ ratio }) => ratio.throughput,
    least: 1,
    format: times,
  },
  {
    about: 'share of what a binder reaches that does not think',
    read: ({ ceilingShare }) => ceilingShare,
    least: 0.85,
    format: percent,
  },
  {
    about: 'processor time per pod, basic',
    cases: ['basic-500', 'basic-1000', 'basic-5000', 'basic-15000'],
    read: ({ ratio }) => ratio.cpuPerPod,
    most: 0.4,
    format: times,
  },
  {
    about: 'processor time per pod, spread and pod affinity, 5,000 nodes',
    cases: ['spread-5000', 'affinity-required-5000'],
    read: ({ ratio }) => ratio.cpuPerPod,
    most: 0.1,
    format: times,
  },
  { about: 'peak memory, every workload', read: ({ ratio }) => ratio.peakRss, most: 1, format: times },
  {
    about: 'algorithm, known templates, 5,000 nodes',
    cases: [
      'basic-5000',
      'spread-5000',
      'anti-affinity-preferred-5000',
      'anti-affinity-required-5000',
      'affinity-required-5000',
      'node-affinity-5000',
    ],
    read: ({ berth }) => berth.algorithmMs,
    beside: ({ other }) => other?.algorithmMs,
    most: 0.1,
    format: milliseconds,
  },
  {
    about: 'algorithm, templates never seen, 5,000 nodes',
    cases: ['basic-unseen-5000'],
    read: ({ berth }) => berth.algorithmMs,
    beside: ({ other }) => other?.algorithmMs,
    most: 0.5,
    format: milliseconds,
  },
  {
    about: 'latency at half of the ceiling, p99',
    cases: ['arrivals-5000'],
    read: ({ ratio }) => ratio.latencyP99,
    most: 0.5,
    format: times,
  },
  {
    about: 'longest time between two renewals of the Lease in a burst',
    cases: ['burst-5000'],
    read: ({ berth }) => berth.leaseGapSeconds,
    most: leaseGapSeconds,
    format: seconds,
  },
  {
    about: 'start, time to ready',
    cases: ['start-5000'],
    read: ({ ratio }) => ratio.ready,
    most: 1,
    format: times,
  },
  {
    about: 'start, peak memory',
    cases: ['start-5000'],
    read: ({ ratio }) => ratio.peakRss,
    most: 1,
    format: times,
  },
  {
    about: 'nodes used by 2,000 basic pods, 5,000 nodes',
    cases: ['basic-5000'],
    read: ({ nodesUsed }) => nodesUsed,
    least: 1900,
    format: whole,
  },
  {
    about: 'deviation of processors requested per node',
    except: ['packing-1000'],
    read: ({ ratio }) => ratio.cpuDeviation,
    most: 1,
    format: times,
  },
  {
    about: 'nodes used with MostAllocated',
    cases: ['packing-1000'],
    read: ({ ratio }) => ratio.nodesUsed,
    most: 1,
    format: times,
  },
];

/** The goals in order, each by the case that is farthest from it. */
export function goalsOf(results: readonly CaseResult[]): Goal[] {
  const [beforeGrowth, afterGrowth] = [bounds.slice(0, 10), bounds.slice(10)];
  return [
    ...beforeGrowth.map((bound) => judge(bound, results)),
    growth(results),
    ...afterGrowth.map((bound) => judge(bound, results)),
  ];
}

function judge(bound: Bound, results: readonly CaseResult[]): Goal {
  const { about, cases, except = [], read, beside, least, most = Number.POSITIVE_INFINITY, format } = bound;
  const wanted = least === undefined ? `at most ${format(most)}` : `at least ${format(least)}`;
  const measured = results
    .filter(({ case: name }) => (cases?.includes(name) ?? true) && !except.includes(name))
    .flatMap((result): Measured[] => {
      const value = read(result);
      return value === undefined ? [] : [{ value, name: result.case, beside: beside?.(result) }];
    })
    .sort((a, b) => (least === undefined ? b.value - a.value : a.value - b.value));
  const [worst] = measured;
  if (worst === undefined) return { about, wanted, reached: undefined, isMet: undefined };
  return {
    about,
    wanted,
    reached: [format(worst.value), remark(worst, bound, measured.length)].filter(Boolean).join(' '),
    isMet: least === undefined ? worst.value <= most : worst.value >= least,
  };
}

/** In parentheses: of which case it is, if there are others, and what the other had there. */
function remark({ name, beside }: Measured, { format }: Bound, cases: number): string {
  const parts = [
    ...(cases > 1 ? [name] : []),
    ...(beside === undefined ? [] : [`kube-scheduler ${format(beside)}`]),
  ];
  return parts.length === 0 ? '' : `(${parts.join(': ')})`;
}

const mostGrowth = 2;

/** What fifteen times the nodes cost a decision about a known template. */
function growth(results: readonly CaseResult[]): Goal {
  const algorithm = (name: string): number | undefined =>
    results.find((result) => result.case === name)?.berth.algorithmMs;
  const grown = ['basic', 'spread'].flatMap((workload) => {
    const [small, large] = [algorithm(`${workload}-1000`), algorithm(`${workload}-15000`)];
    return small === undefined || large === undefined ? [] : [{ workload, value: large / small }];
  });
  const [worst] = grown.sort((a, b) => b.value - a.value);
  return {
    about: 'algorithm, known templates, 15,000 nodes to 1,000',
    wanted: `at most ${times(mostGrowth)}`,
    reached: worst === undefined ? undefined : `${times(worst.value)} (${worst.workload})`,
    isMet: worst === undefined ? undefined : worst.value <= mostGrowth,
  };
}
