import type { LabelColumn } from '../../cluster/label-column.js';
import type { NodeTable } from '../../cluster/node-table.js';
import { type LabelRequirement, labelValue, requirementAccepts } from '../../kube/label-requirement.js';

/** In place of an offer's number: nothing is on offer. */
export const nothing = -1;

/** A node that meets all requirements of one term may take the offer. undefined: every node may; no terms: none may. */
export type OfferTerms = readonly OfferTerm[] | undefined;

export interface OfferTerm {
  readonly expressions: readonly LabelRequirement[];
}

/** Says of an offer whether it is to be passed over on a row. */
export type Passes = (number: number, slot: number) => boolean;

/**
 * Offers in the order in which they are preferred: volumes from the smallest, storage pools as listed. Finds the first that a node
 * may take. Most offers are for one node or one zone, so asking each node about each would be a waste: offers are kept in lists by
 * the label value that they demand, and a node looks only at the lists of its own values.
 */
export class Offers {
  readonly #nodes: NodeTable;
  readonly #terms: readonly OfferTerms[];
  /** By label key; undefined for offers that name no value. */
  #lists = new Map<string | undefined, OfferLists>();

  constructor(nodes: NodeTable, terms: readonly OfferTerms[]) {
    this.#nodes = nodes;
    this.#terms = terms;
    this.#fill();
  }

  /** To be called before rows are asked about: a table that has dropped a column does not keep it up any more. */
  refresh(): void {
    for (const { column } of this.#lists.values()) {
      if (column === undefined || this.#nodes.labelColumn(column.key) === column) continue;
      this.#fill();
      return;
    }
  }

  /** The number of the first offer that the node at a slot may take, or `nothing`. */
  firstFor(slot: number, passes?: Passes): number {
    let best = nothing;
    for (const lists of this.#lists.values()) {
      const list = lists.column === undefined ? 0 : lists.column.ids[slot]!;
      if (list < 0 || list >= lists.heads.length) continue;
      const { numbers, terms, next } = lists;
      for (let entry = lists.heads[list]!; entry !== nothing; entry = next[entry]!) {
        const number = numbers[entry]!;
        if (best !== nothing && number >= best) break;
        if (!this.#accepts(terms[entry], slot) || passes?.(number, slot) === true) continue;
        best = number;
        break;
      }
    }
    return best;
  }

  #accepts(term: OfferTerm | undefined, slot: number): boolean {
    if (term === undefined) return true;
    const labels = this.#nodes.nodeAt(slot)?.labels;
    for (const expression of term.expressions)
      if (!requirementAccepts(expression, labelValue(labels, expression.key))) return false;
    return true;
  }

  #fill(): void {
    this.#lists = new Map();
    // From the last to the first: each goes to the head of its list.
    for (let number = this.#terms.length - 1; number >= 0; number--) {
      const terms = this.#terms[number];
      if (terms === undefined) this.#listsOf(undefined).put(0, number, undefined);
      else for (const term of terms) this.#put(number, term);
    }
  }

  #put(number: number, term: OfferTerm): void {
    const demand = narrowestDemand(term);
    const lists = this.#listsOf(demand?.key);
    if (demand === undefined) {
      lists.put(0, number, term);
      return;
    }
    for (const value of demand.values) {
      const list = lists.column!.idOf(value);
      // A value that no node has.
      if (list >= 0) lists.put(list, number, term.expressions.length === 1 ? undefined : term);
    }
  }

  #listsOf(key: string | undefined): OfferLists {
    let lists = this.#lists.get(key);
    if (lists === undefined) {
      lists = new OfferLists(key === undefined ? undefined : this.#nodes.labelColumn(key));
      this.#lists.set(key, lists);
    }
    return lists;
  }
}

/** Linked lists of offers: one for each value of a label, or a single one. */
class OfferLists {
  readonly column: LabelColumn | undefined;
  /** By id of the value: the first entry. */
  readonly heads: Int32Array;
  /** By entry: the offer, what is left to be checked of its term, the entry after it. */
  readonly numbers: number[] = [];
  readonly terms: (OfferTerm | undefined)[] = [];
  readonly next: number[] = [];

  constructor(column: LabelColumn | undefined) {
    this.column = column;
    this.heads = new Int32Array(column?.valueCount ?? 1).fill(nothing);
  }

  put(list: number, number: number, term: OfferTerm | undefined): void {
    this.next.push(this.heads[list]!);
    this.heads[list] = this.numbers.length;
    this.numbers.push(number);
    this.terms.push(term);
  }
}

const demands = new WeakMap<OfferTerm, LabelRequirement>();

/** Of the requirements that name the values they accept, the one that names the fewest. */
function narrowestDemand(term: OfferTerm): LabelRequirement | undefined {
  let narrowest = demands.get(term);
  if (narrowest !== undefined) return narrowest;
  for (const expression of term.expressions) {
    if (expression.operator !== 'In') continue;
    if (narrowest === undefined || expression.values.size < narrowest.values.size) narrowest = expression;
  }
  if (narrowest !== undefined) demands.set(term, narrowest);
  return narrowest;
}
