import { isDeepStrictEqual } from 'node:util';

interface Named {
  readonly namespace?: string;
  readonly name: string;
}

/** Objects of one kind by namespace and name. Changed by the main thread alone, as the watch delivers. */
export class ObjectTable<T extends Named> {
  readonly #objects = new Map<string, T>();
  #version = 0;

  /**
   * What was computed from the objects holds while it stands still. It grows with every change of substance: a ReplicaSet that
   * merely counted its pods comes with another resourceVersion, and changes nothing else of what is kept.
   */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** `namespace` is left out for kinds outside namespaces. */
  get(name: string, namespace = ''): T | undefined {
    return this.#objects.get(tableKey(name, namespace));
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  set(object: T): void {
    const key = tableKey(object.name, object.namespace);
    const known = this.#objects.get(key);
    this.#objects.set(key, object);
    if (known === undefined || this.isNews(known, object)) this.#version += 1;
  }

  delete(object: Named): void {
    if (this.#objects.delete(tableKey(object.name, object.namespace))) this.#version += 1;
  }

  /** Whether it matters that `known` was replaced. */
  protected isNews(known: T, object: T): boolean {
    return !isDeepStrictEqual({ ...known, resourceVersion: '' }, { ...object, resourceVersion: '' });
  }
}

export function tableKey(name: string, namespace = ''): string {
  return `${namespace}/${name}`;
}
