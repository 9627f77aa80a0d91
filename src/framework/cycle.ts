import type { NodeTable } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';

/** A typed place in a cycle's state; the object itself is the key, so two plugins cannot collide. */
export class StateKey<T> {
  readonly name: string;
  /** Never read: it makes the type parameter count, so that keys of different content are different types. */
  declare readonly content: T;

  constructor(name: string) {
    this.name = name;
  }
}

/** One attempt to place one pod: what it is about, and what plugins have noted down on the way. */
export class Cycle {
  readonly pod: Pod;
  readonly nodes: NodeTable;
  readonly #state = new Map<StateKey<unknown>, unknown>();

  constructor(pod: Pod, nodes: NodeTable) {
    this.pod = pod;
    this.nodes = nodes;
  }

  write<T>(key: StateKey<T>, value: T): void {
    this.#state.set(key as StateKey<unknown>, value);
  }

  /** Throws when nothing was written: a plugin's earlier extension point did not run. */
  read<T>(key: StateKey<T>): T {
    if (!this.#state.has(key as StateKey<unknown>))
      throw new Error(`nothing was noted under ${key.name} in this cycle`);
    return this.#state.get(key as StateKey<unknown>) as T;
  }

  find<T>(key: StateKey<T>): T | undefined {
    return this.#state.get(key as StateKey<unknown>) as T | undefined;
  }
}
