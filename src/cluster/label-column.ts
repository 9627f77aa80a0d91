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
  /** By id: how many slots have the value. */
  readonly #uses: number[] = [];
  #presentCount = 0;
  /** Values that some slot has. */
  #distinctCount = 0;

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

  /** True when no two slots have the same value: each domain is one node. */
  get tellsAllApart(): boolean {
    return this.#distinctCount === this.#presentCount;
  }

  set(slot: number, value: string | undefined): void {
    this.#leave(this.ids[slot]!);
    if (value === undefined) {
      this.ids[slot] = absent;
      return;
    }
    let id = this.#idByValue.get(value);
    if (id === undefined) {
      id = this.#values.length;
      this.#values.push(value);
      this.#uses.push(0);
      this.#idByValue.set(value, id);
    }
    this.#presentCount += 1;
    if (this.#uses[id] === 0) this.#distinctCount += 1;
    this.#uses[id]! += 1;
    this.ids[slot] = id;
  }

  #leave(id: number): void {
    if (id === absent) return;
    this.#presentCount -= 1;
    this.#uses[id]! -= 1;
    if (this.#uses[id] === 0) this.#distinctCount -= 1;
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
