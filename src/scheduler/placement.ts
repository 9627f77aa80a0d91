import type { Decision } from './decision.js';

/** Why a pod went where it went: what is left of a decision when the next evaluation has begun. */
export interface Placement {
  readonly nodeName: string;
  readonly feasibleCount: number;
  readonly evaluatedCount: number;
  /** Nodes that shared the highest total. */
  readonly ties: number;
  /** The pod's own nominated node was taken without looking at others. */
  readonly nominated: boolean;
  /** Highest total; undefined when there was only one node, which is not scored. */
  readonly total: number | undefined;
  /** The chosen node's score by plugin, weights included. */
  readonly scores: ReadonlyMap<string, number>;
}

const noScores: ReadonlyMap<string, number> = new Map();

/** Keeps what the evaluation's reused tables would soon overwrite. */
export function placementOf(decision: Decision & { kind: 'fits' }): Placement {
  const { nodeName, feasibleCount, evaluatedCount, ties, nominated, chosen } = decision;
  const { total, parts: scores = noScores } = chosen ?? { total: undefined };
  return { nodeName, feasibleCount, evaluatedCount, ties, nominated, total, scores };
}
