import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { InterPodAffinity } from '../../../src/plugins/inter-pod-affinity.js';
import { makePod, type PodParts } from '../../build-objects.js';

/* Short ways to say who wants whom where. */

export interface Wishes {
  readonly near?: readonly object[] | undefined;
  readonly apart?: readonly object[] | undefined;
  /** Terms with `weight`. */
  readonly ratherNear?: readonly (readonly [weight: number, term: object])[] | undefined;
  readonly ratherApart?: readonly (readonly [weight: number, term: object])[] | undefined;
}

/** Pods whose label `app` is this, in one zone unless told otherwise. */
export function app(name: string, topologyKey = 'zone', more: object = {}): object {
  return { topologyKey, labelSelector: { matchLabels: { app: name } }, ...more };
}

export function podWith({ near, apart, ratherNear, ratherApart }: Wishes, parts: PodParts = {}): Pod {
  return makePod({
    ...parts,
    spec: {
      ...parts.spec,
      affinity: { podAffinity: group(near, ratherNear), podAntiAffinity: group(apart, ratherApart) },
    },
  });
}

function group(required: Wishes['near'], preferred: Wishes['ratherNear']): object | undefined {
  if (required === undefined && preferred === undefined) return undefined;
  return {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred?.map(([weight, podAffinityTerm]) => ({
      weight,
      podAffinityTerm,
    })),
  };
}

export function addNamespace(
  { namespaces }: ClusterState,
  name: string,
  labels: Readonly<Record<string, string>>,
): void {
  namespaces.set({ uid: `uid-of-${name}`, name, resourceVersion: '1', labels });
}

/** One cycle of the plugin: what PreFilter answers, and how rows are judged after it. */
export class Trial {
  readonly plugin: InterPodAffinity;
  readonly cycle: Cycle;
  readonly answer: ReturnType<InterPodAffinity['preFilter']>;

  constructor(cluster: ClusterState, pod: Pod, plugin = new InterPodAffinity(cluster)) {
    this.plugin = plugin;
    this.cycle = new Cycle(pod, cluster.nodes);
    this.answer = plugin.preFilter(this.cycle, pod);
  }

  /** The reason for refusing a row, or `fits`. */
  judge(slot: number): string {
    if (this.answer.kind === 'skip') return 'fits';
    const verdicts = new Int32Array(1);
    const rows = { slots: Int32Array.of(slot), length: 1 };
    this.plugin.filterRows(this.cycle, this.cycle.pod, rows, verdicts);
    if (verdicts[0] === 0) return 'fits';
    return this.plugin.verdictStatus(this.cycle, verdicts[0]!).reasons.join();
  }

  /** All nodes at once, by name. */
  judgeAll(): Record<string, string> {
    const { nodes, pod } = this.cycle;
    const rows = nodes.rows();
    const verdicts = new Int32Array(rows.length);
    if (this.answer.kind !== 'skip') this.plugin.filterRows(this.cycle, pod, rows, verdicts);
    return Object.fromEntries(
      Array.from(verdicts, (verdict, i) => [
        nodes.nameAt(rows.slots[i]!),
        verdict === 0 ? 'fits' : this.plugin.verdictStatus(this.cycle, verdict).reasons.join(),
      ]),
    );
  }

  /** Verdict on a node as it would be with pods added or taken away; everything is taken back, the last change first. */
  judgeHypothetical(
    name: string,
    changes: readonly { readonly pod: Pod; readonly added: boolean }[],
  ): string {
    const { nodes } = this.cycle;
    const row = nodes.borrowRow(nodes.slotOf(name)!);
    for (const { pod, added } of changes) this.#change(row, pod, added);
    const verdict = this.judge(row);
    for (const { pod, added } of changes.toReversed()) this.#change(row, pod, !added);
    nodes.returnRow(row);
    return verdict;
  }

  #change(row: number, pod: Pod, added: boolean): void {
    const { nodes } = this.cycle;
    if (added) nodes.addPodAt(row, pod);
    else nodes.removePodAt(row, pod);
    // A plugin that skipped PreFilter is told of nothing.
    if (this.answer.kind === 'skip') return;
    if (added) this.plugin.addPod(this.cycle, pod, row);
    else this.plugin.removePod(this.cycle, pod, row);
  }
}

export const noAffinity = "node(s) didn't match pod affinity rules";
export const ownAnti = "node(s) didn't match pod anti-affinity rules";
export const othersAnti = "node(s) didn't satisfy existing pods anti-affinity rules";
