import { Action } from '../cluster/action.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { Rows } from '../cluster/node-table.js';
import type { Labels, Pod } from '../cluster/pod.js';
import { affinityTermsOf } from '../cluster/pod-affinity-terms.js';
import type { InterPodAffinityArgs } from '../config/plugin-args.js';
import { type Cycle, StateKey } from '../framework/cycle.js';
import type {
  NormalizePlugin,
  PreFilterPlugin,
  PreFilterResult,
  PreScorePlugin,
  RowFilterPlugin,
  RowScorePlugin,
  RowTrait,
} from '../framework/plugin.js';
import type { PluginHandle } from '../framework/registry.js';
import { failure, type Status, unresolvable, unschedulable } from '../framework/status.js';
import { affinityTraits } from './inter-pod-affinity/affinity-traits.js';
import { FilterState, isShunned, lacksAffinity, meetsShunned } from './inter-pod-affinity/filter-state.js';
import { nodeHint, podHint } from './inter-pod-affinity/hints.js';
import { IncomingTermsResolver } from './inter-pod-affinity/incoming-terms.js';
import { ScoreState } from './inter-pod-affinity/score-state.js';

export const interPodAffinity = 'InterPodAffinity';

const defaultArgs: InterPodAffinityArgs = {
  hardPodAffinityWeight: 1,
  ignorePreferredTermsOfExistingPods: false,
};

const refusals: Readonly<Record<number, Status>> = {
  [lacksAffinity]: unresolvable("node(s) didn't match pod affinity rules"),
  [meetsShunned]: unschedulable("node(s) didn't match pod anti-affinity rules"),
  [isShunned]: unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"),
};

const filterState = new StateKey<FilterState>('PreFilterInterPodAffinity');
const scoreState = new StateKey<ScoreState>('PreScoreInterPodAffinity');
const noLabels: Labels = {};
const highestScore = 100;
/* Looked up once: it is called for every node. */
const { trunc } = Math;

export function createInterPodAffinity(args: unknown, { cluster }: PluginHandle): InterPodAffinity {
  return new InterPodAffinity(cluster, args as InterPodAffinityArgs | undefined);
}

/**
 * Keeps pods to the neighbours that they demand and off those that they or their neighbours refuse, and prefers the
 * neighbourhoods that both wish for. Whom a pod has for neighbours is known from counts that are kept as pods come and go.
 */
export class InterPodAffinity
  implements PreFilterPlugin, RowFilterPlugin, PreScorePlugin, RowScorePlugin, NormalizePlugin
{
  readonly name = interPodAffinity;
  readonly events = [
    {
      resource: 'AssignedPod' as const,
      action: Action.Add | Action.UpdatePodLabel | Action.Delete,
      hint: podHint,
      perTemplate: true,
    },
    { resource: 'TargetPod' as const, action: Action.UpdatePodLabel },
    {
      resource: 'Node' as const,
      action: Action.Add | Action.UpdateNodeLabel,
      hint: nodeHint,
      perTemplate: true,
    },
  ];
  readonly #cluster: ClusterState;
  readonly #args: InterPodAffinityArgs;
  readonly #resolver: IncomingTermsResolver;

  constructor(cluster: ClusterState, args: InterPodAffinityArgs = defaultArgs) {
    this.#cluster = cluster;
    this.#args = args;
    this.#resolver = new IncomingTermsResolver(cluster.namespaces);
  }

  preFilter(cycle: Cycle, pod: Pod): PreFilterResult {
    const { error } = affinityTermsOf(pod);
    if (error !== undefined) return { kind: 'rejected', status: unresolvable(`parsing pod: ${error}`) };
    return this.#noteFilter(cycle, pod).isIdle ? { kind: 'skip' } : { kind: 'proceed' };
  }

  addPod(cycle: Cycle, added: Pod, slot: number): void {
    cycle.read(filterState).change(added, slot, 1);
  }

  removePod(cycle: Cycle, removed: Pod, slot: number): void {
    cycle.read(filterState).change(removed, slot, -1);
  }

  /** Prepares itself where a profile leaves PreFilter out. */
  filterRows(cycle: Cycle, pod: Pod, rows: Rows, verdicts: Int32Array): undefined {
    (cycle.find(filterState) ?? this.#noteFilter(cycle, pod)).judge(rows, verdicts);
  }

  verdictStatus(_cycle: unknown, verdict: number): Status {
    return refusals[verdict]!;
  }

  traits(cycle: Cycle, pod: Pod): readonly RowTrait[] | undefined {
    if (affinityTermsOf(pod).error !== undefined) return undefined;
    const filter = cycle.find(filterState) ?? this.#noteFilter(cycle, pod);
    const score = this.#caresToScore(pod) ? this.#noteScore(cycle, pod) : undefined;
    return affinityTraits(cycle.nodes, filter, score);
  }

  preScore(cycle: Cycle, pod: Pod): 'skip' | Status | undefined {
    const { error } = affinityTermsOf(pod);
    if (error !== undefined) return failure(`parsing pod: ${error}`);
    if (!this.#caresToScore(pod)) return 'skip';
    return (cycle.find(scoreState) ?? this.#noteScore(cycle, pod)).isIdle ? 'skip' : undefined;
  }

  scoreRows(cycle: Cycle, pod: Pod, rows: Rows, scores: Float64Array): undefined {
    (cycle.find(scoreState) ?? this.#noteScore(cycle, pod)).addTo(rows, scores);
  }

  /** The span between the lowest and the highest score becomes 0 to 100; divided first and multiplied then, as kube-scheduler does. */
  normalizeScores(_cycle: unknown, _pod: Pod, scores: Float64Array, length: number): void {
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < length; i++) {
      const score = scores[i]!;
      if (score < lowest) lowest = score;
      if (score > highest) highest = score;
    }
    const span = highest - lowest;
    for (let i = 0; i < length; i++)
      scores[i] = span > 0 ? trunc(highestScore * ((scores[i]! - lowest) / span)) : 0;
  }

  #caresToScore(pod: Pod): boolean {
    const { preferredAffinity, preferredAntiAffinity } = affinityTermsOf(pod);
    const prefersNothing = preferredAffinity.length === 0 && preferredAntiAffinity.length === 0;
    return !(this.#args.ignorePreferredTermsOfExistingPods && prefersNothing);
  }

  #noteFilter(cycle: Cycle, pod: Pod): FilterState {
    const state = new FilterState(this.#cluster, pod, {
      terms: this.#resolver.resolve(affinityTermsOf(pod)),
      namespaceLabels: this.#labelsAround(pod),
    });
    cycle.write(filterState, state);
    return state;
  }

  #noteScore(cycle: Cycle, pod: Pod): ScoreState {
    const state = new ScoreState(this.#cluster, pod, {
      terms: this.#resolver.resolve(affinityTermsOf(pod)),
      namespaceLabels: this.#labelsAround(pod),
      hardPodAffinityWeight: this.#args.hardPodAffinityWeight,
    });
    cycle.write(scoreState, state);
    return state;
  }

  /** Labels of the pod's namespace; none while the namespace is not known. */
  #labelsAround({ namespace }: Pod): Labels {
    return this.#cluster.namespaces.get(namespace)?.labels ?? noLabels;
  }
}
