const defaultLimit = 65_536;

/**
 * Gives equal strings one copy. Each decoded object brings its own copy of its namespace, its node's name and its labels;
 * thousands of them would be kept. Bounded: a full pool starts afresh, which costs copies and never correctness.
 */
export class StringPool {
  readonly #known = new Map<string, string>();
  readonly #limit: number;

  constructor(limit: number = defaultLimit) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#known.size;
  }

  intern(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#limit) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}
