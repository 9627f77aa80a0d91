/**
 * One value for each combination of label values, made when first asked for. A tree of maps instead of one map with joined keys: who
 * counts every call of every plugin would spend more on joining than on counting.
 */
export class LabelTree<T> {
  readonly #depth: number;
  readonly #make: (values: readonly string[]) => T;
  readonly #made: T[] = [];
  readonly #root = new Map<string, unknown>();
  readonly #single: T | undefined;

  constructor(depth: number, make: (values: readonly string[]) => T) {
    this.#depth = depth;
    this.#make = (values) => {
      const made = make([...values]);
      this.#made.push(made);
      return made;
    };
    this.#single = depth === 0 ? this.#make([]) : undefined;
  }

  get(values: readonly string[]): T {
    if (this.#single !== undefined) return this.#single;
    const last = this.#depth - 1;
    let branch = this.#root;
    for (let level = 0; level < last; level++) {
      const value = values[level]!;
      let next = branch.get(value) as Map<string, unknown> | undefined;
      if (next === undefined) {
        next = new Map();
        branch.set(value, next);
      }
      branch = next;
    }
    let leaf = branch.get(values[last]!) as T | undefined;
    if (leaf === undefined) {
      leaf = this.#make(values);
      branch.set(values[last]!, leaf);
    }
    return leaf;
  }

  /** In the order in which they were made. */
  all(): readonly T[] {
    return this.#made;
  }
}
