/*
 * Reading JSON as Go's decoder would: keys match whatever their case, null counts as absent, unknown keys are ignored, and a value of
 * another type than expected spoils the whole document.
 */

/** A decoded document is not of the expected shape. `message` names the place. */
export class WireShapeError extends Error {
  constructor(path: string, expected: string) {
    super(`${path} is not ${expected}`);
    this.name = 'WireShapeError';
  }
}

type Fields = ReadonlyMap<string, unknown>;

/** One object of a document; undefined and null read as an object without fields. */
export class WireObject {
  readonly #path: string;
  /** By key in lower case. */
  readonly #fields: Fields;

  constructor(value: unknown, path: string) {
    this.#path = path;
    const entries = recordEntries(value ?? {}, path);
    this.#fields = new Map(entries.map(([key, field]) => [key.toLowerCase(), field]));
  }

  /** '' when absent. */
  text(key: string): string {
    const value = this.#get(key) ?? '';
    if (typeof value !== 'string') throw new WireShapeError(this.#at(key), 'a string');
    return value;
  }

  /** 0 when absent. Beyond 2^53 an integer has lost its last digits in reading: nobody means such a value. */
  integer(key: string): number {
    const value = this.#get(key) ?? 0;
    if (!Number.isSafeInteger(value)) throw new WireShapeError(this.#at(key), 'an integer');
    return value as number;
  }

  /** undefined when absent. */
  list<T>(key: string, read: (item: unknown, path: string) => T): T[] | undefined {
    const value = this.#get(key) ?? undefined;
    return value === undefined ? undefined : readList(value, this.#at(key), read);
  }

  /** Empty when absent. */
  map<T>(key: string, read: (item: unknown, path: string) => T): Map<string, T> {
    const path = this.#at(key);
    const entries = recordEntries(this.#get(key) ?? {}, path);
    return new Map(entries.map(([name, item]) => [name, read(item, `${path}[${JSON.stringify(name)}]`)]));
  }

  /** undefined when absent. */
  object(key: string): WireObject | undefined {
    const value = this.#get(key) ?? undefined;
    return value === undefined ? undefined : new WireObject(value, this.#at(key));
  }

  #get(key: string): unknown {
    return this.#fields.get(key.toLowerCase());
  }

  #at(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }
}

export function readList<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) throw new WireShapeError(path || 'the document', 'a list');
  return value.map((item: unknown, index) => read(item, `${path}[${index}]`));
}

export function readText(value: unknown, path: string): string {
  if (value === null) return '';
  if (typeof value !== 'string') throw new WireShapeError(path, 'a string');
  return value;
}

function recordEntries(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WireShapeError(path || 'the document', 'an object');
  return Object.entries(value);
}
