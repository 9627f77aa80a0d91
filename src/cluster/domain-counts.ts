import { absent, type LabelColumn } from './label-column.js';
import type { NodeTable, Rows } from './node-table.js';
import type { SlotCountListener, SlotCounts } from './slot-counts.js';

/** Which nodes count. Judged anew whenever labels, taints or the set of nodes change. */
export interface NodeEligibility {
  /** Equal keys mean equal judgements: counts that agree in everything are shared. */
  readonly key: string;
  /** Writes 1 for the rows that count and 0 for the others; `marks[i]` is about `rows.slots[i]`. */
  mark(nodes: NodeTable, rows: Rows, marks: Uint8Array): void;
}

/**
 * A count per slot, summed up by topology domain: by the value that nodes have for one label key. Kept as pods come and go; after a
 * change of nodes it is summed up again, from the counts per slot, when it is next asked for.
 */
export class DomainCounts implements SlotCountListener {
  readonly topologyKey: string;
  readonly #nodes: NodeTable;
  readonly #source: SlotCounts;
  readonly #eligibility: NodeEligibility | undefined;
  #column: LabelColumn | undefined;
  #topology = -1;
  /** By slot: id of the domain, or `absent` for a node that does not count. */
  #domainOf = new Int32Array(0);
  #totals = new Int32Array(0);
  #nodeCounts = new Int32Array(0);
  #domainCount = 0;
  #sum = 0;

  constructor(nodes: NodeTable, source: SlotCounts, topologyKey: string, eligibility?: NodeEligibility) {
    this.#nodes = nodes;
    this.#source = source;
    this.topologyKey = topologyKey;
    this.#eligibility = eligibility;
    source.follow(this);
  }

  /** Column of the topology key: `column.ids[slot]` is the index of `totals`, `absent` for a node without the key. */
  get column(): LabelColumn {
    this.#refresh();
    return this.#column!;
  }

  /** By domain id: the sum over its nodes that count. Ids beyond its length have 0. */
  get totals(): Int32Array {
    this.#refresh();
    return this.#totals;
  }

  /** By domain id: how many nodes count for it; 0 means that there is no such domain. */
  get nodeCounts(): Int32Array {
    this.#refresh();
    return this.#nodeCounts;
  }

  /** Domains with at least one node that counts. */
  get domainCount(): number {
    this.#refresh();
    return this.#domainCount;
  }

  /** Sum over all domains. */
  get sum(): number {
    this.#refresh();
    return this.#sum;
  }

  /** Of the domain of a slot; 0 for a node without the key. */
  totalAt(slot: number): number {
    const id = this.column.ids[slot]!;
    return id === absent ? 0 : (this.#totals[id] ?? 0);
  }

  /** Id of the domain that a slot counts for; `absent` for one that does not count, and for a borrowed row. */
  domainAt(slot: number): number {
    this.#refresh();
    return this.#domainOf[slot] ?? absent;
  }

  slotCountChanged(slot: number, delta: number): void {
    // A stale sum is made anew from the counts anyway.
    if (this.#topology !== this.#nodes.topologyVersion) return;
    const domain = slot < this.#domainOf.length ? this.#domainOf[slot]! : absent;
    if (domain === absent) return;
    this.#totals[domain]! += delta;
    this.#sum += delta;
  }

  /** To be called when nobody needs it any more. */
  close(): void {
    this.#source.unfollow(this);
  }

  #refresh(): void {
    const column = this.#nodes.labelColumn(this.topologyKey);
    if (this.#topology === this.#nodes.topologyVersion && column === this.#column) return;
    this.#column = column;
    this.#topology = this.#nodes.topologyVersion;
    this.#sumUp(column);
  }

  #sumUp(column: LabelColumn): void {
    const nodes = this.#nodes;
    const rows = nodes.rows();
    const marks = this.#eligibility === undefined ? undefined : new Uint8Array(rows.length);
    if (marks !== undefined) this.#eligibility!.mark(nodes, rows, marks);
    this.#domainOf = new Int32Array(nodes.capacity).fill(absent);
    this.#totals = new Int32Array(column.valueCount);
    this.#nodeCounts = new Int32Array(column.valueCount);
    this.#domainCount = 0;
    this.#sum = 0;
    // Hot where nodes change often: a plain loop over all nodes.
    for (let i = 0; i < rows.length; i++) {
      const slot = rows.slots[i]!;
      const domain = column.ids[slot]!;
      if (domain === absent || marks?.[i] === 0) continue;
      const count = this.#source.at(slot);
      this.#domainOf[slot] = domain;
      if (this.#nodeCounts[domain]!++ === 0) this.#domainCount += 1;
      this.#totals[domain]! += count;
      this.#sum += count;
    }
  }
}
