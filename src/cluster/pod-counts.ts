import type { LabelMatcher } from '../kube/label-selector.js';
import { DomainCounts, type NodeEligibility } from './domain-counts.js';
import type { NodeTable, NodeTableObserver } from './node-table.js';
import type { Labels, Pod } from './pod.js';
import { type Clause, fulfils, SelectorIndex } from './selector-index.js';
import { SlotCounts } from './slot-counts.js';

/** Pods on nodes that are to be counted: those that fulfil all clauses. */
export interface PodSelection {
  /** Equal keys mean equal selections. See `selectionKey`. */
  readonly key: string;
  /** At least one. */
  readonly clauses: readonly Clause[];
  /** Default: pods count until they are gone. */
  readonly withoutTerminating?: boolean;
}

/** The canonical text of a selection. */
export function selectionKey(
  clauses: readonly Clause[],
  options: { readonly withoutTerminating?: boolean } = {},
): string {
  return `${options.withoutTerminating ? 'live' : 'all'};${clauses.map(clauseKey).join(';')}`;
}

function clauseKey({ namespaces, selector }: Clause): string {
  const names = namespaces === 'all' ? 'all' : [...namespaces].sort();
  return JSON.stringify([names, selectorKey(selector)]);
}

/** The canonical text of a selector. */
export function selectorKey({ kind, requirements }: LabelMatcher): string {
  const parts = requirements.map(({ key, operator, values }) => [key, operator, [...values].sort()]);
  return JSON.stringify([kind, parts]);
}

export function isSelected({ clauses, withoutTerminating }: PodSelection, pod: Pod): boolean {
  if (withoutTerminating && pod.terminating) return false;
  return clauses.every((clause) => fulfils(clause, pod.namespace, pod.labels));
}

interface Counted {
  readonly selection: PodSelection;
  readonly counts: SlotCounts;
  /** Least recently used first. */
  readonly domains: Map<string, DomainCounts>;
}

/** Counts that nobody asked for go when there are more than this: a cluster has some templates with selectors, not thousands. */
const maxSelections = 1024;
/** The same for one selection: topology keys are few, but each node affinity of a template makes nodes eligible in a way of its own. */
const maxDomains = 64;

/**
 * How many pods of a selection each node has, kept as pods come and go: a selection is counted over all pods once, when it is first
 * asked for. Borrowed rows do not count: who changes a hypothetical row keeps book of the difference.
 */
export class PodCounts implements NodeTableObserver {
  readonly #nodes: NodeTable;
  /** Least recently used first. */
  readonly #counted = new Map<string, Counted>();
  readonly #index = new SelectorIndex<Counted>();

  constructor(nodes: NodeTable) {
    this.#nodes = nodes;
    nodes.observe(this);
  }

  /** Selections that are kept at present. */
  get size(): number {
    return this.#counted.size;
  }

  /** By slot. Ask for it in each cycle: it may be dropped between cycles. */
  bySlot(selection: PodSelection): SlotCounts {
    return this.#counting(selection).counts;
  }

  /** By the value of a node label. Ask for it in each cycle. */
  byDomain(selection: PodSelection, topologyKey: string, eligibility?: NodeEligibility): DomainCounts {
    const { counts, domains } = this.#counting(selection);
    const key = `${topologyKey}\u0000${eligibility?.key ?? ''}`;
    let found = domains.get(key);
    if (found === undefined) found = new DomainCounts(this.#nodes, counts, topologyKey, eligibility);
    else domains.delete(key);
    domains.set(key, found);
    if (domains.size > maxDomains) {
      const [oldest] = domains;
      oldest![1].close();
      domains.delete(oldest![0]);
    }
    return found;
  }

  podAdded(slot: number, pod: Pod): void {
    this.#count(slot, pod, 1);
  }

  podRemoved(slot: number, pod: Pod): void {
    this.#count(slot, pod, -1);
  }

  #count(slot: number, pod: Pod, delta: 1 | -1): void {
    this.#index.forEachCandidate(pod.labels, ({ selection, counts }) => {
      if (isSelected(selection, pod)) counts.add(slot, delta);
    });
  }

  #counting(selection: PodSelection): Counted {
    const known = this.#counted.get(selection.key);
    if (known !== undefined) {
      this.#counted.delete(selection.key);
      this.#counted.set(selection.key, known);
      return known;
    }
    const counted: Counted = { selection, counts: new SlotCounts(), domains: new Map() };
    countAll(this.#nodes, counted);
    this.#index.add(selection.clauses[0]!, counted);
    this.#counted.set(selection.key, counted);
    if (this.#counted.size > maxSelections) this.#dropOldest();
    return counted;
  }

  #dropOldest(): void {
    const [oldest] = this.#counted.values();
    this.#counted.delete(oldest!.selection.key);
    this.#index.delete(oldest!.selection.clauses[0]!, oldest!);
  }
}

/**
 * Looks at every pod on a node, of which there may be 50,000, for the first pod of a new application: `isSelected`, but what is cheap
 * comes first, and each map of labels, which pods of one template mostly share, is matched once.
 */
function countAll(nodes: NodeTable, { selection, counts }: Counted): void {
  const { clauses, withoutTerminating = false } = selection;
  const matches = new Map<Labels, boolean>();
  nodes.forEachPod((slot, { namespace, labels, terminating }) => {
    if (withoutTerminating && terminating) return;
    for (const { namespaces } of clauses) if (namespaces !== 'all' && !namespaces.has(namespace)) return;
    let isMatch = matches.get(labels);
    if (isMatch === undefined) {
      isMatch = clauses.every(({ selector }) => selector.matches(labels));
      matches.set(labels, isMatch);
    }
    if (isMatch) counts.add(slot, 1);
  });
}
