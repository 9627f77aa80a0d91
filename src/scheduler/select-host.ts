import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import type { Random } from '../random.js';
import { PluginFault } from './plugin-fault.js';
import type { KnownScores } from './score-pass.js';
import type { ScoreTable } from './score-table.js';
import { roundingNoise } from './tie-break.js';

export interface SelectOptions {
  /** Breaks the last ties. */
  readonly random: Random;
  /** Scores that have no column in the table, and are part of its totals. */
  readonly known?: KnownScores | undefined;
}

/**
 * Picks one of the nodes with the highest total, all of which kube-scheduler might have picked: the highest exact total first
 * (scores before they were cut to integers), then the fewest pods, then the luck of a seeded draw. Leaves the set of the best in
 * the table and returns the chosen slot.
 */
export function selectHost(
  cycle: Cycle,
  profile: Profile,
  table: ScoreTable,
  { random, known }: SelectOptions,
): number {
  table.findBest();
  const { slots, best, bestLength } = table;
  if (bestLength === 1) return slots[best[0]!]!;
  findExactTotals(cycle, profile, table, known);
  return drawFewestPods(cycle, table, random);
}

/**
 * Totals of the best nodes of a table with nothing cut off, where a plugin can say so: `exactTotals[i]` is about `best[i]`. What is the same
 * for all of them is left out.
 */
export function findExactTotals(
  cycle: Cycle,
  profile: Profile,
  table: ScoreTable,
  known: KnownScores | undefined,
): void {
  const { slots, columns, best, bestLength: length, tied, exactTotals, exactScores } = table;
  for (let i = 0; i < length; i++) tied[i] = slots[best[i]!]!;
  const rows = { slots: tied, length };
  exactTotals.fill(0, 0, length);
  known?.addExactTotals(rows, exactTotals);
  for (const { plugin: name, weight, normalized, isConstant } of columns) {
    if (isConstant) continue;
    const plugin = profile.score.find((score) => score.plugin.name === name)!.plugin;
    if (plugin.exactScoreRows === undefined) {
      for (let i = 0; i < length; i++) exactTotals[i]! += normalized[best[i]!]! * weight;
      continue;
    }
    exactScores.fill(0, 0, length);
    try {
      plugin.exactScoreRows(cycle, cycle.pod, rows, exactScores);
    } catch (cause) {
      throw PluginFault.of(
        name,
        (text) => `running Score plugins: plugin "${name}" failed with: ${text}`,
        cause,
      );
    }
    for (let i = 0; i < length; i++) exactTotals[i]! += exactScores[i]! * weight;
  }
}

function drawFewestPods(
  cycle: Cycle,
  { tied, exactTotals, bestLength: length }: ScoreTable,
  random: Random,
): number {
  const { podCount } = cycle.nodes;
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) if (exactTotals[i]! > top) top = exactTotals[i]!;
  const least = top - roundingNoise;
  let fewest = Number.POSITIVE_INFINITY;
  let count = 0;
  for (let i = 0; i < length; i++) {
    if (exactTotals[i]! < least) continue;
    const slot = tied[i]!;
    const pods = podCount[slot]!;
    if (pods > fewest) continue;
    if (pods < fewest) count = 0;
    fewest = pods;
    // Overwrites what was read already: `count` never runs ahead of `i`.
    tied[count++] = slot;
  }
  return tied[count === 1 ? 0 : Math.floor(random() * count)]!;
}
