import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { LabelSelector, Labels, Pod, PodAffinityTerm } from '../../../src/cluster/pod.js';
import { compileLabelSelector } from '../../../src/kube/label-selector.js';
import { noAffinity, othersAnti, ownAnti } from './inter-pod-affinity-world.js';

/*
 * The rules of pod affinity, word for word and with no thought of speed: every pod of the cluster is looked at for every decision.
 */

export interface Placed {
  readonly pod: Pod;
  /** undefined: the node has no object. */
  readonly nodeLabels: Labels | undefined;
}

/** All pods with the labels of their nodes. */
export function placedIn({ nodes }: ClusterState): Placed[] {
  const all: { pod: Pod; nodeLabels: Labels | undefined }[] = [];
  nodes.forEachPod((slot, pod) => all.push({ pod, nodeLabels: nodes.nodeAt(slot)?.labels }));
  return all;
}

type Counts = Map<string, number>;

const selects = (selector: LabelSelector | undefined, labels: Labels): boolean => {
  const compiled = compileLabelSelector(selector);
  return compiled.ok && compiled.selector.matches(labels);
};

const required = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): readonly PodAffinityTerm[] =>
  pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity') =>
  pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

function listed({ namespaces = [], namespaceSelector }: PodAffinityTerm, owner: Pod): readonly string[] {
  return namespaces.length === 0 && namespaceSelector === undefined ? [owner.namespace] : namespaces;
}

export class Recount {
  readonly #cluster: ClusterState;
  readonly #pod: Pod;

  constructor(cluster: ClusterState, pod: Pod) {
    this.#cluster = cluster;
    this.#pod = pod;
  }

  filter(placed: readonly Placed[], nodeLabels: Labels): string {
    const pod = this.#pod;
    const near = required(pod, 'podAffinity');
    const apart = required(pod, 'podAntiAffinity');
    const [wanted, shunned, shunning] = [new Map(), new Map(), new Map()] as [Counts, Counts, Counts];
    for (const { pod: other, nodeLabels: where = {} } of placed) {
      for (const term of required(other, 'podAntiAffinity'))
        if (this.#meansPod(term, other)) count(shunning, term.topologyKey, where, 1);
      if (near.every((term) => this.#means(term, other)))
        for (const term of near) count(wanted, term.topologyKey, where, 1);
      for (const term of apart) if (this.#means(term, other)) count(shunned, term.topologyKey, where, 1);
    }
    if (near.some(({ topologyKey }) => nodeLabels[topologyKey] === undefined)) return noAffinity;
    if (!near.every(({ topologyKey }) => wanted.has(at(topologyKey, nodeLabels)))) {
      const mayBeFirst = wanted.size === 0 && near.every((term) => this.#means(term, pod));
      if (!mayBeFirst) return noAffinity;
    }
    if (apart.some(({ topologyKey }) => shunned.has(at(topologyKey, nodeLabels)))) return ownAnti;
    if (Object.keys(nodeLabels).some((key) => shunning.has(at(key, nodeLabels)))) return othersAnti;
    return 'fits';
  }

  /** Counts of all domains that anything is said of; a score is what they say of the labels of a node. */
  worth(placed: readonly Placed[], hardWeight: number): Counts {
    const worth: Counts = new Map();
    for (const { pod: other, nodeLabels: where = {} } of placed) {
      for (const [kind, sign] of [
        ['podAffinity', 1],
        ['podAntiAffinity', -1],
      ] as const) {
        for (const { weight, podAffinityTerm: term } of preferred(this.#pod, kind))
          if (this.#means(term, other)) count(worth, term.topologyKey, where, sign * weight);
        for (const { weight, podAffinityTerm: term } of preferred(other, kind))
          if (this.#meansPod(term, other)) count(worth, term.topologyKey, where, sign * weight);
      }
      if (hardWeight > 0)
        for (const term of required(other, 'podAffinity'))
          if (this.#meansPod(term, other)) count(worth, term.topologyKey, where, hardWeight);
    }
    return worth;
  }

  score(worth: Counts, nodeLabels: Labels): number {
    return Object.keys(nodeLabels).reduce((sum, key) => sum + (worth.get(at(key, nodeLabels)) ?? 0), 0);
  }

  /** A term of the pod at hand against another: namespaces are those whose objects match. */
  #means(term: PodAffinityTerm, other: Pod): boolean {
    const { namespaceSelector } = term;
    const isEmpty =
      namespaceSelector !== undefined &&
      Object.keys(namespaceSelector.matchLabels ?? {}).length === 0 &&
      (namespaceSelector.matchExpressions ?? []).length === 0;
    const known = this.#cluster.namespaces.get(other.namespace);
    const selected = known !== undefined && selects(namespaceSelector, known.labels);
    return (
      (listed(term, this.#pod).includes(other.namespace) || isEmpty || selected) &&
      selects(term.labelSelector, other.labels)
    );
  }

  /** A term of another against the pod at hand. */
  #meansPod(term: PodAffinityTerm, owner: Pod): boolean {
    const { namespace, labels } = this.#pod;
    const namespaceLabels = this.#cluster.namespaces.get(namespace)?.labels ?? {};
    return (
      (listed(term, owner).includes(namespace) || selects(term.namespaceSelector, namespaceLabels)) &&
      selects(term.labelSelector, labels)
    );
  }
}

function at(key: string, labels: Labels): string {
  return `${key}=${labels[key]}`;
}

function count(counts: Counts, key: string, labels: Labels, amount: number): void {
  if (labels[key] !== undefined) counts.set(at(key, labels), (counts.get(at(key, labels)) ?? 0) + amount);
}
