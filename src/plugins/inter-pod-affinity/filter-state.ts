import type { CarriedTerm } from '../../cluster/affinity-terms.js';
import type { ClusterState } from '../../cluster/cluster-state.js';
import { absent } from '../../cluster/label-column.js';
import type { NodeTable, Rows } from '../../cluster/node-table.js';
import type { Labels, Pod } from '../../cluster/pod.js';
import { affinityTermsOf, termMatches } from '../../cluster/pod-affinity-terms.js';
import { isSelected } from '../../cluster/pod-counts.js';
import { DomainTally } from './domain-tally.js';
import type { CountedTerm, IncomingTerms } from './incoming-terms.js';

/* Verdicts, in the order in which they are judged. */
export const lacksAffinity = 1;
export const meetsShunned = 2;
export const isShunned = 3;

interface Shunned {
  readonly term: CountedTerm;
  readonly tally: DomainTally;
}

/** Where the pods are that decide where one pod may go: noted by PreFilter, changed by hypothetical rows. */
export class FilterState {
  readonly #nodes: NodeTable;
  readonly #pod: Pod;
  readonly #namespaceLabels: Labels;
  readonly #terms: IncomingTerms;
  /** Pods that match all required affinity terms, by each of their topology keys. */
  readonly #wanted: readonly DomainTally[];
  readonly #shunned: readonly Shunned[];
  /** Pods whose required anti-affinity means the pod, by topology key. */
  readonly #shunning = new Map<string, DomainTally>();
  /** The terms that they carry. */
  readonly #shunningTerms: CarriedTerm[] = [];

  constructor(
    { nodes, podCounts, affinityTerms }: ClusterState,
    pod: Pod,
    { terms, namespaceLabels }: { readonly terms: IncomingTerms; readonly namespaceLabels: Labels },
  ) {
    this.#nodes = nodes;
    this.#pod = pod;
    this.#namespaceLabels = namespaceLabels;
    this.#terms = terms;
    this.#wanted = terms.wantedKeys.map((key) =>
      DomainTally.of(nodes, podCounts.byDomain(terms.wanted!, key)),
    );
    this.#shunned = terms.shunned.map((term) => ({
      term,
      tally: DomainTally.of(nodes, podCounts.byDomain(term.selection, term.topologyKey)),
    }));
    affinityTerms.forEachMatching('requiredAntiAffinity', pod, namespaceLabels, (carried) => {
      if (carried.byDomain.sum === 0) return;
      this.#shunningBy(carried.term.topologyKey).addCarried(carried);
      this.#shunningTerms.push(carried);
    });
  }

  /** True when the pod demands nothing and no pod on a node refuses it. Pods that are only nominated do not count, as in kube-scheduler. */
  get isIdle(): boolean {
    return this.#wanted.length === 0 && this.#shunned.length === 0 && this.#shunning.size === 0;
  }

  /** All that decides, each with what it counts. */
  *tallies(): Generator<[tally: DomainTally, counted: readonly unknown[]]> {
    for (const tally of this.#wanted) yield [tally, ['wanted', this.#terms]];
    for (const { term, tally } of this.#shunned) yield [tally, ['shunned', term]];
    for (const tally of this.#shunning.values()) yield [tally, ['shunning', ...this.#shunningTerms]];
  }

  /** A hypothetical row has one pod more or less. */
  change(other: Pod, slot: number, delta: 1 | -1): void {
    for (const term of affinityTermsOf(other).requiredAntiAffinity) {
      if (termMatches(term, this.#pod, this.#namespaceLabels))
        this.#shunningBy(term.topologyKey).add(slot, delta);
    }
    const { wanted } = this.#terms;
    if (wanted !== undefined && isSelected(wanted, other))
      for (const tally of this.#wanted) tally.add(slot, delta);
    for (const { term, tally } of this.#shunned)
      if (isSelected(term.selection, other)) tally.add(slot, delta);
  }

  judge(rows: Rows, verdicts: Int32Array): void {
    const isFirst = this.#isFirstOfItsKind();
    for (const tally of this.#wanted) refuseWithout(tally, rows, verdicts, isFirst);
    for (const { tally } of this.#shunned) refuseWith(tally, rows, verdicts, meetsShunned);
    for (const tally of this.#shunning.values()) refuseWith(tally, rows, verdicts, isShunned);
  }

  /** The pod may start a group of its own when no pod that it wants is in any domain, and it is itself what it wants. */
  #isFirstOfItsKind(): boolean {
    const { wanted } = this.#terms;
    return (
      wanted !== undefined && this.#wanted.every(({ sum }) => sum === 0) && isSelected(wanted, this.#pod)
    );
  }

  #shunningBy(topologyKey: string): DomainTally {
    let tally = this.#shunning.get(topologyKey);
    if (tally === undefined) {
      tally = DomainTally.empty(this.#nodes, topologyKey);
      this.#shunning.set(topologyKey, tally);
    }
    return tally;
  }
}

/** Every node needs the key of every term, also for the first pod of its kind. */
function refuseWithout(
  tally: DomainTally,
  { slots, length }: Rows,
  verdicts: Int32Array,
  isFirst: boolean,
): void {
  const { domainOf, totals } = tally;
  for (let i = 0; i < length; i++) {
    const domain = domainOf[slots[i]!]!;
    if (domain === absent || (totals[domain] === 0 && !isFirst)) verdicts[i] = lacksAffinity;
  }
}

function refuseWith(
  tally: DomainTally,
  { slots, length }: Rows,
  verdicts: Int32Array,
  verdict: number,
): void {
  if (tally.sum === 0) return;
  const { domainOf } = tally;
  const totals = tally.totalsFor(length);
  for (let i = 0; i < length; i++) {
    const domain = domainOf[slots[i]!]!;
    if (domain === absent || verdicts[i] !== 0) continue;
    const count = totals === undefined ? tally.at(domain) : totals[domain]!;
    if (count > 0) verdicts[i] = verdict;
  }
}
