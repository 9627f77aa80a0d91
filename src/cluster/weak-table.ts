/**
 * Shares values by key for as long as anybody uses them: an entry goes when its value is collected. `extra` lives as long
 * as the entry and must not lead back to the value, or neither would ever be collected.
 */
export class WeakTable<V extends object, E> {
  readonly #entries = new Map<string, { readonly ref: WeakRef<V>; readonly extra: E }>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    // The key may have been taken again by a value that is alive.
    if (this.#entries.get(key)?.ref.deref() === undefined) this.#entries.delete(key);
  });

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): { readonly value: V; readonly extra: E } | undefined {
    const entry = this.#entries.get(key);
    const value = entry?.ref.deref();
    return entry === undefined || value === undefined ? undefined : { value, extra: entry.extra };
  }

  set(key: string, value: V, extra: E): void {
    this.#entries.set(key, { ref: new WeakRef(value), extra });
    this.#collected.register(value, key);
  }
}
