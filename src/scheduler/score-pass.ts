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
    timedPlugin(observer, name, 'Score', () => score.plugin.scoreRows(cycle, cycle.pod, table, column.raw));
  } catch (cause) {
    throw PluginFault.of(
      name,
      (text) => `running Score plugins: plugin "${name}" failed with: ${text}`,
      cause,
    );
  }
  normalize(cycle, score, column, table.length);
  const { totals } = table;
  const { normalized, weight } = column;
  for (let i = 0; i < table.length; i++) {
    const value = normalized[i]!;
    // Written so that NaN fails too.
    if (!(value >= 0 && value <= highestScore && trunc(value) === value)) throw invalidScore(name, value);
    totals[i]! += value * weight;
  }
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
