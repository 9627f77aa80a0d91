import { alignedTable } from '../../../src/observe/table.js';
import { type CaseOutcome, type CaseResult, isFailure, isResult } from './case-result.js';
import type { FigureName } from './figures.js';

/** For people: one line per case, Berth's figure before the other's, and the ratios. */
export function resultsTable(outcomes: readonly CaseOutcome[]): string {
  const results = outcomes.filter(isResult);
  const failures = outcomes.filter(isFailure);
  const header = [
    'case',
    'pods',
    'pods/s',
    'ratio',
    'ceiling',
    'algorithm ms',
    'CPU ms/pod',
    'ratio',
    'CPU/API server',
    'ratio',
    'peak MB',
    'ratio',
    'nodes used',
    'CPU dev. %',
    '429s',
    'p99 ms',
    'ready s',
  ];
  const lines = results.length === 0 ? [] : alignedTable(header, results.map(row));
  return [
    ...lines,
    ...failures.map(({ case: name, error }) => `${name} failed: ${error}`),
    ...(results.length === 0 ? [] : ['', legend(results)]),
  ].join('\n');
}

function legend(results: readonly CaseResult[]): string {
  const against = results.find((result) => result.against !== undefined)?.against;
  const pairs =
    against === undefined ? '' : `Pairs: Berth, then ${against}; ratios: Berth's to the other's. `;
  return `${pairs}Medians of ${Math.max(...results.map(({ repeat }) => repeat))} runs. ceiling: share of what a binder reaches that does not think.`;
}

function row(result: CaseResult): string[] {
  const { ratio, ceilingShare } = result;
  const pair = (figure: FigureName, digits: number): string =>
    [result.berth[figure], result.other?.[figure]]
      .flatMap((value) => (value === undefined ? [] : [value.toFixed(digits)]))
      .join(' / ');
  return [
    result.case,
    String(result.pods),
    pair('podsPerSecond', 0),
    times(ratio.throughput),
    ceilingShare === undefined ? '' : `${(100 * ceilingShare).toFixed(0)} %`,
    pair('algorithmMs', 3),
    pair('cpuMsPerPod', 2),
    times(ratio.cpuPerPod),
    pair('cpuToApiServer', 2),
    times(ratio.cpuToApiServer),
    pair('peakRssMb', 0),
    times(ratio.peakRss),
    pair('nodesUsed', 0),
    pair('cpuDeviation', 2),
    pair('throttled', 0),
    pair('latencyP99Ms', 0),
    pair('readySeconds', 2),
  ];
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `×${ratio.toFixed(2)}`;
}
