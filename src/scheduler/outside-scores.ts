import type { NodeTable } from '../cluster/node-table.js';
import type { Profile, WeightedScore } from '../framework/profile.js';
import type { ScoreTable } from './score-table.js';

/** Scores that no plugin of the profile gave. Any integers: they are not brought into a range. */
export interface OutsideScore {
  /** Whose they are, as a column of the score table. */
  readonly name: string;
  /** What a point counts in a node's total. */
  readonly weight: number;
  /** By node name; a node without one has 0. */
  readonly scores: ReadonlyMap<string, number>;
}

/** Adds them to a table that was made under a profile; returns the profile as if they were its own. */
export function withOutsideScores(
  profile: Profile,
  table: ScoreTable,
  nodes: NodeTable,
  outside: readonly OutsideScore[],
): Profile {
  if (outside.length === 0) return profile;
  addOutsideScores(table, nodes, outside);
  return { ...profile, score: [...profile.score, ...outside.map(asWeightedScore)] };
}

/** Adds a column for each, and what it is worth to the totals. Nodes that are not in the table are left out. */
function addOutsideScores(table: ScoreTable, nodes: NodeTable, outside: readonly OutsideScore[]): void {
  for (const score of outside) {
    const { raw } = table.addColumn(asWeightedScore(score));
    for (let i = 0; i < table.length; i++) {
      const points = score.scores.get(nodes.nameAt(table.slots[i]!)) ?? 0;
      raw[i] = points;
      table.totals[i]! += points * score.weight;
    }
  }
}

/** As far as a choice among scored nodes needs to know. */
function asWeightedScore({ name, weight }: OutsideScore): WeightedScore {
  return { plugin: { name, scoreRows: () => undefined }, weight, normalizer: undefined };
}
