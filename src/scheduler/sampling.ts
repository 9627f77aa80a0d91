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
