import type { ObjectTable } from './object-table.js';

interface Named {
  readonly namespace?: string;
  readonly name: string;
}

/** Finds out what changed in a table since it was last asked: what was made from the objects can be mended instead of made anew. */
export class ObjectChanges<T extends Named> {
  readonly #table: ObjectTable<T>;
  /** As last told, in the table's order. */
  readonly #told: T[] = [];
  #version = -1;

  constructor(table: ObjectTable<T>) {
    this.#table = table;
  }

  /** Tells of each object that is no longer there as it was, then, if it was replaced, of its successor. All are new at first. */
  forEach(tell: (object: T, isThere: boolean) => void): void {
    const table = this.#table;
    if (this.#version === table.version) return;
    this.#version = table.version;
    const told = this.#told;
    // A replaced object keeps its place and a new one comes last, so that the two lists run side by side up to one that went.
    let same = 0;
    const others: T[] = [];
    for (const object of table.values()) {
      const old = others.length > 0 ? undefined : told[same];
      if (old === object) {
        same += 1;
      } else if (old !== undefined && isSuccessor(old, object)) {
        told[same] = object;
        same += 1;
        tell(old, false);
        tell(object, true);
      } else {
        others.push(object);
      }
    }
    const fresh = new Set(others);
    for (const old of told.splice(same)) if (!fresh.delete(old)) tell(old, false);
    for (const object of fresh) tell(object, true);
    for (const object of others) told.push(object);
  }
}

function isSuccessor(old: Named, object: Named): boolean {
  return old.name === object.name && old.namespace === object.namespace;
}
