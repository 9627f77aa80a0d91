import type { Rows } from '../cluster/node-table.js';
import type { Cycle } from '../framework/cycle.js';
import type { PreScorePlugin } from '../framework/plugin.js';
import type { Profile, WeightedScore } from '../framework/profile.js';
import { type Status, type StatusCode, statusMessage } from '../framework/status.js';
import { type EvaluationObserver, timedPlugin, timedPoint } from './evaluation-observer.js';
import { PluginFault } from './plugin-fault.js';
import type { ScoreColumn, ScoreTable } from './score-table.js';

const highestScore = 100;

export interface ScoreOptions {
  readonly table: ScoreTable;
  /** Plugins that PreScore left out. */
  readonly skipped: ReadonlySet<string>;
  readonly observer?: EvaluationObserver | undefined;
  /** Scores that are known already: their plugins are not asked, and have no column. */
  readonly known?: KnownScores | undefined;
}

/** What plugins, many together, are known to say of rows. */
export interface KnownScores {
  includes(score: WeightedScore): boolean;
  /** Adds the sum of their normalised scores, weights included. */
  addTotals(rows: Rows, totals: Float64Array): void;
  /** The same before anything was cut off. */
  addExactTotals(rows: Rows, totals: Float64Array): void;
}

/** Scores the nodes that fit and adds up the totals. Throws `PluginFault`. */
export function scoreNodes(cycle: Cycle, profile: Profile, rows: Rows, options: ScoreOptions): void {
  const { table, skipped, known } = options;
  const leftOut = profile.score.filter(({ plugin }) => skipped.has(plugin.name));
  table.begin(
    rows.slots,
    rows.length,
    leftOut.map(({ plugin }) => plugin.name),
  );
  for (const score of profile.score)
    if (!skipped.has(score.plugin.name) && !known?.includes(score)) addScores(cycle, score, options);
  sumUp(table, known);
}

/** Asks the PreScore plugins; returns those whose Score is left out. Throws `PluginFault`. */
export function runPreScores(
  cycle: Cycle,
  profile: Profile,
  rows: Rows,
  observer: EvaluationObserver | undefined,
): ReadonlySet<string> {
  return timedPoint(observer, 'PreScore', () => preScoreAll(cycle, profile, rows, observer));
}

function preScoreAll(
  cycle: Cycle,
  profile: Profile,
  rows: Rows,
  observer: EvaluationObserver | undefined,
): ReadonlySet<string> {
  const skipped = new Set<string>();
  for (const plugin of profile.preScore) {
    const answer = preScore(plugin, cycle, rows, observer);
    if (answer === 'skip') skipped.add(plugin.name);
  }
  return skipped;
}

function preScore(
  plugin: PreScorePlugin,
  cycle: Cycle,
  rows: Rows,
  observer?: EvaluationObserver,
): 'skip' | undefined {
  const describe = (text: string) => `running PreScore plugin "${plugin.name}": ${text}`;
  let answer: 'skip' | Status | undefined;
  try {
    const run = () => plugin.preScore(cycle, cycle.pod, rows);
    answer = timedPlugin(observer, plugin.name, 'PreScore', run, preScoreCode);
  } catch (cause) {
    throw PluginFault.of(plugin.name, describe, cause);
  }
  if (answer === undefined || answer === 'skip') return answer;
  if (answer.code === 'Skip') return 'skip';
  throw PluginFault.of(plugin.name, describe, answer.cause ?? statusMessage(answer));
}

function preScoreCode(answer: 'skip' | Status | undefined): StatusCode {
  if (answer === undefined) return 'Success';
  return answer === 'skip' ? 'Skip' : answer.code;
}

function addScores(cycle: Cycle, score: WeightedScore, { table, observer }: ScoreOptions): void {
  const column = table.addColumn(score);
  column.isConstant = askScores(score, cycle, table, column.raw, observer) === 'constant';
  normalize(cycle, score, column, column.isConstant ? 1 : table.length);
  if (column.isConstant) repeatFirst(column, table.length);
}

/** Asks one Score plugin about rows. Throws `PluginFault`. */
export function askScores(
  { plugin }: WeightedScore,
  cycle: Cycle,
  rows: Rows,
  scores: Float64Array,
  observer: EvaluationObserver | undefined,
): 'constant' | undefined {
  try {
    if (observer === undefined) return plugin.scoreRows(cycle, cycle.pod, rows, scores);
    return timedPlugin(observer, plugin.name, 'Score', () =>
      plugin.scoreRows(cycle, cycle.pod, rows, scores),
    );
  } catch (cause) {
    throw PluginFault.of(
      plugin.name,
      (text) => `running Score plugins: plugin "${plugin.name}" failed with: ${text}`,
      cause,
    );
  }
}

/** A column says for each node what it says for the first. */
function repeatFirst({ raw, normalized }: ScoreColumn, length: number): void {
  raw.fill(raw[0]!, 0, length);
  if (normalized !== raw) normalized.fill(normalized[0]!, 0, length);
}

/** Weighs the columns and adds them up: first what is the same for all nodes, in one number. */
function sumUp(table: ScoreTable, known: KnownScores | undefined): void {
  const { columns, totals, length } = table;
  let common = 0;
  for (const { plugin, normalized, weight, isConstant } of columns) {
    if (!isConstant) continue;
    const [value] = normalized as Float64Array & [number];
    if (!isScore(value)) throw invalidScore(plugin, value);
    common += value * weight;
  }
  totals.fill(common, 0, length);
  known?.addTotals(table, totals);
  // A loop over all nodes, here and not in a function of its own: inlined into this one it would never get the best compiler.
  for (const { plugin, normalized, weight, isConstant } of columns) {
    if (isConstant) continue;
    for (let i = 0; i < length; i++) {
      const value = normalized[i]!;
      if (!isScore(value)) throw invalidScore(plugin, value);
      totals[i]! += value * weight;
    }
  }
}

/** An integer from 0 to 100. Written so that NaN fails too, and without a call: it is asked for every node. */
export function isScore(value: number): boolean {
  return value >= 0 && value <= highestScore && (value | 0) === value;
}

function normalize(
  cycle: Cycle,
  { plugin, normalizer }: WeightedScore,
  column: ScoreColumn,
  length: number,
): void {
  if (normalizer === undefined) return;
  column.normalized.set(column.raw.subarray(0, length));
  try {
    normalizer.normalizeScores(cycle, cycle.pod, column.normalized, length);
  } catch (cause) {
    const describe = (text: string) =>
      `running Normalize on Score plugins: plugin "${plugin.name}" failed with: ${text}`;
    throw PluginFault.of(plugin.name, describe, cause);
  }
}

function invalidScore(plugin: string, value: number): PluginFault {
  const text = `plugin "${plugin}" returns an invalid score ${value}, it should in the range of [0, 100] after normalizing`;
  return PluginFault.of(plugin, (cause) => `applying score defaultWeights on Score plugins: ${cause}`, text);
}
