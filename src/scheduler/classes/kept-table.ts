import type { Rows } from '../../cluster/node-table.js';
import type { WeightedScore } from '../../framework/profile.js';
import type { KnownScores } from '../score-pass.js';
import type { ChosenScore, ScoreColumn, ScoreTable } from '../score-table.js';
import { type KeptColumn, normalizedAt } from './kept-columns.js';
import type { KeptScores } from './kept-scores.js';

/* Kept scores as others want to see them. */

/** As something to be added to a score table. Holds until the scores are brought up to date again. */
export function knownScores(kept: KeptScores, placeOf: Int32Array): KnownScores {
  return {
    includes: (score) => kept.columns.some((column) => column.score === score),
    addTotals: (rows, totals) => kept.addTotals(rows, placeOf, totals, 'integer'),
    addExactTotals: (rows, totals) => kept.addTotals(rows, placeOf, totals, 'exact'),
  };
}

/** The scores of one row, with what plugins gave it of which nothing is kept. */
export function keptScore(kept: KeptScores, place: number, others?: ChosenScore): ChosenScore {
  const parts = new Map<string, number>(others?.parts);
  for (const column of kept.columns) {
    const { plugin, weight } = column.score;
    parts.set(plugin.name, weight * normalizedAt(column, place));
  }
  return { total: others?.total ?? kept.total(place), parts };
}

export interface ShowOptions {
  /** Plugins that scored, in the profile's order. */
  readonly running: readonly WeightedScore[];
  /** Plugins that PreScore left out. */
  readonly skipped: readonly string[];
  readonly placeOf: Int32Array;
}

/**
 * Makes a table of kept scores and nothing else, as if they had just been given, or adds their columns to one that has the others'.
 * For those who want to see all scores of all nodes.
 */
export function showKept(table: ScoreTable, kept: KeptScores, rows: Rows, options: ShowOptions): ScoreTable {
  const { placeOf, skipped } = options;
  table.begin(rows.slots, rows.length, skipped);
  table.totals.fill(0, 0, rows.length);
  kept.addTotals(rows, placeOf, table.totals, 'integer');
  table.findBest();
  return withKeptColumns(table, kept, options);
}

/** Adds the columns of kept scores to a table that was made without them. */
export function withKeptColumns(
  table: ScoreTable,
  kept: KeptScores,
  { running, placeOf }: Pick<ShowOptions, 'running' | 'placeOf'>,
): ScoreTable {
  const byName = new Map(table.columns.map((column) => [column.plugin, column]));
  for (const column of kept.columns) {
    const shown = table.addColumn(column.score);
    writeColumn(column, table, placeOf, shown);
    byName.set(shown.plugin, shown);
  }
  table.columns = running.map(({ plugin }) => byName.get(plugin.name)!);
  return table;
}

function writeColumn(
  column: KeptColumn,
  { slots, length }: Rows,
  placeOf: Int32Array,
  { raw, normalized }: ScoreColumn,
): void {
  for (let i = 0; i < length; i++) {
    const place = placeOf[slots[i]!]!;
    raw[i] = column.raw[place]!;
    normalized[i] = normalizedAt(column, place);
  }
}
