/** Is told when the count of a slot changes. */
export interface SlotCountListener {
  slotCountChanged(slot: number, delta: number): void;
}

/** A number for each slot of the node table, for example how many pods of a kind are on the node, with those who follow it. */
export class SlotCounts {
  /** By slot; shorter than the node table's capacity while the high slots hold nothing. */
  #counts: Int32Array = new Int32Array(64);
  #total = 0;
  readonly #listeners = new Set<SlotCountListener>();

  /** Replaced when it grows: do not keep it beyond a cycle. */
  get counts(): Int32Array {
    return this.#counts;
  }

  /** Sum over all slots, those of nodes without an object included. */
  get total(): number {
    return this.#total;
  }

  at(slot: number): number {
    return slot < this.#counts.length ? this.#counts[slot]! : 0;
  }

  add(slot: number, delta: number): void {
    if (slot >= this.#counts.length) this.#grow(slot);
    this.#counts[slot]! += delta;
    this.#total += delta;
    for (const listener of this.#listeners) listener.slotCountChanged(slot, delta);
  }

  follow(listener: SlotCountListener): void {
    this.#listeners.add(listener);
  }

  unfollow(listener: SlotCountListener): void {
    this.#listeners.delete(listener);
  }

  #grow(slot: number): void {
    const wider = new Int32Array(Math.max(slot + 1, this.#counts.length * 2));
    wider.set(this.#counts);
    this.#counts = wider;
  }
}
