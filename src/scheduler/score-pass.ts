import type { Rows } from '../cluster/node-table.js';
import type { Cycle } from '../framework/cycle.js';
import type { PreScorePlugin } from '../framework/plugin.js';
import type { Profile, WeightedScore } from '../framework/profile.js';
import { type Status, type StatusCode, statusMessage } from '../framework/status.js';
import { type EvaluationObserver, timedPlugin, timedPoint } from './evaluation-observer.js';
import { PluginFault } from './plugin-fault.js';
import type { ScoreColumn, ScoreTable } from './score-table.js';

/* Looked up once: the loops below run for every node. */
const { trunc } = Math;

const highestScore = 100;

/** Scores the nodes that fit and adds up the totals. Throws `PluginFault`. */
export function scoreNodes(
  cycle: Cycle,
  profile: Profile,
  rows: Rows,
  options: { readonly table: ScoreTable; readonly observer?: EvaluationObserver | undefined },
): void {
  const { table, observer } = options;
  const skipped = timedPoint(observer, 'PreScore', () => runPreScores(cycle, profile, rows, observer));
  timedPoint(observer, 'Score', () => {
    const running = profile.score.filter(({ plugin }) => !skipped.has(plugin.name));
    const leftOut = profile.score.filter(({ plugin }) => skipped.has(plugin.name));
    table.begin(
      rows.slots,
      rows.length,
      leftOut.map(({ plugin }) => plugin.name),
    );
    for (const score of running) addScores(cycle, score, table, observer);
    sumUp(table);
  });
}

function runPreScores(
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

function addScores(
  cycle: Cycle,
  score: WeightedScore,
  table: ScoreTable,
  observer?: EvaluationObserver,
): void {
  const { name } = score.plugin;
  const column = table.addColumn(score);
  try {
    const run = () => score.plugin.scoreRows(cycle, cycle.pod, table, column.raw);
    column.isConstant = timedPlugin(observer, name, 'Score', run) === 'constant';
  } catch (cause) {
    throw PluginFault.of(
      name,
      (text) => `running Score plugins: plugin "${name}" failed with: ${text}`,
      cause,
    );
  }
  normalize(cycle, score, column, column.isConstant ? 1 : table.length);
  if (column.isConstant) repeatFirst(column, table.length);
}

/** A column says for each node what it says for the first. */
function repeatFirst({ raw, normalized }: ScoreColumn, length: number): void {
  raw.fill(raw[0]!, 0, length);
  if (normalized !== raw) normalized.fill(normalized[0]!, 0, length);
}

/** Weighs the columns and adds them up: first what is the same for all nodes, in one number. */
function sumUp({ columns, totals, length }: ScoreTable): void {
  let common = 0;
  for (const { plugin, normalized, weight, isConstant } of columns) {
    if (!isConstant) continue;
    const [value] = normalized as Float64Array & [number];
    if (!isScore(value)) throw invalidScore(plugin, value);
    common += value * weight;
  }
  totals.fill(common, 0, length);
  for (const { plugin, normalized, weight, isConstant } of columns) {
    if (isConstant) continue;
    const invalid = addTo(totals, normalized, weight, length);
    if (invalid >= 0) throw invalidScore(plugin, normalized[invalid]!);
  }
}

/** The place of the first value that is no score, or -1. A loop over all nodes, in a function of its own so that it gets compiled well. */
function addTo(totals: Float64Array, scores: Float64Array, weight: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const value = scores[i]!;
    if (!isScore(value)) return i;
    totals[i]! += value * weight;
  }
  return -1;
}

/** Written so that NaN fails too. */
function isScore(value: number): boolean {
  return value >= 0 && value <= highestScore && trunc(value) === value;
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
