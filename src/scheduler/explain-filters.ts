import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import type { Status } from '../framework/status.js';
import { EvaluationSpace } from './evaluation-space.js';
import { FilterPass } from './filter-pass.js';
import { type Nominations, noNominations } from './nominations.js';
import { type PreFilterOutcome, runPreFilters } from './pre-filter-pass.js';

/** What one filter says of one node. */
export interface FilterOpinion {
  readonly plugin: string;
  /** undefined: the node passes. */
  readonly status: Status | undefined;
}

export interface ExplainedNode {
  readonly nodeName: string;
  readonly slot: number;
  /** Every filter of the profile that concerns the pod, in order, also those behind the first refusal. */
  readonly opinions: readonly FilterOpinion[];
}

export interface FilterExplanation {
  readonly preFilter: PreFilterOutcome;
  /** All nodes, also those that PreFilter would have left out; empty when a PreFilter plugin refused the pod. */
  readonly nodes: readonly ExplainedNode[];
}

/**
 * Asks every filter about every node without stopping at the first refusal. For people, on request: it allocates for each node.
 * Throws `PluginFault`.
 */
export function explainFilters(
  cycle: Cycle,
  profile: Profile,
  options: { readonly nominations?: Nominations | undefined } = {},
): FilterExplanation {
  const { nominations = noNominations } = options;
  const space = new EvaluationSpace();
  const preFilter = runPreFilters(cycle, profile);
  if (preFilter.kind === 'rejected') return { preFilter, nodes: [] };
  const { skipped } = preFilter;
  const pass = new FilterPass({ cycle, profile, space, skipped, nominations });
  const { slots, length } = cycle.nodes.rows();
  const nodes: ExplainedNode[] = [];
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    const nodeName = cycle.nodes.nameAt(slot);
    const opinions: FilterOpinion[] = [];
    for (const [index, { name }] of profile.filter.entries()) {
      if (!skipped.has(name))
        opinions.push({ plugin: name, status: opinionOn(pass, cycle, profile, index, slot, nominations) });
    }
    nodes.push({ nodeName, slot, opinions });
  }
  return { preFilter, nodes };
}

/** A node promised to others has to fit with and without them; what it lacks with them is the stronger objection. */
function opinionOn(
  pass: FilterPass,
  cycle: Cycle,
  profile: Profile,
  index: number,
  slot: number,
  nominations: Nominations,
): Status | undefined {
  const { pod, nodes } = cycle;
  const filter = profile.filter[index]!;
  const judge = (row: number): Status | undefined => {
    const verdict = pass.verdictOn(index, row);
    return verdict === 0 ? undefined : { ...filter.verdictStatus(cycle, verdict), plugin: filter.name };
  };
  const stronger = nominations
    .podsFor(nodes.nameAt(slot))
    .filter(({ uid, priority }) => priority >= pod.priority && uid !== pod.uid);
  const crowded = stronger.length === 0 ? undefined : pass.onHypotheticalRow(slot, stronger, judge);
  return crowded ?? judge(slot);
}
