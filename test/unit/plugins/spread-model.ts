import type { Node } from '../../../src/cluster/node.js';
import type { LabelSelector, Labels, Pod, TopologySpreadConstraint } from '../../../src/cluster/pod.js';
import { hostname } from './spread-cluster.js';

/*
 * Spread constraints as they are documented, judged the slow way: every count is made anew from all pods. It knows the selectors,
 * node selectors and tolerations (by key alone) that the tests of random histories make.
 */

export interface World {
  readonly nodes: readonly Node[];
  /** Pods on nodes; the node may not exist. */
  readonly pods: readonly Pod[];
}

/** Pods that a node hypothetically has more or less. */
export interface Difference {
  readonly node: string;
  readonly added: readonly Pod[];
  readonly removed: readonly Pod[];
}

type Action = 'DoNotSchedule' | 'ScheduleAnyway';
type Constraint = TopologySpreadConstraint;

/** 0: fits, 1: lacks a label, 2: skew. */
export function modelVerdict(
  world: World,
  pod: Pod,
  node: Node,
  differences: readonly Difference[] = [],
): 0 | 1 | 2 {
  const constraints = ofAction(pod, 'DoNotSchedule');
  for (const constraint of constraints) {
    const value = node.labels[constraint.topologyKey];
    if (value === undefined) return 1;
    const totals = new Map<string, number>();
    for (const other of world.nodes) {
      if (!isCounted(constraint, constraints, pod, other)) continue;
      const domain = other.labels[constraint.topologyKey]!;
      const here = differences.filter(({ node: changed }) => changed === other.name);
      const changed = here.reduce((sum, difference) => sum + changeOf(constraint, pod, difference), 0);
      totals.set(domain, (totals.get(domain) ?? 0) + countOn(world, constraint, pod, other) + changed);
    }
    const enough = totals.size >= (constraint.minDomains ?? 1) && totals.size > 0;
    const least = enough ? Math.min(...totals.values()) : 0;
    const self = selects(constraint, pod, pod.labels) ? 1 : 0;
    if ((totals.get(value) ?? 0) + self - least > constraint.maxSkew) return 2;
  }
  return 0;
}

/** Scores before and after normalisation, in the order of the nodes that fit. Ignored nodes have 0. */
export function modelScores(world: World, pod: Pod, fitting: readonly Node[]) {
  const constraints = ofAction(pod, 'ScheduleAnyway');
  const hasAll = (node: Node) =>
    constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
  const scored = fitting.filter(hasAll);
  const rawOf = (node: Node) => {
    let sum = 0;
    for (const constraint of constraints) {
      const { topologyKey, maxSkew } = constraint;
      const value = node.labels[topologyKey];
      const domains = new Set(scored.map((other) => other.labels[topologyKey]));
      const size = topologyKey === hostname ? scored.length : domains.size;
      const counted =
        topologyKey === hostname
          ? [node]
          : world.nodes.filter(
              (other) =>
                other.labels[topologyKey] === value && isCounted(constraint, constraints, pod, other),
            );
      const count = counted.reduce((total, other) => total + countOn(world, constraint, pod, other), 0);
      sum += count * Math.log(size + 2) + (maxSkew - 1);
    }
    return Math.round(sum);
  };
  const raw = fitting.map((node) => (hasAll(node) ? rawOf(node) : 0));
  const kept = raw.filter((_, i) => hasAll(fitting[i]!));
  const [lowest, highest] = [Math.min(...kept), Math.max(...kept)];
  const normalized = raw.map((score, i) => {
    if (!hasAll(fitting[i]!)) return 0;
    return highest === 0 ? 100 : Math.floor((100 * (highest + lowest - score)) / highest);
  });
  return { raw, normalized };
}

function ofAction({ spec }: Pod, action: Action): Constraint[] {
  return spec.topologySpreadConstraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action);
}

function isCounted(constraint: Constraint, all: readonly Constraint[], { spec }: Pod, node: Node): boolean {
  if (all.some(({ topologyKey }) => node.labels[topologyKey] === undefined)) return false;
  const admitted = Object.entries(spec.nodeSelector ?? {}).every(
    ([key, value]) => node.labels[key] === value,
  );
  if ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !admitted) return false;
  const refusing = node.taints.some(
    ({ key, effect }) =>
      effect !== 'PreferNoSchedule' && !spec.tolerations.some((toleration) => toleration.key === key),
  );
  return constraint.nodeTaintsPolicy !== 'Honor' || !refusing;
}

function countOn({ pods }: World, constraint: Constraint, pod: Pod, { name }: Node): number {
  if (isEverything(constraint, pod)) return 0;
  return pods.filter(
    (other) =>
      other.nodeName === name &&
      other.namespace === pod.namespace &&
      !other.terminating &&
      selects(constraint, pod, other.labels),
  ).length;
}

function changeOf(constraint: Constraint, pod: Pod, { added, removed }: Difference): number {
  const matching = (pods: readonly Pod[]) =>
    pods.filter(({ namespace, labels }) => namespace === pod.namespace && selects(constraint, pod, labels))
      .length;
  return matching(added) - matching(removed);
}

function isEverything({ labelSelector, matchLabelKeys = [] }: Constraint, { labels }: Pod): boolean {
  if (labelSelector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = labelSelector;
  const narrowed = matchLabelKeys.some((key) => labels[key] !== undefined);
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0 && !narrowed;
}

function selects({ labelSelector, matchLabelKeys = [] }: Constraint, pod: Pod, labels: Labels): boolean {
  if (labelSelector === undefined) return false;
  const keyed = matchLabelKeys.filter((key) => pod.labels[key] !== undefined);
  return keyed.every((key) => labels[key] === pod.labels[key]) && accepts(labelSelector, labels);
}

function accepts({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return (operator === 'Exists') === (value !== undefined);
    })
  );
}
