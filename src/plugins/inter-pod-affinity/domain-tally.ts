import type { DomainCounts } from '../../cluster/domain-counts.js';
import { absent, type LabelColumn } from '../../cluster/label-column.js';
import type { NodeTable } from '../../cluster/node-table.js';
import type { SparseCounts } from '../../cluster/sparse-counts.js';

/**
 * Pods by the value of one node label, as one cycle sees them: what the cluster holds, and what hypothetical rows add and take
 * away. Counts of the cluster are shared until the first difference.
 */
export class DomainTally {
  readonly topologyKey: string;
  readonly #nodes: NodeTable;
  #column: LabelColumn;
  #totals: Int32Array;
  #sum: number;
  #isShared: boolean;

  private constructor(nodes: NodeTable, topologyKey: string, shared?: DomainCounts) {
    this.#nodes = nodes;
    this.topologyKey = topologyKey;
    this.#column = shared?.column ?? nodes.labelColumn(topologyKey);
    this.#totals = shared?.totals ?? new Int32Array(this.#column.valueCount);
    this.#sum = shared?.sum ?? 0;
    this.#isShared = shared !== undefined;
  }

  static empty(nodes: NodeTable, topologyKey: string): DomainTally {
    return new DomainTally(nodes, topologyKey);
  }

  static of(nodes: NodeTable, counts: DomainCounts): DomainTally {
    return new DomainTally(nodes, counts.topologyKey, counts);
  }

  /** Over all domains; 0 only when none holds anything. */
  get sum(): number {
    return this.#sum;
  }

  /** By slot: index of `totals`, or `absent`. Ask anew when rows were borrowed. */
  get domainOf(): Int32Array {
    this.#settle();
    return this.#column.ids;
  }

  /** By domain. Ask for `domainOf` first. */
  get totals(): Int32Array {
    return this.#totals;
  }

  /** One pod more or less on a row. */
  add(slot: number, delta: 1 | -1): void {
    const domain = this.domainOf[slot]!;
    if (domain === absent) return;
    this.#own();
    this.#totals[domain]! += delta;
    this.#sum += delta;
  }

  /** Adds counts whose ids are those of the table's column of this key. */
  addAll({ ids, counts, length, sum }: SparseCounts): void {
    this.#settle();
    this.#own();
    for (let i = 0; i < length; i++) this.#totals[ids[i]!]! += counts[i]!;
    this.#sum += sum;
  }

  #own(): void {
    if (!this.#isShared) return;
    this.#totals = this.#totals.slice();
    this.#isShared = false;
  }

  /** The table may have replaced the column: only the one in use knows the domains of borrowed rows, and its ids may differ. */
  #settle(): void {
    const column = this.#nodes.labelColumn(this.topologyKey);
    if (column === this.#column) return;
    const totals = new Int32Array(column.valueCount);
    for (let domain = 0; domain < this.#totals.length; domain++) {
      const total = this.#totals[domain]!;
      if (total !== 0) totals[column.idOf(this.#column.valueOf(domain)!)] = total;
    }
    this.#column = column;
    this.#totals = totals;
    this.#isShared = false;
  }
}
