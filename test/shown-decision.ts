import type { NodeTable } from '../src/cluster/node-table.js';
import type { Decision } from '../src/scheduler/decision.js';

/** All that a decision says, as values of its own that can be compared with another's. Reads every table: nothing may have changed since. */
export function shownDecision(decision: Decision, nodes: NodeTable): unknown {
  if (!('diagnosis' in decision)) return decision;
  const { diagnosis } = decision;
  const refusals = Array.from(nodes.rows().slots, (slot) =>
    diagnosis.isExplicit(slot) ? [nodes.nameAt(slot), diagnosis.statusOf(slot)] : undefined,
  );
  const { explicitCount, tallies, narrowedBy } = diagnosis;
  const shown = { kind: decision.kind, refusals, explicitCount, tallies, narrowedBy };
  if (decision.kind !== 'fits') return shown;
  const { nodeName, feasibleCount, evaluatedCount, ties, nominated, chosen, scores } = decision;
  const parts = [...(chosen?.parts ?? [])].sort();
  const choice = { nodeName, feasibleCount, evaluatedCount, ties, nominated, total: chosen?.total, parts };
  if (scores === undefined) return { ...shown, ...choice };
  const { length, slots, totals, columns, skipped } = scores;
  const cut = (values: Float64Array) => [...values.subarray(0, length)];
  return {
    ...shown,
    ...choice,
    slots: [...slots.subarray(0, length)],
    totals: cut(totals),
    columns: columns.map(({ plugin, weight, raw, normalized }) => [
      plugin,
      weight,
      cut(raw),
      cut(normalized),
    ]),
    skipped,
    best: scores.bestSlots(),
  };
}
