import { absent, type LabelColumn } from './label-column.js';
import type { NodeTable, NodeTableObserver } from './node-table.js';
import type { Labels, Pod } from './pod.js';
import {
  type AffinityTerm,
  type AffinityTermKind,
  affinityTermKinds,
  affinityTermsOf,
  termMatches,
} from './pod-affinity-terms.js';
import { selectorKey } from './pod-counts.js';
import { SelectorIndex } from './selector-index.js';
import { SparseCounts } from './sparse-counts.js';

/** A term with the places of the pods that carry it. */
export class CarriedTerm {
  readonly key: string;
  readonly kind: AffinityTermKind;
  readonly term: AffinityTerm;
  readonly #nodes: NodeTable;
  readonly #bySlot = new SparseCounts();
  /** Follows from `#bySlot`; holds for one column and one version of the topology. */
  readonly #byDomain = new SparseCounts();
  #column: LabelColumn | undefined;
  #topology = -1;

  constructor(nodes: NodeTable, kind: AffinityTermKind, term: AffinityTerm) {
    this.key = carriedKey(kind, term);
    this.kind = kind;
    this.term = term;
    this.#nodes = nodes;
  }

  /** Pods that carry it, those on nodes without an object included; a pod that has it twice counts twice. */
  get carriers(): number {
    return this.#bySlot.sum;
  }

  /** Carriers by the domain that their node is in: ids are those of the column of the topology key. */
  get byDomain(): SparseCounts {
    const column = this.#nodes.labelColumn(this.term.topologyKey);
    if (this.#topology !== this.#nodes.topologyVersion || column !== this.#column) this.#sumUp(column);
    return this.#byDomain;
  }

  add(slot: number, delta: number): void {
    this.#bySlot.add(slot, delta);
    if (this.#topology === this.#nodes.topologyVersion) this.#addToDomain(slot, delta);
  }

  #sumUp(column: LabelColumn): void {
    this.#column = column;
    this.#topology = this.#nodes.topologyVersion;
    this.#byDomain.clear();
    const { ids, counts, length } = this.#bySlot;
    for (let i = 0; i < length; i++) this.#addToDomain(ids[i]!, counts[i]!);
  }

  #addToDomain(slot: number, delta: number): void {
    // A column that the table has dropped meanwhile may be too short for a new slot, which then has no node yet.
    const domain = this.#column!.ids[slot] ?? absent;
    if (domain !== absent) this.#byDomain.add(domain, delta);
  }
}

/**
 * What pods on nodes demand and wish of others: each distinct term of pod affinity once, however many pods carry it. Finds those
 * that mean a given pod without asking each of the carriers.
 */
export class AffinityTerms implements NodeTableObserver {
  readonly #nodes: NodeTable;
  readonly #terms = new Map<string, CarriedTerm>();
  readonly #indexes: Readonly<Record<AffinityTermKind, SelectorIndex<CarriedTerm>>> = {
    requiredAffinity: new SelectorIndex(),
    requiredAntiAffinity: new SelectorIndex(),
    preferredAffinity: new SelectorIndex(),
    preferredAntiAffinity: new SelectorIndex(),
  };

  constructor(nodes: NodeTable) {
    this.#nodes = nodes;
    nodes.forEachPod((slot, pod) => this.podAdded(slot, pod));
    nodes.observe(this);
  }

  /** Distinct terms that some pod carries. */
  get size(): number {
    return this.#terms.size;
  }

  values(): IterableIterator<CarriedTerm> {
    return this.#terms.values();
  }

  /** Calls `visit` once for each carried term of a kind that means the pod; `namespaceLabels` are those of the pod's namespace. */
  forEachMatching(
    kind: AffinityTermKind,
    pod: { readonly namespace: string; readonly labels: Labels },
    namespaceLabels: Labels,
    visit: (carried: CarriedTerm) => void,
  ): void {
    this.#indexes[kind].forEachCandidate(pod.labels, (carried) => {
      if (termMatches(carried.term, pod, namespaceLabels)) visit(carried);
    });
  }

  podAdded(slot: number, pod: Pod): void {
    this.#count(slot, pod, 1);
  }

  podRemoved(slot: number, pod: Pod): void {
    this.#count(slot, pod, -1);
  }

  #count(slot: number, pod: Pod, delta: 1 | -1): void {
    const terms = affinityTermsOf(pod);
    for (const kind of affinityTermKinds) {
      for (const term of terms[kind]) {
        const carried = this.#terms.get(carriedKey(kind, term)) ?? this.#admit(kind, term);
        carried.add(slot, delta);
        if (carried.carriers === 0) this.#drop(carried);
      }
    }
  }

  #admit(kind: AffinityTermKind, term: AffinityTerm): CarriedTerm {
    const carried = new CarriedTerm(this.#nodes, kind, term);
    this.#terms.set(carried.key, carried);
    this.#indexes[kind].add(filedAs(carried), carried);
    return carried;
  }

  #drop(carried: CarriedTerm): void {
    this.#terms.delete(carried.key);
    this.#indexes[carried.kind].delete(filedAs(carried), carried);
  }
}

/** By its selector alone: in which namespaces it means pods may depend on labels. */
function filedAs({ term }: CarriedTerm) {
  return { namespaces: 'all' as const, selector: term.selector };
}

const keys = new WeakMap<AffinityTerm, string>();

/** The canonical text of a term. Terms come from one compilation for each template, so the text is made once for each. */
function carriedKey(kind: AffinityTermKind, term: AffinityTerm): string {
  let key = keys.get(term);
  if (key === undefined) {
    const { topologyKey, weight, namespaces, namespaceSelector, selector } = term;
    const names = [...namespaces].sort();
    key = JSON.stringify([
      kind,
      weight,
      topologyKey,
      names,
      selectorKey(namespaceSelector),
      selectorKey(selector),
    ]);
    keys.set(term, key);
  }
  return key;
}
