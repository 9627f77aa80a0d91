import type { ObjectTable } from '../../cluster/object-table.js';
import type { AffinityTerm, PodAffinityTerms } from '../../cluster/pod-affinity-terms.js';
import { type PodSelection, selectionKey } from '../../cluster/pod-counts.js';
import type { Clause, NamespaceSet } from '../../cluster/selector-index.js';
import type { Namespace } from '../../cluster/workload.js';

/** Pods whose presence counts in the domains of a node label. */
export interface CountedTerm {
  readonly topologyKey: string;
  readonly selection: PodSelection;
  /** Negative for a term that the pod would rather not have near; 0 for a required one. */
  readonly weight: number;
}

/** The terms of the pod at hand, with its namespace selectors replaced by the names that they match at present. */
export interface IncomingTerms {
  /** The pods that match all required affinity terms together; undefined when there is none. */
  readonly wanted: PodSelection | undefined;
  /** The different topology keys of the required affinity terms. */
  readonly wantedKeys: readonly string[];
  /** Required anti-affinity. */
  readonly shunned: readonly CountedTerm[];
  /** Preferred affinity and anti-affinity. */
  readonly preferred: readonly CountedTerm[];
}

interface Resolved {
  readonly version: number;
  readonly terms: IncomingTerms;
}

/** Resolves the terms of pods against the namespaces that there are, once for each template while no namespace changes. */
export class IncomingTermsResolver {
  readonly #namespaces: ObjectTable<Namespace>;
  readonly #resolved = new WeakMap<PodAffinityTerms, Resolved>();

  constructor(namespaces: ObjectTable<Namespace>) {
    this.#namespaces = namespaces;
  }

  resolve(terms: PodAffinityTerms): IncomingTerms {
    const { version } = this.#namespaces;
    let resolved = this.#resolved.get(terms);
    if (resolved?.version !== version) {
      resolved = { version, terms: this.#resolveAll(terms) };
      this.#resolved.set(terms, resolved);
    }
    return resolved.terms;
  }

  #resolveAll({
    requiredAffinity,
    requiredAntiAffinity,
    preferredAffinity,
    preferredAntiAffinity,
  }: PodAffinityTerms): IncomingTerms {
    const clauses = requiredAffinity.map((term) => this.#clauseOf(term));
    return {
      wanted: clauses.length === 0 ? undefined : { key: selectionKey(clauses), clauses },
      wantedKeys: [...new Set(requiredAffinity.map(({ topologyKey }) => topologyKey))],
      shunned: requiredAntiAffinity.map((term) => this.#counted(term, 1)),
      preferred: [
        ...preferredAffinity.map((term) => this.#counted(term, 1)),
        ...preferredAntiAffinity.map((term) => this.#counted(term, -1)),
      ],
    };
  }

  #counted(term: AffinityTerm, sign: 1 | -1): CountedTerm {
    const clauses = [this.#clauseOf(term)];
    return {
      topologyKey: term.topologyKey,
      selection: { key: selectionKey(clauses), clauses },
      weight: sign * term.weight,
    };
  }

  #clauseOf({ namespaces, namespaceSelector, selector }: AffinityTerm): Clause {
    return { namespaces: this.#meant(namespaces, namespaceSelector), selector };
  }

  #meant(listed: ReadonlySet<string>, { kind, matches }: AffinityTerm['namespaceSelector']): NamespaceSet {
    if (kind === 'nothing') return listed;
    // Matches also the namespaces that are not known yet.
    if (kind === 'everything') return 'all';
    const names = new Set(listed);
    for (const { name, labels } of this.#namespaces.values()) if (matches(labels)) names.add(name);
    return names;
  }
}
