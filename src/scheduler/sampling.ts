import type { EvaluationSpace } from './evaluation-space.js';
import type { FilterPass } from './filter-pass.js';

/*
 * How many feasible nodes a search looks for. Rules of kube-scheduler, except that nothing is sampled unless the user asks:
 * Berth judges all nodes faster than kube-scheduler judges a tenth of them.
 */

/** Searches never stop with fewer, unless the cluster is smaller. */
const fewest = 100;

/** Number of feasible nodes that is enough among `candidates` nodes; `candidates` itself when nothing is sampled. */
export function feasibleNodesWanted(
  candidates: number,
  percentageOfNodesToScore: number | undefined,
): number {
  const percentage = percentageOfNodesToScore ?? 0;
  if (percentage <= 0 || percentage >= 100 || candidates < fewest) return candidates;
  return Math.max(fewest, Math.floor((candidates * percentage) / 100));
}

/**
 * Filters the first `candidates` slots of the space until enough nodes fit, beginning each search where the last one ended, so that all
 * nodes get their turn. Nodes are judged in portions; those behind the last one wanted count as not looked at. Returns how many fit: the
 * first slots.
 */
export function sampleNodes(
  pass: FilterPass,
  space: EvaluationSpace,
  { candidates, wanted, nodeCount }: { candidates: number; wanted: number; nodeCount: number },
): number {
  const start = space.nextStart % candidates;
  const order = new Int32Array(candidates);
  order.set(space.slots.subarray(start, candidates));
  order.set(space.slots.subarray(0, start), candidates - start);
  let found = 0;
  for (let from = 0; from < candidates && found < wanted; ) {
    const portion = Math.min(wanted, candidates - from);
    space.slots.set(order.subarray(from, from + portion), found);
    found += pass.run(found, portion);
    from += portion;
    if (found >= wanted) {
      const last = order.indexOf(space.slots[wanted - 1]!);
      for (let i = last + 1; i < from; i++) space.diagnosis.retract(order[i]!);
      found = wanted;
    }
  }
  space.nextStart = (start + found + space.diagnosis.explicitCount) % nodeCount;
  return found;
}
