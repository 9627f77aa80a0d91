import { absent, type LabelColumn } from '../../cluster/label-column.js';
import type { NodeTable } from '../../cluster/node-table.js';
import { domainTrait } from '../../framework/domain-trait.js';
import type { RowTrait } from '../../framework/plugin.js';
import type { DomainTally } from './domain-tally.js';
import type { FilterState } from './filter-state.js';
import type { ScoreState } from './score-state.js';

/**
 * What nodes have in common for one pod: their domain under each key that somebody's terms name or, where a domain is one node, what the
 * terms come to there. The latter changes with the pods on the node alone, as long as the same terms count: those of the pod, and those
 * of others that mean it.
 */
export function affinityTraits(nodes: NodeTable, filter: FilterState, score?: ScoreState): RowTrait[] {
  const traits: RowTrait[] = [];
  const add = (column: LabelColumn, counted: readonly unknown[], make: () => RowTrait['at']): void => {
    if (column.tellsAllApart) traits.push({ basis: [column, ...counted], at: make() });
    else if (!traits.some(({ basis }) => basis.length === 1 && basis[0] === column))
      traits.push(domainTrait(column));
  };
  for (const [tally, counted] of filter.tallies())
    add(nodes.labelColumn(tally.topologyKey), counted, () => presence(tally));
  for (const [column, counted] of score?.counted() ?? []) add(column, counted, () => worth(score!, column));
  return traits;
}

function worth(score: ScoreState, column: LabelColumn): RowTrait['at'] {
  const { ids } = column;
  return (slot) => (ids[slot] === absent ? 0 : score.worthOf(column, ids[slot]!));
}

function presence(tally: DomainTally): RowTrait['at'] {
  const { domainOf } = tally;
  return (slot) => (domainOf[slot] === absent ? absent : Number(tally.at(domainOf[slot]!) > 0));
}
