/** No node label: what a column holds for a node without the key. */
export const absent = -1;

/**
 * One label key over all node slots: each value is a small integer, so that a selector compares integers.
 * Ids hold only until the next change of the table: look them up in each cycle.
 */
export class LabelColumn {
  readonly key: string;
  /** By slot: id of the value, or `absent`. */
  ids: Int32Array;
  readonly #idByValue = new Map<string, number>();
  readonly #values: string[] = [];
  #presentCount = 0;

  constructor(key: string, capacity: number) {
    this.key = key;
    this.ids = new Int32Array(capacity).fill(absent);
  }

  /** Number of distinct values ever seen by this column. */
  get valueCount(): number {
    return this.#values.length;
  }

  /** Slots that have the key. */
  get presentCount(): number {
    return this.#presentCount;
  }

  set(slot: number, value: string | undefined): void {
    if (this.ids[slot] !== absent) this.#presentCount -= 1;
    if (value === undefined) {
      this.ids[slot] = absent;
      return;
    }
    this.#presentCount += 1;
    let id = this.#idByValue.get(value);
    if (id === undefined) {
      id = this.#values.length;
      this.#values.push(value);
      this.#idByValue.set(value, id);
    }
    this.ids[slot] = id;
  }

  /** The id of a value, or -2 when no node ever had it: equal to no id and not to `absent`. */
  idOf(value: string): number {
    return this.#idByValue.get(value) ?? -2;
  }

  valueOf(id: number): string | undefined {
    return this.#values[id];
  }

  grow(capacity: number): void {
    const ids = new Int32Array(capacity).fill(absent);
    ids.set(this.ids);
    this.ids = ids;
  }
}
