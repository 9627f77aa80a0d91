import type { CarriedTerm } from '../../cluster/affinity-terms.js';
import type { ClusterState } from '../../cluster/cluster-state.js';
import { absent, type LabelColumn } from '../../cluster/label-column.js';
import type { Rows } from '../../cluster/node-table.js';
import type { Labels, Pod } from '../../cluster/pod.js';
import type { AffinityTermKind } from '../../cluster/pod-affinity-terms.js';
import type { SparseCounts } from '../../cluster/sparse-counts.js';
import { areFew } from './domain-tally.js';
import type { CountedTerm, IncomingTerms } from './incoming-terms.js';

export interface ScoreStateOptions {
  readonly terms: IncomingTerms;
  readonly namespaceLabels: Labels;
  /** What one pod is worth whose required affinity means the pod at hand. */
  readonly hardPodAffinityWeight: number;
}

/** Pods by domain, each of whom makes a domain that much more welcome, or less; `source` is the term that means them, or that they carry. */
type WeighedPods = { readonly each: number; readonly source: CountedTerm | CarriedTerm } & (
  | { readonly totals: Int32Array }
  | { readonly sparse: SparseCounts }
);

/** How welcome one pod is in each topology domain: noted by PreScore. */
export class ScoreState {
  /** By column of a topology key. */
  readonly #weighed = new Map<LabelColumn, WeighedPods[]>();

  constructor(
    { nodes, podCounts, affinityTerms }: ClusterState,
    pod: Pod,
    { terms, namespaceLabels, hardPodAffinityWeight }: ScoreStateOptions,
  ) {
    for (const source of terms.preferred) {
      const { column, totals, sum } = podCounts.byDomain(source.selection, source.topologyKey);
      if (sum !== 0) this.#weigh(column, { each: source.weight, source, totals });
    }
    const addCarried = (kind: AffinityTermKind, factor: (weight: number) => number): void => {
      affinityTerms.forEachMatching(kind, pod, namespaceLabels, (source) => {
        const { term, byDomain: sparse } = source;
        if (sparse.sum === 0) return;
        this.#weigh(nodes.labelColumn(term.topologyKey), { each: factor(term.weight), source, sparse });
      });
    };
    if (hardPodAffinityWeight > 0) addCarried('requiredAffinity', () => hardPodAffinityWeight);
    addCarried('preferredAffinity', (weight) => weight);
    addCarried('preferredAntiAffinity', (weight) => -weight);
  }

  /** True when no pod of the cluster says anything for or against any domain; sums of 0 do not make it so. */
  get isIdle(): boolean {
    return this.#weighed.size === 0;
  }

  /** The columns of the topology keys that matter, each with what is counted by it. */
  *counted(): Generator<[column: LabelColumn, counted: readonly unknown[]]> {
    for (const [column, weighed] of this.#weighed)
      yield [column, ['worth', ...weighed.map(({ source }) => source)]];
  }

  /** How welcome the pod is in a domain. */
  worthOf(column: LabelColumn, domain: number): number {
    let sum = 0;
    for (const weighed of this.#weighed.get(column) ?? []) {
      const count = 'totals' in weighed ? (weighed.totals[domain] ?? 0) : weighed.sparse.at(domain);
      sum += weighed.each * count;
    }
    return sum;
  }

  addTo({ slots, length }: Rows, scores: Float64Array): void {
    for (const [column, weighed] of this.#weighed) {
      const { ids } = column;
      const worth = areFew(length, column) ? undefined : addUp(column, weighed);
      for (let i = 0; i < length; i++) {
        const domain = ids[slots[i]!]!;
        if (domain !== absent)
          scores[i]! += worth === undefined ? this.worthOf(column, domain) : worth[domain]!;
      }
    }
  }

  #weigh(column: LabelColumn, pods: WeighedPods): void {
    const known = this.#weighed.get(column);
    if (known === undefined) this.#weighed.set(column, [pods]);
    else known.push(pods);
  }
}

/** By domain. */
function addUp(column: LabelColumn, weighed: readonly WeighedPods[]): Float64Array {
  const worth = new Float64Array(column.valueCount);
  for (const pods of weighed) {
    const { each } = pods;
    if ('totals' in pods) {
      const { totals } = pods;
      for (let domain = 0; domain < totals.length; domain++) worth[domain]! += each * totals[domain]!;
    } else {
      const { ids, counts, length } = pods.sparse;
      for (let i = 0; i < length; i++) worth[ids[i]!]! += each * counts[i]!;
    }
  }
  return worth;
}
