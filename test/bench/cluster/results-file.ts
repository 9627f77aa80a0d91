import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CaseResult } from './case-result.js';
import { resultsChart } from './results-chart.js';
import { resultsPage } from './results-page.js';
import { workloads } from './workloads.js';

/** Relative to the checkout. */
const paths = {
  results: 'bench/results.json',
  page: 'bench/RESULTS.md',
  chart: 'docs/images/bench.svg',
} as const;

/**
 * Puts cases in place of those of the same name that an earlier run left, and writes the page and the chart anew from all of them.
 * Returns the paths written, relative to `root`.
 */
export async function writeResults(root: string, measured: readonly CaseResult[]): Promise<string[]> {
  const file = join(root, paths.results);
  const known = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as CaseResult[]) : [];
  const results = mergeResults(known, measured);
  const texts = {
    [paths.results]: `${JSON.stringify(results, undefined, 2)}\n`,
    [paths.page]: resultsPage(results),
    [paths.chart]: resultsChart(results),
  };
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return Object.keys(texts);
}

/** The newer of each case, in the order of the workloads and of their sizes. */
export function mergeResults(known: readonly CaseResult[], measured: readonly CaseResult[]): CaseResult[] {
  const byName = new Map([...known, ...measured].map((result) => [result.case, result]));
  const place = ({ workload }: CaseResult): number => workloads.findIndex(({ name }) => name === workload);
  return [...byName.values()].sort((a, b) => place(a) - place(b) || a.nodes - b.nodes);
}
