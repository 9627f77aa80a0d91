import { Action } from '../cluster/action.js';
import type { Node } from '../cluster/node.js';
import type { Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import type { PodCounts } from '../cluster/pod-counts.js';
import type { PodTopologySpreadArgs } from '../config/plugin-args.js';
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
import { ConstraintsOfPods } from './pod-topology-spread/constraints-of-pod.js';
import { missingLabel, SkewJudge } from './pod-topology-spread/skew-judge.js';
import type { SpreadConstraint } from './pod-topology-spread/spread-constraint.js';
import { assignedPodHint, nodeHint, ownUpdateHint } from './pod-topology-spread/spread-hints.js';
import { SpreadScoring } from './pod-topology-spread/spread-scoring.js';
import { hardTrait, softTrait } from './pod-topology-spread/spread-traits.js';

export const podTopologySpread = 'PodTopologySpread';

const labelRefusal = unresolvable(
  "node(s) didn't match pod topology spread constraints (missing required label)",
);
const skewRefusal = unschedulable("node(s) didn't match pod topology spread constraints");

const judgesKey = new StateKey<readonly SkewJudge[]>(`${podTopologySpread}/hard`);
const scoringKey = new StateKey<SpreadScoring>(`${podTopologySpread}/soft`);

/** Keeps the pods of an application evenly spread over zones, hosts or whatever a node label tells apart. */
export class PodTopologySpread
  implements PreFilterPlugin, RowFilterPlugin, PreScorePlugin, RowScorePlugin, NormalizePlugin
{
  readonly name = podTopologySpread;
  readonly events = [
    {
      resource: 'AssignedPod' as const,
      action: Action.Add | Action.Delete | Action.UpdatePodLabel,
      hint: (pod: Pod, old: Pod | undefined, now: Pod | undefined) =>
        assignedPodHint(this.#hard(pod), pod, old, now),
      perTemplate: true,
    },
    {
      resource: 'TargetPod' as const,
      action: Action.UpdatePodLabel | Action.UpdatePodToleration,
      hint: (pod: Pod, old: Pod | undefined, now: Pod | undefined) =>
        ownUpdateHint(this.#hard(pod), old, now),
    },
    {
      resource: 'Node' as const,
      action: Action.Add | Action.Delete | Action.UpdateNodeLabel | Action.UpdateNodeTaint,
      hint: (pod: Pod, old: Node | undefined, now: Node | undefined) => nodeHint(this.#hard(pod), old, now),
      perTemplate: true,
    },
  ];
  readonly #constraints: ConstraintsOfPods;
  readonly #podCounts: PodCounts;

  constructor(args: PodTopologySpreadArgs | undefined, { cluster }: Pick<PluginHandle, 'cluster'>) {
    this.#constraints = new ConstraintsOfPods(args, cluster);
    this.#podCounts = cluster.podCounts;
  }

  preFilter(cycle: Cycle, pod: Pod): PreFilterResult {
    const compiled = this.#constraints.of(pod, 'DoNotSchedule');
    if (!compiled.ok) return { kind: 'rejected', status: failure(compiled.error) };
    if (compiled.constraints.length === 0) return { kind: 'skip' };
    this.#noteJudges(cycle, pod, compiled.constraints);
    return { kind: 'proceed' };
  }

  addPod(cycle: Cycle, added: Pod, slot: number): void {
    change(cycle, added, slot, 1);
  }

  removePod(cycle: Cycle, removed: Pod, slot: number): void {
    change(cycle, removed, slot, -1);
  }

  filterRows(cycle: Cycle, pod: Pod, rows: Rows, verdicts: Int32Array): undefined {
    const judges = cycle.find(judgesKey) ?? this.#noteJudges(cycle, pod, this.#hard(pod));
    for (const judge of judges) judge.judge(rows, verdicts);
  }

  verdictStatus(_cycle: Cycle, verdict: number): Status {
    return verdict === missingLabel ? labelRefusal : skewRefusal;
  }

  /** None where nodes without a key are left out of the score: how many they are would have to be known. */
  traits({ nodes }: Cycle, pod: Pod): readonly RowTrait[] | undefined {
    const hard = this.#constraints.of(pod, 'DoNotSchedule');
    const soft = this.#constraints.of(pod, 'ScheduleAnyway');
    if (!hard.ok || !soft.ok) return undefined;
    const leavesOut =
      this.#constraints.scoreNeedsAllKeys(pod) &&
      !soft.constraints.every(({ topologyKey }) => nodes.everyNodeHas(topologyKey));
    if (leavesOut) return undefined;
    const counts = this.#podCounts;
    return [
      ...hard.constraints.map((constraint) => hardTrait(nodes, constraint, counts)),
      ...soft.constraints.map((constraint) => softTrait(nodes, constraint, counts)),
    ];
  }

  preScore(cycle: Cycle, pod: Pod, rows: Rows): 'skip' | Status | undefined {
    const compiled = this.#constraints.of(pod, 'ScheduleAnyway');
    if (!compiled.ok) return failure(compiled.error);
    const { constraints } = compiled;
    if (constraints.length === 0 || cycle.nodes.nodeCount === 0) return 'skip';
    const requireAllKeys = this.#constraints.scoreNeedsAllKeys(pod);
    const soft = { constraints, podCounts: this.#podCounts, requireAllKeys };
    cycle.write(scoringKey, new SpreadScoring(cycle.nodes, rows, soft));
    return undefined;
  }

  scoreRows(cycle: Cycle, _pod: Pod, rows: Rows, scores: Float64Array): undefined {
    cycle.find(scoringKey)?.score(cycle.nodes, rows, scores);
  }

  exactScoreRows(cycle: Cycle, _pod: Pod, rows: Rows, scores: Float64Array): void {
    cycle.find(scoringKey)?.exact(cycle.nodes, rows, scores);
  }

  normalizeScores(cycle: Cycle, _pod: Pod, scores: Float64Array, length: number): void {
    cycle.find(scoringKey)?.normalize(scores, length);
  }

  /** Throws on a selector that cannot be compiled: a hint that throws brings the pod back. */
  #hard(pod: Pod): readonly SpreadConstraint[] {
    const compiled = this.#constraints.of(pod, 'DoNotSchedule');
    if (!compiled.ok) throw new Error(compiled.error);
    return compiled.constraints;
  }

  #noteJudges(cycle: Cycle, pod: Pod, constraints: readonly SpreadConstraint[]): readonly SkewJudge[] {
    const judges = constraints.map((constraint) => {
      const { counted, topologyKey, inclusion } = constraint;
      const counts = this.#podCounts.byDomain(counted, topologyKey, inclusion);
      return new SkewJudge(constraint, counts, pod.labels);
    });
    cycle.write(judgesKey, judges);
    return judges;
  }
}

export function createPodTopologySpread(args: unknown, handle: PluginHandle): PodTopologySpread {
  return new PodTopologySpread(args as PodTopologySpreadArgs | undefined, handle);
}

/** Counts know the nodes as they are: what a borrowed row has more or less belongs to the node that it is borrowed from. */
function change(cycle: Cycle, other: Pod, slot: number, delta: 1 | -1): void {
  if (other.namespace !== cycle.pod.namespace) return;
  const { nodes } = cycle;
  const node = nodes.slotOf(nodes.nameAt(slot));
  if (node === undefined) return;
  for (const judge of cycle.find(judgesKey) ?? []) judge.change(other.labels, node, delta);
}
