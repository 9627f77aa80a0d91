import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { PodTopologySpreadArgs } from '../../../src/config/plugin-args.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type { PreFilterResult } from '../../../src/framework/plugin.js';
import type { Status } from '../../../src/framework/status.js';
import { createPodTopologySpread, type PodTopologySpread } from '../../../src/plugins/pod-topology-spread.js';
import { makeNode, makePod, type NodeParts, type PodParts } from '../../build-objects.js';

/* What tests of PodTopologySpread share: pods with constraints, and the plugin run as a cycle runs it. */

export const zone = 'topology.kubernetes.io/zone';
export const hostname = 'kubernetes.io/hostname';

export const missingLabel = {
  code: 'UnschedulableAndUnresolvable',
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
};
export const tooSkewed = {
  code: 'Unschedulable',
  reasons: ["node(s) didn't match pod topology spread constraints"],
};

type Raw = Readonly<Record<string, unknown>>;

/** One constraint as the API has it: hard, maxSkew 1, by zone, for pods labelled app=web, unless told otherwise. */
export function constraint(parts: Raw = {}): Raw {
  return {
    maxSkew: 1,
    topologyKey: zone,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'web' } },
    ...parts,
  };
}

/** As `constraint`, soft. */
export function preference(parts: Raw = {}): Raw {
  return constraint({ whenUnsatisfiable: 'ScheduleAnyway', ...parts });
}

/** A pod labelled app=web with these constraints. */
export function spreadPod(constraints: readonly Raw[], parts: PodParts = {}): Pod {
  return makePod({
    labels: { app: 'web' },
    ...parts,
    spec: { topologySpreadConstraints: constraints, ...parts.spec },
  });
}

/** Pods labelled app=web on a node. */
export function webPods(count: number, nodeName: string, parts: PodParts = {}): Pod[] {
  return Array.from({ length: count }, () => makePod({ labels: { app: 'web' }, ...parts, nodeName }));
}

/** A node in a zone; its hostname label is its name. */
export function nodeIn(zoneName: string, name: string, { labels, ...parts }: NodeParts = {}): Node {
  return makeNode({ name, labels: { [zone]: zoneName, ...labels }, ...parts });
}

export const terminating = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };

export function pluginFor(cluster: ClusterState, args?: PodTopologySpreadArgs): PodTopologySpread {
  return createPodTopologySpread(args, { cluster, profile: 'test' });
}

/** One pod's cycle over all nodes of a cluster, or over some of them. */
export class SpreadCycle {
  readonly cycle: Cycle;
  readonly plugin: PodTopologySpread;
  readonly started: PreFilterResult;
  readonly #cluster: ClusterState;

  constructor(cluster: ClusterState, pod: Pod, plugin = pluginFor(cluster)) {
    this.#cluster = cluster;
    this.cycle = new Cycle(pod, cluster.nodes);
    this.plugin = plugin;
    this.started = this.plugin.preFilter(this.cycle, pod);
  }

  /** By node name; undefined where the node fits. */
  verdicts(): Record<string, Status | undefined> {
    const { slots } = this.#cluster.nodes.rows();
    return Object.fromEntries(
      [...slots].map((slot) => [this.#cluster.nodes.nameAt(slot), this.verdictOn(slot)]),
    );
  }

  /** Sorted. */
  fitting(): string[] {
    return Object.entries(this.verdicts())
      .flatMap(([name, status]) => (status === undefined ? [name] : []))
      .sort();
  }

  verdictOn(slot: number): Status | undefined {
    if (this.started.kind === 'skip') return undefined;
    const verdicts = new Int32Array(1);
    this.plugin.filterRows(this.cycle, this.cycle.pod, { slots: Int32Array.of(slot), length: 1 }, verdicts);
    return verdicts[0] === 0 ? undefined : this.plugin.verdictStatus(this.cycle, verdicts[0]!);
  }

  /** Scores of the nodes that fit (default: all) as given, normalised and exact; `'skip'` when the plugin has no say. */
  scores(feasible?: readonly string[]) {
    const { nodes } = this.#cluster;
    const names = feasible ?? Array.from(nodes.rows().slots, (slot) => nodes.nameAt(slot));
    const rows = { slots: Int32Array.from(names, (name) => nodes.slotOf(name)!), length: names.length };
    const { pod } = this.cycle;
    const answer = this.plugin.preScore(this.cycle, pod, rows);
    if (answer === 'skip') return 'skip';
    if (answer !== undefined) throw new Error(answer.reasons.join());
    const raw = new Float64Array(names.length);
    this.plugin.scoreRows(this.cycle, pod, rows, raw);
    const normalized = raw.slice();
    this.plugin.normalizeScores(this.cycle, pod, normalized, names.length);
    const exact = new Float64Array(names.length);
    this.plugin.exactScoreRows(this.cycle, pod, rows, exact);
    const byName = (values: Float64Array) => Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    return { raw: byName(raw), normalized: byName(normalized), exact: byName(exact) };
  }

  /** Looks at a node as it would be with some pods more or less, and takes everything back. */
  hypothetically<T>(
    node: string,
    { added = [], removed = [] }: { readonly added?: readonly Pod[]; readonly removed?: readonly Pod[] },
    look: (row: number) => T,
  ): T {
    const { nodes } = this.#cluster;
    const row = nodes.borrowRow(nodes.slotOf(node)!);
    const put = (pod: Pod) => {
      nodes.addPodAt(row, pod);
      this.plugin.addPod(this.cycle, pod, row);
    };
    const take = (pod: Pod) => {
      nodes.removePodAt(row, pod);
      this.plugin.removePod(this.cycle, pod, row);
    };
    for (const pod of removed) take(pod);
    for (const pod of added) put(pod);
    try {
      return look(row);
    } finally {
      for (const pod of added.toReversed()) take(pod);
      for (const pod of removed.toReversed()) put(pod);
      nodes.returnRow(row);
    }
  }
}
