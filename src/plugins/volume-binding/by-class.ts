import type { ObjectTable } from '../../cluster/object-table.js';

/** Objects of a table by their storage class, listed once for each state of the table and only for classes that are asked for. */
export class ByClass<T extends { readonly name: string; readonly storageClass: string }> {
  readonly #table: ObjectTable<T>;
  readonly #listed = new Map<string, readonly T[]>();
  #version = -1;

  constructor(table: ObjectTable<T>) {
    this.#table = table;
  }

  of(storageClass: string): readonly T[] {
    if (this.#version !== this.#table.version) {
      this.#listed.clear();
      this.#version = this.#table.version;
    }
    let objects = this.#listed.get(storageClass);
    if (objects === undefined) {
      const found: T[] = [];
      for (const object of this.#table.values()) if (object.storageClass === storageClass) found.push(object);
      objects = found;
      this.#listed.set(storageClass, objects);
    }
    return objects;
  }
}
