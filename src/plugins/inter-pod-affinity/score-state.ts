import type { ClusterState } from '../../cluster/cluster-state.js';
import { absent, type LabelColumn } from '../../cluster/label-column.js';
import type { Rows } from '../../cluster/node-table.js';
import type { Labels, Pod } from '../../cluster/pod.js';
import type { AffinityTermKind } from '../../cluster/pod-affinity-terms.js';
import type { IncomingTerms } from './incoming-terms.js';

export interface ScoreStateOptions {
  readonly terms: IncomingTerms;
  readonly namespaceLabels: Labels;
  /** What one pod is worth whose required affinity means the pod at hand. */
  readonly hardPodAffinityWeight: number;
}

/** How welcome one pod is in each topology domain: noted by PreScore. */
export class ScoreState {
  /** By column of a topology key, then by domain. */
  readonly #worth = new Map<LabelColumn, Float64Array>();

  constructor(
    { nodes, podCounts, affinityTerms }: ClusterState,
    pod: Pod,
    { terms, namespaceLabels, hardPodAffinityWeight }: ScoreStateOptions,
  ) {
    for (const { selection, topologyKey, weight } of terms.preferred) {
      const { column, totals, sum } = podCounts.byDomain(selection, topologyKey);
      if (sum === 0) continue;
      const worth = this.#worthBy(column);
      for (let domain = 0; domain < totals.length; domain++) worth[domain]! += weight * totals[domain]!;
    }
    const addCarried = (kind: AffinityTermKind, factor: (weight: number) => number): void => {
      affinityTerms.forEachMatching(kind, pod, namespaceLabels, ({ term, byDomain }) => {
        if (byDomain.sum === 0) return;
        const { ids, counts, length } = byDomain;
        const worth = this.#worthBy(nodes.labelColumn(term.topologyKey));
        const each = factor(term.weight);
        for (let i = 0; i < length; i++) worth[ids[i]!]! += each * counts[i]!;
      });
    };
    if (hardPodAffinityWeight > 0) addCarried('requiredAffinity', () => hardPodAffinityWeight);
    addCarried('preferredAffinity', (weight) => weight);
    addCarried('preferredAntiAffinity', (weight) => -weight);
  }

  /** True when no pod of the cluster says anything for or against any domain; sums of 0 do not make it so. */
  get isIdle(): boolean {
    return this.#worth.size === 0;
  }

  addTo({ slots, length }: Rows, scores: Float64Array): void {
    for (const [{ ids }, worth] of this.#worth) {
      for (let i = 0; i < length; i++) {
        const domain = ids[slots[i]!]!;
        if (domain !== absent) scores[i]! += worth[domain]!;
      }
    }
  }

  #worthBy(column: LabelColumn): Float64Array {
    let worth = this.#worth.get(column);
    if (worth === undefined) {
      worth = new Float64Array(column.valueCount);
      this.#worth.set(column, worth);
    }
    return worth;
  }
}
