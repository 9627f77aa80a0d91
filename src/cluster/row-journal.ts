const reach = 1 << 14;

/** Which slots of a table changed last, in order: for those who keep something by row and want to know what to look at again. */
export class RowJournal {
  readonly #slots = new Int32Array(reach);
  #length = 0;

  /** Entries so far, also those that are forgotten by now. */
  get length(): number {
    return this.#length;
  }

  note(slot: number): void {
    this.#slots[this.#length % reach] = slot;
    this.#length += 1;
  }

  /** True when all entries from `index` on are still known. */
  reachesBackTo(index: number): boolean {
    return this.#length - index <= reach;
  }

  /** The slot of an entry that is still known. */
  at(index: number): number {
    return this.#slots[index % reach]!;
  }
}
