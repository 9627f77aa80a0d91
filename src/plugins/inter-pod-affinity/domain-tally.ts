import type { CarriedTerm } from '../../cluster/affinity-terms.js';
import type { DomainCounts } from '../../cluster/domain-counts.js';
import { absent, type LabelColumn } from '../../cluster/label-column.js';
import type { NodeTable } from '../../cluster/node-table.js';

/**
 * Pods by the value of one node label, as one cycle sees them: what the cluster holds, and what hypothetical rows add and take
 * away. Counts of the cluster are shared until the first difference, and those of terms that pods carry are not spread over all domains
 * before somebody looks at many of them.
 */
export class DomainTally {
  readonly topologyKey: string;
  readonly #nodes: NodeTable;
  #column: LabelColumn;
  /** Undefined as long as all that counts is in `#carried`. */
  #totals: Int32Array | undefined;
  #isShared = false;
  readonly #carried: CarriedTerm[] = [];
  #sum = 0;

  private constructor(nodes: NodeTable, topologyKey: string, column: LabelColumn) {
    this.#nodes = nodes;
    this.topologyKey = topologyKey;
    this.#column = column;
  }

  static empty(nodes: NodeTable, topologyKey: string): DomainTally {
    return new DomainTally(nodes, topologyKey, nodes.labelColumn(topologyKey));
  }

  static of(nodes: NodeTable, { topologyKey, column, totals, sum }: DomainCounts): DomainTally {
    const tally = new DomainTally(nodes, topologyKey, column);
    tally.#totals = totals;
    tally.#isShared = true;
    tally.#sum = sum;
    return tally;
  }

  /** Over all domains; 0 only when none holds anything. */
  get sum(): number {
    return this.#sum;
  }

  /** By slot: id of a domain, or `absent`. Ask anew when rows were borrowed. */
  get domainOf(): Int32Array {
    this.#settle();
    return this.#column.ids;
  }

  /** By domain. Ask for `domainOf` first. */
  get totals(): Int32Array {
    this.#totals ??= this.#addUp();
    return this.#totals;
  }

  /** `totals`, for a loop over so many rows; undefined where these are few, and `at` is the shorter way. */
  totalsFor(rows: number): Int32Array | undefined {
    return this.#totals === undefined && areFew(rows, this.#column) ? undefined : this.totals;
  }

  /** Of one domain. Ask for `domainOf` first. */
  at(domain: number): number {
    if (this.#totals !== undefined) return this.#totals[domain] ?? 0;
    let sum = 0;
    for (const { byDomain } of this.#carried) sum += byDomain.at(domain);
    return sum;
  }

  /** One pod more or less on a row. */
  add(slot: number, delta: 1 | -1): void {
    const domain = this.domainOf[slot]!;
    if (domain === absent) return;
    this.#own()[domain]! += delta;
    this.#sum += delta;
  }

  /** Adds the pods that carry a term of this topology key. To be called before rows are borrowed. */
  addCarried(carried: CarriedTerm): void {
    this.#carried.push(carried);
    this.#sum += carried.byDomain.sum;
  }

  #own(): Int32Array {
    if (this.#isShared) this.#totals = this.totals.slice();
    this.#isShared = false;
    return this.totals;
  }

  #addUp(): Int32Array {
    const totals = new Int32Array(this.#column.valueCount);
    for (const { byDomain } of this.#carried) {
      const { ids, counts, length } = byDomain;
      for (let i = 0; i < length; i++) totals[ids[i]!]! += counts[i]!;
    }
    return totals;
  }

  /** The table may have replaced the column: only the one in use knows the domains of borrowed rows, and its ids may differ. */
  #settle(): void {
    const column = this.#nodes.labelColumn(this.topologyKey);
    if (column === this.#column) return;
    if (this.#totals !== undefined) this.#totals = translated(this.#totals, this.#column, column);
    this.#column = column;
    this.#isShared = false;
  }
}

/** True for rows, one for each cohort, about which all the other domains need not be known. */
export function areFew(rows: number, { valueCount }: LabelColumn): boolean {
  return 4 * rows < valueCount;
}

function translated(totals: Int32Array, from: LabelColumn, to: LabelColumn): Int32Array {
  const result = new Int32Array(to.valueCount);
  for (let domain = 0; domain < totals.length; domain++) {
    const total = totals[domain]!;
    if (total !== 0) result[to.idOf(from.valueOf(domain)!)] = total;
  }
  return result;
}
