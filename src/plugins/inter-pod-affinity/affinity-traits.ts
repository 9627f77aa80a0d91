import { absent, type LabelColumn } from '../../cluster/label-column.js';
import type { Labels } from '../../cluster/pod.js';
import type { Cycle } from '../../framework/cycle.js';
import { domainTrait } from '../../framework/domain-trait.js';
import type { RowTrait } from '../../framework/plugin.js';
import type { DomainTally } from './domain-tally.js';
import type { FilterState } from './filter-state.js';
import type { ScoreState } from './score-state.js';

export interface AffinityStates {
  readonly filter: FilterState;
  /** undefined where nothing is scored. */
  readonly score: ScoreState | undefined;
  /** Of the pod's namespace. */
  readonly namespaceLabels: Labels;
}

/**
 * What nodes have in common for one pod: their domain under each key that somebody's terms name or, where a domain is one node, what the
 * terms come to there. The latter changes with the pods on the node alone, while the pod's terms stay and what others' terms know it by.
 */
export function affinityTraits(
  { nodes, pod }: Cycle,
  { filter, score, namespaceLabels }: AffinityStates,
): RowTrait[] {
  const traits: RowTrait[] = [];
  const knownBy = [filter.terms, namespaceLabels, `${pod.namespace}\n${JSON.stringify(pod.labels)}`];
  const add = (what: string, column: LabelColumn, make: () => RowTrait['at']): void => {
    if (column.tellsAllApart) traits.push({ basis: [column, what, ...knownBy], at: make() });
    else if (!traits.some(({ basis }) => basis.length === 1 && basis[0] === column))
      traits.push(domainTrait(column));
  };
  for (const [what, tally] of filter.tallies())
    add(what, nodes.labelColumn(tally.topologyKey), () => presence(tally));
  for (const column of score?.columns ?? []) add('worth', column, () => worth(score!, column));
  return traits;
}

function worth(score: ScoreState, column: LabelColumn): RowTrait['at'] {
  const { ids } = column;
  return (slot) => (ids[slot] === absent ? 0 : score.worthOf(column, ids[slot]!));
}

function presence(tally: DomainTally): RowTrait['at'] {
  const { domainOf, totals } = tally;
  return (slot) => (domainOf[slot] === absent ? absent : Number(totals[domainOf[slot]!]! > 0));
}
