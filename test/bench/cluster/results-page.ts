import type { CaseResult } from './case-result.js';
import type { FigureName } from './figures.js';
import { goalsOf } from './goals.js';

/** The page for people, in Markdown. Everything on it follows from the results. */
export function resultsPage(results: readonly CaseResult[]): string {
  return [
    '# Results of the last runs',
    'Written by `npm run bench -- --write-results`; [docs/benchmarks.md](../docs/benchmarks.md) says what is measured, and how. Each case has ' +
      'medians of its runs; Berth and kube-scheduler took turns, each on a control plane of its own. Absolute figures depend on the machine, ' +
      'and two runs on one machine differ by tens of percent: the ratios are the point.',
    '## Where',
    ...circumstancesOf(results),
    '## Goals',
    goalsTable(results),
    ...section('Backlog', backlogText, backlogTable(results)),
    ...section('Placement', placementText, placementTable(results)),
    ...section('Arrivals', arrivalsText, arrivalsTable(results)),
    ...section('Start', startText, startTable(results)),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

const backlogText =
  "The pods are there before the scheduler starts. Pairs are Berth's figure and kube-scheduler's, ratios Berth's to kube-scheduler's. " +
  '"Ceiling" is what a binder reaches that does not think.';
const placementText =
  'Nodes with at least one of the pods, and the standard deviation over all nodes of the processors requested, in percent of a node.';
const arrivalsText =
  'The pods come while the scheduler runs. Latency is that from created to bound, in milliseconds.';
const startText = 'From the start of the process; the cluster has ten pods on every node.';

function section(title: string, text: string, table: string | undefined): string[] {
  return table === undefined ? [] : [`## ${title}`, text, table];
}

/** One paragraph for each set of circumstances; the cases are named where there are several. */
function circumstancesOf(results: readonly CaseResult[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { circumstances, case: name, repeat } of results) {
    const { date, command, commit, processor, processors, memoryGb, platform, node, kubernetes, etcd } =
      circumstances;
    const machine = `${processors} × ${processor}, ${memoryGb} GB, ${platform}`;
    const versions = `Berth ${commit} on Node.js ${node}, Kubernetes ${kubernetes}, etcd ${etcd}`;
    const key = `${date}, \`${command}\`, ${repeat} ${repeat === 1 ? 'run' : 'runs'} of each. ${machine}. ${versions}.`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups].map(([text, names]) =>
    groups.size === 1 ? text : `${text} Cases: ${names.join(', ')}.`,
  );
}

function goalsTable(results: readonly CaseResult[]): string {
  const rows = goalsOf(results).map(({ about, wanted, reached, isMet }) => [
    about,
    wanted,
    reached ?? 'not measured',
    isMet === undefined ? '' : isMet ? 'yes' : 'no',
  ]);
  return markdownTable(['what', 'goal', 'measured', 'reached'], rows);
}

function backlogTable(results: readonly CaseResult[]): string | undefined {
  return tableOf(
    results.filter(({ berth }) => berth.podsPerSecond !== undefined && berth.latencyP99Ms === undefined),
    [
      'pods/s',
      'ratio',
      'ceiling',
      'share of it',
      'algorithm, ms',
      'CPU ms/pod',
      'ratio',
      'peak MB',
      'ratio',
      '429s',
      'retries',
      'events',
    ],
    (result) => [
      pair(result, 'podsPerSecond', 0),
      times(result.ratio.throughput),
      result.ceiling?.podsPerSecond?.toFixed(0) ?? '',
      result.ceilingShare === undefined ? '' : `${(100 * result.ceilingShare).toFixed(0)} %`,
      pair(result, 'algorithmMs', 3),
      pair(result, 'cpuMsPerPod', 2),
      times(result.ratio.cpuPerPod),
      pair(result, 'peakRssMb', 0),
      times(result.ratio.peakRss),
      pair(result, 'throttled', 0),
      pair(result, 'retries', 0),
      pair(result, 'events', 0),
    ],
  );
}

function placementTable(results: readonly CaseResult[]): string | undefined {
  return tableOf(
    results.filter(({ berth }) => berth.nodesUsed !== undefined),
    ['nodes used', 'ratio', 'deviation, %', 'ratio'],
    (result) => [
      pair(result, 'nodesUsed', 0),
      times(result.ratio.nodesUsed),
      pair(result, 'cpuDeviation', 2),
      times(result.ratio.cpuDeviation),
    ],
  );
}

function arrivalsTable(results: readonly CaseResult[]): string | undefined {
  return tableOf(
    results.filter(({ berth }) => berth.latencyP99Ms !== undefined),
    [
      'created/s',
      'bound/s',
      'p50 ms',
      'p99 ms',
      'ratio of p99',
      'CPU ms/pod',
      'ratio',
      'peak MB',
      'ratio',
      'lease gap, s',
      'event loop p99.9, ms',
    ],
    (result) => [
      pair(result, 'arrivalsPerSecond', 0),
      pair(result, 'podsPerSecond', 0),
      pair(result, 'latencyP50Ms', 1),
      pair(result, 'latencyP99Ms', 1),
      times(result.ratio.latencyP99),
      pair(result, 'cpuMsPerPod', 2),
      times(result.ratio.cpuPerPod),
      pair(result, 'peakRssMb', 0),
      times(result.ratio.peakRss),
      pair(result, 'leaseGapSeconds', 1),
      pair(result, 'eventLoopP999Ms', 1),
    ],
  );
}

function startTable(results: readonly CaseResult[]): string | undefined {
  return tableOf(
    results.filter(({ berth }) => berth.readySeconds !== undefined),
    ['ready, s', 'ratio', 'first pod bound, s', 'peak MB', 'ratio'],
    (result) => [
      pair(result, 'readySeconds', 2),
      times(result.ratio.ready),
      pair(result, 'firstBoundSeconds', 2),
      pair(result, 'peakRssMb', 0),
      times(result.ratio.peakRss),
    ],
  );
}

function tableOf(
  results: readonly CaseResult[],
  header: readonly string[],
  cells: (result: CaseResult) => string[],
): string | undefined {
  if (results.length === 0) return undefined;
  const rows = results.map((result) => [
    result.workload,
    count(result.nodes),
    count(result.pods),
    ...cells(result),
  ]);
  return markdownTable(['workload', 'nodes', 'pods', ...header], rows);
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

/** Berth's and the other's. */
function pair(result: CaseResult, figure: FigureName, digits: number): string {
  return [result.berth[figure], result.other?.[figure]]
    .flatMap((value) => (value === undefined ? [] : [value.toFixed(digits)]))
    .join(' / ');
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `×${ratio.toFixed(2)}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
