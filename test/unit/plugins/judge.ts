import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type {
  NormalizePlugin,
  PreScorePlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../../../src/framework/plugin.js';
import type { Status } from '../../../src/framework/status.js';

/** What a filter says of every node, by name; undefined where the node passes. */
export function verdictsOf(
  plugin: RowFilterPlugin,
  pod: Pod,
  { nodes }: ClusterState,
): Record<string, Status | undefined> {
  const cycle = new Cycle(pod, nodes);
  const rows = nodes.rows();
  const verdicts = new Int32Array(rows.length);
  const answer = plugin.filterRows(cycle, pod, rows, verdicts);
  if (answer === 'none' && verdicts.some((verdict) => verdict !== 0))
    throw new Error(`${plugin.name} says that it refuses no node, and does`);
  return byNode(
    [...verdicts].map((verdict) => (verdict === 0 ? undefined : plugin.verdictStatus(cycle, verdict))),
    nodes,
  );
}

/** Names of the nodes that pass, sorted. */
export function passing(plugin: RowFilterPlugin, pod: Pod, cluster: ClusterState): string[] {
  return Object.entries(verdictsOf(plugin, pod, cluster))
    .flatMap(([name, status]) => (status === undefined ? [name] : []))
    .sort();
}

/** Scores of every node, by name: as given, or normalised. */
export function scoresOf(
  plugin: RowScorePlugin & Partial<NormalizePlugin> & Partial<PreScorePlugin>,
  pod: Pod,
  { nodes }: ClusterState,
  { form = 'raw' }: { readonly form?: 'raw' | 'normalized' | 'exact' } = {},
): Record<string, number> | 'skip' {
  const cycle = new Cycle(pod, nodes);
  const rows = nodes.rows();
  const scores = new Float64Array(rows.length);
  if (plugin.preScore?.(cycle, pod, rows) === 'skip') return 'skip';
  if (form === 'exact') plugin.exactScoreRows!(cycle, pod, rows, scores);
  else if (plugin.scoreRows(cycle, pod, rows, scores) === 'constant') scores.fill(scores[0]!);
  if (form === 'normalized') plugin.normalizeScores?.(cycle, pod, scores, rows.length);
  return byNode([...scores], nodes);
}

function byNode<T>(values: readonly T[], nodes: ClusterState['nodes']): Record<string, T> {
  const { slots } = nodes.rows();
  return Object.fromEntries(values.map((value, i) => [nodes.nameAt(slots[i]!), value]));
}
