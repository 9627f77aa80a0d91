import { type LabelRequirement, type Labels, labelValue } from '../kube/label-requirement.js';
import type { LabelMatcher } from '../kube/label-selector.js';

/** Names of namespaces, or all there are. */
export type NamespaceSet = ReadonlySet<string> | 'all';

/** What an object has to be like: in one of the namespaces, with labels that the selector matches. */
export interface Clause {
  readonly namespaces: NamespaceSet;
  readonly selector: LabelMatcher;
}

/** True when the object fulfils the clause. */
export function fulfils(clause: Clause, namespace: string, labels: Labels): boolean {
  return (clause.namespaces === 'all' || clause.namespaces.has(namespace)) && clause.selector.matches(labels);
}

/**
 * Finds, for the labels of an object, those of many clauses that may match it, without asking every one: most selectors demand one
 * value of some label, so they are filed under that label and value.
 */
export class SelectorIndex<T> {
  /** Label key to label value to what is filed there. */
  readonly #byLabel = new Map<string, Map<string, Set<T>>>();
  readonly #others = new Set<T>();

  add(clause: Clause, entry: T): void {
    this.#place(clause, (file) => file.add(entry));
  }

  delete(clause: Clause, entry: T): void {
    this.#place(clause, (file) => file.delete(entry));
  }

  /** Calls `visit` once for each entry that may match, and for every entry that does. */
  forEachCandidate(labels: Labels, visit: (entry: T) => void): void {
    for (const [key, byValue] of this.#byLabel) {
      const value = labelValue(labels, key);
      if (value !== undefined) byValue.get(value)?.forEach(visit);
    }
    this.#others.forEach(visit);
  }

  #place({ selector }: Clause, change: (file: Set<T>) => void): void {
    if (selector.kind === 'nothing') return;
    const demand = selector.requirements.find(demandsOneValue);
    if (demand === undefined) {
      change(this.#others);
      return;
    }
    const [value] = demand.values;
    const byValue = valueOrNew(this.#byLabel, demand.key, () => new Map<string, Set<T>>());
    const file = valueOrNew(byValue, value!, () => new Set<T>());
    change(file);
    if (file.size > 0) return;
    byValue.delete(value!);
    if (byValue.size === 0) this.#byLabel.delete(demand.key);
  }
}

function demandsOneValue({ operator, values }: LabelRequirement): boolean {
  return operator === 'In' && values.size === 1;
}

function valueOrNew<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
