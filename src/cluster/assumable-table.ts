import { ObjectTable, tableKey } from './object-table.js';

interface Versioned {
  readonly namespace?: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/**
 * Objects that may be believed changed before the API server shows the change: a volume that was promised to a claim, a claim that
 * was given a node. An assumption ends when it is taken back, when the object goes, or when the watch delivers another version.
 */
export class AssumableTable<T extends Versioned> extends ObjectTable<T> {
  readonly #delivered = new Map<string, T>();

  /** As the watch delivered it last, assumptions left out. */
  delivered(name: string, namespace = ''): T | undefined {
    return this.#delivered.get(tableKey(name, namespace)) ?? this.get(name, namespace);
  }

  isAssumed(name: string, namespace = ''): boolean {
    return this.#delivered.has(tableKey(name, namespace));
  }

  /** False, and nothing is assumed, when the object is gone or was delivered anew since `changed` was made from it. */
  assume(changed: T): boolean {
    const delivered = this.delivered(changed.name, changed.namespace);
    if (delivered === undefined || delivered.resourceVersion !== changed.resourceVersion) return false;
    this.#delivered.set(tableKey(changed.name, changed.namespace), delivered);
    super.set(changed);
    return true;
  }

  /** Takes an assumption back; without one nothing happens. */
  restore(name: string, namespace = ''): void {
    const delivered = this.#delivered.get(tableKey(name, namespace));
    if (delivered === undefined) return;
    this.#delivered.delete(tableKey(name, namespace));
    super.set(delivered);
  }

  override set(object: T): void {
    this.#delivered.delete(tableKey(object.name, object.namespace));
    super.set(object);
  }

  override delete(object: { readonly namespace?: string; readonly name: string }): void {
    this.#delivered.delete(tableKey(object.name, object.namespace));
    super.delete(object);
  }

  /** An assumption is made from a certain version of its object, so every version is news. */
  protected override isNews(): boolean {
    return true;
  }
}
