import type { Pod } from '../../cluster/pod.js';
import type { Candidate } from './candidate.js';
import { startOf } from './importance.js';

/** Lifts every priority above 0, so that each victim more makes the sum greater. */
const priorityOffset = 2 ** 31;

/**
 * What makes one candidate better than another, in this order; the lowest value wins. Sums of 32-bit priorities over the pods of a node
 * are exact in doubles.
 */
const criteria: readonly ((candidate: Candidate) => number)[] = [
  ({ budgetViolations }) => budgetViolations,
  ({ victims }) => victims[0]!.priority,
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + priorityOffset, 0),
  ({ victims }) => victims.length,
  ({ victims }) => -earliestStart(victims),
];

/** The candidates that nothing tells apart from the best one, in the order given. */
export function bestCandidates(candidates: readonly Candidate[]): readonly Candidate[] {
  let best = candidates;
  for (const measure of criteria) {
    if (best.length <= 1) break;
    const values = best.map(measure);
    const lowest = values.reduce((least, value) => Math.min(least, value));
    best = best.filter((_candidate, index) => values[index] === lowest);
  }
  return best;
}

/** When the first of the most important victims started: of equals, those that have run the shortest time lose the least. */
function earliestStart(victims: readonly Pod[]): number {
  const highest = victims[0]!.priority;
  let earliest = Number.POSITIVE_INFINITY;
  for (const victim of victims) {
    if (victim.priority === highest) earliest = Math.min(earliest, startOf(victim));
  }
  return earliest;
}
