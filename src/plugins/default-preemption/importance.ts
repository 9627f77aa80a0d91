import type { Pod } from '../../cluster/pod.js';

/**
 * Sorts pods from the most to the least important: higher priority first, then the one that has run longer. A pod that has not started
 * counts as started now, later than all that have.
 */
export function byImportance(a: Pod, b: Pod): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  const [startA, startB] = [startOf(a), startOf(b)];
  return startA === startB ? 0 : startA - startB;
}

/** Milliseconds since the epoch. */
export function startOf({ startTime }: Pod): number {
  return startTime ?? Number.POSITIVE_INFINITY;
}
