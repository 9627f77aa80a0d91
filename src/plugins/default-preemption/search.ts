import type { Rows } from '../../cluster/node-table.js';
import type { Rejections } from '../../framework/plugin.js';
import type { Status } from '../../framework/status.js';
import type { Random } from '../../random.js';
import type { Candidate } from './candidate.js';
import type { Trial } from './victims-on-node.js';

/** Tries at least so many nodes before it is content with what it has. */
export interface SearchLimits {
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export interface SearchResult {
  /** Those that violate no disruption budget first. */
  readonly candidates: readonly Candidate[];
  /** By node name: why preemption does not help there, for the nodes that were tried in vain. */
  readonly statuses: ReadonlyMap<string, Status>;
  /** Texts of the failures that kept nodes from being tried. */
  readonly failures: readonly string[];
}

/** Slots of the nodes where others in the way might be all that is wrong. */
export function potentialNodes(rows: Rows, rejections: Rejections): readonly number[] {
  const potential: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const slot = rows.slots[i]!;
    if (rejections.statusOf(slot)?.code === 'Unschedulable') potential.push(slot);
  }
  return potential;
}

/** How many candidates are enough among so many potential nodes. */
export function candidatesWanted(
  nodeCount: number,
  { minCandidateNodesPercentage, minCandidateNodesAbsolute }: SearchLimits,
): number {
  const share = Math.floor((nodeCount * minCandidateNodesPercentage) / 100);
  return Math.min(nodeCount, Math.max(share, minCandidateNodesAbsolute));
}

/**
 * Tries nodes one after the other, from a random one on, until there are enough candidates and one of them violates no disruption
 * budget. A node whose trial throws is left out.
 */
export function searchNodes(
  slots: readonly number[],
  options: {
    readonly limits: SearchLimits;
    readonly random: Random;
    readonly nameOf: (slot: number) => string;
    readonly tryNode: (slot: number) => Trial;
  },
): SearchResult {
  const wanted = candidatesWanted(slots.length, options.limits);
  const offset = slots.length === 0 ? 0 : Math.floor(options.random() * slots.length);
  const harmless: Candidate[] = [];
  const violating: Candidate[] = [];
  const statuses = new Map<string, Status>();
  const failures = new Set<string>();
  for (let i = 0; i < slots.length; i++) {
    if (harmless.length > 0 && harmless.length + violating.length >= wanted) break;
    const slot = slots[(offset + i) % slots.length]!;
    try {
      const trial = options.tryNode(slot);
      if (trial.kind === 'refused') statuses.set(options.nameOf(slot), trial.status);
      else {
        const list = trial.candidate.budgetViolations === 0 ? harmless : violating;
        if (list.length < wanted) list.push(trial.candidate);
      }
    } catch (thrown) {
      failures.add(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  return { candidates: [...harmless, ...violating], statuses, failures: [...failures] };
}
