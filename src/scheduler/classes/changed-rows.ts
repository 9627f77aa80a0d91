import type { NodeTable } from '../../cluster/node-table.js';

/** Judging everything anew is cheaper than row by row once more than one row in so many has changed. */
const worthwhile = 4;

/** The rows of a node table by their place in its list, and which of them have changed since somebody looked last. */
export class ChangedRows {
  /** The list of rows: slots by place. */
  order: Int32Array = new Int32Array(0);
  /** By slot; -1 for one that is not in the list. */
  placeOf = new Int32Array(0);
  /** What was asked for last: the caller may reorder it. */
  slots = new Int32Array(0);
  #lookedAt = new Uint32Array(0);
  #looks = 0;

  /** To be called before anything else whenever the table may have changed. */
  follow(nodes: NodeTable): void {
    const { slots } = nodes.rows();
    if (this.order === slots && this.placeOf.length === nodes.capacity) return;
    this.order = slots;
    this.placeOf = new Int32Array(nodes.capacity).fill(-1);
    for (let place = 0; place < slots.length; place++) this.placeOf[slots[place]!] = place;
    this.slots = new Int32Array(slots.length);
    this.#lookedAt = new Uint32Array(nodes.capacity);
    this.#looks = 0;
  }

  /** Writes the slots of all rows into `slots`; returns how many there are. */
  all(): number {
    this.slots.set(this.order);
    return this.order.length;
  }

  /**
   * Writes slots of rows that changed since the table's journal had this length into `slots`, each once. Returns how many, or undefined
   * when nobody knows any more, or when they are so many that it does not pay.
   */
  since({ journal }: NodeTable, length: number): number | undefined {
    const limit = Math.floor(this.order.length / worthwhile);
    if (!journal.reachesBackTo(length)) return undefined;
    this.#looks += 1;
    let count = 0;
    for (let index = length; index < journal.length; index++) {
      const slot = journal.at(index);
      if (this.placeOf[slot] === -1 || this.#lookedAt[slot] === this.#looks) continue;
      if (count >= limit) return undefined;
      this.#lookedAt[slot] = this.#looks;
      this.slots[count++] = slot;
    }
    return count;
  }
}
