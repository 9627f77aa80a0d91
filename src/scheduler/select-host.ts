import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import type { Random } from '../random.js';
import { PluginFault } from './plugin-fault.js';
import type { ScoreTable } from './score-table.js';

/** Below it, a difference of exact totals is rounding, not a reason. */
const roundingNoise = 1e-9;

/**
 * Picks one of the nodes with the highest total, all of which kube-scheduler might have picked: the highest exact total first
 * (scores before they were cut to integers), then the fewest pods, then the luck of a seeded draw. Leaves the set of the best in
 * the table and returns the chosen slot.
 */
export function selectHost(cycle: Cycle, profile: Profile, table: ScoreTable, random: Random): number {
  findBest(table);
  const { slots, best, bestLength } = table;
  if (bestLength === 1) return slots[best[0]!]!;
  const tied = Int32Array.from(best.subarray(0, bestLength), (place) => slots[place]!);
  const exact = exactTotals(cycle, profile, table, tied);
  return drawFewestPods(cycle, tied, highest(exact), exact, random);
}

function findBest(table: ScoreTable): void {
  const { totals, length, best } = table;
  let top = -1;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const total = totals[i]!;
    if (total > top) {
      top = total;
      count = 0;
    }
    if (total === top) best[count++] = i;
  }
  table.bestLength = count;
}

function exactTotals(cycle: Cycle, profile: Profile, table: ScoreTable, tied: Int32Array): Float64Array {
  const totals = new Float64Array(tied.length);
  const scores = new Float64Array(tied.length);
  const rows = { slots: tied, length: tied.length };
  for (const { plugin: name, weight, normalized } of table.columns) {
    const plugin = profile.score.find((score) => score.plugin.name === name)!.plugin;
    if (plugin.exactScoreRows === undefined) {
      for (let i = 0; i < tied.length; i++) totals[i]! += normalized[table.best[i]!]! * weight;
      continue;
    }
    scores.fill(0);
    try {
      plugin.exactScoreRows(cycle, cycle.pod, rows, scores);
    } catch (cause) {
      throw PluginFault.of(
        name,
        (text) => `running Score plugins: plugin "${name}" failed with: ${text}`,
        cause,
      );
    }
    for (let i = 0; i < tied.length; i++) totals[i]! += scores[i]! * weight;
  }
  return totals;
}

function highest(values: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > top) top = value;
  return top;
}

function drawFewestPods(
  cycle: Cycle,
  tied: Int32Array,
  top: number,
  exact: Float64Array,
  random: Random,
): number {
  const { podCount } = cycle.nodes;
  let fewest = Number.POSITIVE_INFINITY;
  let count = 0;
  for (let i = 0; i < tied.length; i++) {
    if (exact[i]! < top - roundingNoise) continue;
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
