import { absent } from '../../cluster/label-column.js';
import type { NodeTable } from '../../cluster/node-table.js';
import type { PodCounts } from '../../cluster/pod-counts.js';
import { domainTrait } from '../../framework/domain-trait.js';
import type { RowTrait } from '../../framework/plugin.js';
import { hostnameKey, type SpreadConstraint } from './spread-constraint.js';

/* What nodes have in common for spread constraints: their domain or, where a domain is one node, how many pods it has. */

export function hardTrait(
  nodes: NodeTable,
  { topologyKey, counted, inclusion }: SpreadConstraint,
  podCounts: PodCounts,
): RowTrait {
  const column = nodes.labelColumn(topologyKey);
  if (!column.tellsAllApart) return domainTrait(column);
  const counts = podCounts.byDomain(counted, topologyKey, inclusion);
  const { ids } = column;
  const { totals } = counts;
  return {
    basis: [column, counts],
    at: (slot) => (ids[slot] === absent ? absent : (totals[ids[slot]!] ?? 0)),
  };
}

export function softTrait(
  nodes: NodeTable,
  { topologyKey, counted }: SpreadConstraint,
  podCounts: PodCounts,
): RowTrait {
  const column = nodes.labelColumn(topologyKey);
  // How many domains there are counts in the score: rows that stand for others have to show each of them.
  if (topologyKey !== hostnameKey) return domainTrait(column);
  const counts = podCounts.bySlot(counted);
  const { ids } = column;
  return { basis: [column, counts], at: (slot) => (ids[slot] === absent ? absent : counts.at(slot)) };
}
