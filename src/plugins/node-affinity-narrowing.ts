import type { NodeSelectorTerm } from '../cluster/pod.js';

/**
 * The only nodes that the terms of a required affinity can mean, when every term names its nodes; undefined when some term may
 * mean any node. Reads every value of an `In` on metadata.name, even where more than one makes the term malformed, as
 * kube-scheduler does: such a pod is narrowed to nodes that its filter then refuses.
 */
export function narrowedByName(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  if (terms.length === 0) return undefined;
  const union = new Set<string>();
  for (const { matchFields } of terms) {
    let names: ReadonlySet<string> | undefined;
    for (const { key, operator, values } of matchFields ?? []) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      const named = new Set(values ?? []);
      names = names === undefined ? named : new Set([...names].filter((name) => named.has(name)));
    }
    if (names === undefined) return undefined;
    for (const name of names) union.add(name);
  }
  return union;
}
