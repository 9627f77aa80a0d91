/**
 * Gives equal values one small integer. Ids are never used again, so that a cache keyed by an id cannot confuse two values; an
 * entry disappears with its last user, so that churn does not fill memory.
 */
export class Interner<T> {
  readonly #byKey = new Map<string, { id: number; users: number }>();
  readonly #values = new Map<number, { key: string; value: T }>();
  #next = 0;

  /** Number of distinct values in use. */
  get size(): number {
    return this.#values.size;
  }

  acquire(key: string, value: T): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known.id;
    }
    const id = this.#next++;
    this.#byKey.set(key, { id, users: 1 });
    this.#values.set(id, { key, value });
    return id;
  }

  /** One more user of an id that is in use. */
  retain(id: number): void {
    const entry = this.#values.get(id);
    if (entry !== undefined) this.#byKey.get(entry.key)!.users += 1;
  }

  release(id: number): void {
    const entry = this.#values.get(id);
    if (entry === undefined) return;
    const known = this.#byKey.get(entry.key)!;
    known.users -= 1;
    if (known.users === 0) {
      this.#byKey.delete(entry.key);
      this.#values.delete(id);
    }
  }

  value(id: number): T {
    const entry = this.#values.get(id);
    if (entry === undefined) throw new RangeError(`no interned value has id ${id}`);
    return entry.value;
  }
}
