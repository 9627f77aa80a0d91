import { absent } from '../cluster/label-column.js';
import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { LabelRequirement } from '../kube/label-requirement.js';
import { requirementAccepts } from '../kube/label-requirement.js';
import type { NodeSelector, NodeSelectorTerm } from '../kube/node-selector.js';
import { fieldsAccept } from '../kube/node-selector.js';

/*
 * Node selectors judged over columns: each condition is one loop over the ids of a label's values. `marks[i]` is about
 * `rows.slots[i]`; a condition only ever clears marks.
 */

let scratch = new Uint8Array(0);

/** Clears the marks of rows on which a condition does not hold. */
export function keepWhereAll(
  requirements: readonly LabelRequirement[],
  nodes: NodeTable,
  rows: Rows,
  marks: Uint8Array,
): void {
  for (const requirement of requirements) keepWhere(requirement, nodes, rows, marks);
}

/** Sets `marks[i]` to 1 where the term holds, else to 0. */
export function markTerm(
  { expressions, fields }: NodeSelectorTerm,
  nodes: NodeTable,
  rows: Rows,
  marks: Uint8Array,
): void {
  marks.fill(1, 0, rows.length);
  keepWhereAll(expressions, nodes, rows, marks);
  if (fields.length === 0) return;
  for (let i = 0; i < rows.length; i++) {
    if (marks[i] === 1 && !fieldsAccept(fields, nodes.nameAt(rows.slots[i]!))) marks[i] = 0;
  }
}

/** Sets `marks[i]` to 1 where at least one term of the selector holds, else to 0. */
export function markSelector({ terms }: NodeSelector, nodes: NodeTable, rows: Rows, marks: Uint8Array): void {
  if (terms.length === 1) {
    markTerm(terms[0]!, nodes, rows, marks);
    return;
  }
  if (scratch.length < rows.length) scratch = new Uint8Array(rows.length);
  const term = scratch;
  marks.fill(0, 0, rows.length);
  for (const compiled of terms) {
    markTerm(compiled, nodes, rows, term);
    for (let i = 0; i < rows.length; i++) marks[i]! |= term[i]!;
  }
}

function keepWhere(
  requirement: LabelRequirement,
  nodes: NodeTable,
  { slots, length }: Rows,
  marks: Uint8Array,
): void {
  const column = nodes.labelColumn(requirement.key);
  const { ids } = column;
  if (requirement.operator === 'In' && requirement.values.size === 1) {
    const [value] = requirement.values;
    const wanted = column.idOf(value!);
    for (let i = 0; i < length; i++) if (ids[slots[i]!] !== wanted) marks[i] = 0;
    return;
  }
  const whenAbsent = requirementAccepts(requirement, undefined) ? 1 : 0;
  // Judged once for each distinct value: 0 not yet, 1 accepted, 2 refused.
  const known = new Uint8Array(column.valueCount);
  for (let i = 0; i < length; i++) {
    const id = ids[slots[i]!]!;
    if (id === absent) {
      marks[i]! &= whenAbsent;
      continue;
    }
    let answer = known[id]!;
    if (answer === 0) {
      answer = requirementAccepts(requirement, column.valueOf(id)) ? 1 : 2;
      known[id] = answer;
    }
    if (answer === 2) marks[i] = 0;
  }
}
