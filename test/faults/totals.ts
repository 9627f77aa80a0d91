import { alignedTable } from '../../src/observe/table.js';
import { frameFaults, incidents, requestFaults } from './fault-kinds.js';
import type { Mode } from './modes.js';
import { hasFailed } from './report.js';
import type { TrialResult } from './trial.js';

export interface SeedResult {
  readonly mode: Mode;
  readonly result: TrialResult;
}

const kinds = [
  ['request', requestFaults],
  ['frame', frameFaults],
  ['incident', incidents],
] as const;

/** The last lines of a run over several seeds: how much of what there was in each mode, what was judged by it, and whether it held. */
export function describeTotals(seeds: readonly SeedResult[]): string {
  const modes = [...new Set(seeds.map(({ mode }) => mode))];
  const of = (mode: Mode): TrialResult[] =>
    seeds.flatMap((seed) => (seed.mode === mode ? [seed.result] : []));
  const byMode = modes.map(of);
  const row = (
    cells: readonly string[],
    count: (results: readonly TrialResult[]) => number | string,
  ): string[] => [...cells, ...byMode.map((results) => String(count(results)))];
  const failed = seeds.filter(({ result }) => hasFailed(result));
  return [
    '',
    ...alignedTable(
      ['', ...modes],
      sizes.map(([what, count]) => row([what], count)),
    ),
    '',
    ...alignedTable(['done to', 'kind', ...modes], faultRows(row)),
    '',
    ...alignedTable(['invariant', 'judged by', 'breaches'], invariantRows(seeds)),
    '',
    failed.length === 0
      ? `${seeds.length} seeds: all invariants held`
      : `${seeds.length} seeds, failed: ${failed.map(({ mode, result }) => `${result.plan.seed} (${mode})`).join(', ')}`,
    '',
  ].join('\n');
}

const sizes: readonly (readonly [string, (results: readonly TrialResult[]) => number | string])[] = [
  ['seeds', (results) => results.length],
  ['pods', (results) => sum(results, ({ figures }) => figures.pods)],
  ['bindings', (results) => sum(results, ({ figures }) => figures.bindings)],
  ['requests', (results) => sum(results, ({ figures }) => figures.requests)],
  ['faults', (results) => sum(results, ({ injected }) => total(injected.values()))],
  [
    'slowest to come to rest, of what is allowed',
    (results) => `${Math.round(100 * Math.max(0, ...results.map(({ figures }) => figures.settledShare)))} %`,
  ],
];

function faultRows(
  row: (cells: readonly string[], count: (results: readonly TrialResult[]) => number) => string[],
): string[][] {
  return kinds.flatMap(([doneTo, described]) =>
    Object.keys(described).map((kind) =>
      row([doneTo, kind], (results) => sum(results, ({ injected }) => injected.get(kind) ?? 0)),
    ),
  );
}

function invariantRows(seeds: readonly SeedResult[]): string[][] {
  const rows = new Map<string, { cases: number; breaches: number }>();
  for (const { invariant, cases, breaches } of seeds.flatMap(({ result }) => result.verdicts)) {
    const sofar = rows.get(invariant) ?? { cases: 0, breaches: 0 };
    rows.set(invariant, { cases: sofar.cases + cases, breaches: sofar.breaches + breaches.length });
  }
  return Array.from(rows, ([invariant, { cases, breaches }]) => [invariant, String(cases), String(breaches)]);
}

function sum(results: readonly TrialResult[], amount: (result: TrialResult) => number): number {
  return total(results.map(amount));
}

function total(amounts: Iterable<number>): number {
  return [...amounts].reduce((all, amount) => all + amount, 0);
}
