import type { NodeEligibility } from '../../cluster/domain-counts.js';
import type { NodeTable, Rows } from '../../cluster/node-table.js';
import type { PodSpec, Toleration } from '../../cluster/pod.js';
import type { LabelRequirement } from '../../kube/label-requirement.js';
import { compileRequiredNodeAffinity } from '../../kube/node-selector.js';
import { keepWhereAll, markSelector } from '../node-selector-rows.js';
import { toleratesHardTaints } from '../toleration.js';

export interface InclusionPolicy {
  /** Labels that a node must have, with whatever value. */
  readonly keys: readonly string[];
  /** Leave out nodes that the pod's node selector and required node affinity exclude. */
  readonly honorAffinity: boolean;
  /** Leave out nodes with hard taints that the pod does not tolerate. */
  readonly honorTaints: boolean;
}

const noValues: ReadonlySet<string> = new Set();

/**
 * Nodes whose pods count for a spread constraint of pods with this spec; undefined when all do. Whether the pod may go to a node is
 * another question, which other plugins answer.
 */
export function nodeInclusion(
  spec: PodSpec,
  { keys, honorAffinity, honorTaints }: InclusionPolicy,
): NodeEligibility | undefined {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const { nodeSelector, affinity } = compileRequiredNodeAffinity(
    honorAffinity ? spec.nodeSelector : undefined,
    honorAffinity ? required : undefined,
  );
  const sortedKeys = [...new Set(keys)].sort();
  const requirements = [...nodeSelector.requirements, ...sortedKeys.map(presenceOf)];
  if (requirements.length === 0 && affinity === undefined && !honorTaints) return undefined;
  const tolerations = honorTaints ? spec.tolerations : undefined;
  return {
    key: JSON.stringify([
      sortedKeys,
      nodeSelector.requirements.map(({ key, values }) => [key, ...values]).sort(),
      affinity === undefined ? null : required,
      tolerations?.map(({ key, operator, value, effect }) => [key, operator, value, effect]) ?? null,
    ]),
    mark(nodes, rows, marks) {
      if (affinity === undefined) marks.fill(1, 0, rows.length);
      else markSelector(affinity, nodes, rows, marks);
      keepWhereAll(requirements, nodes, rows, marks);
      if (tolerations !== undefined) keepWhereTolerated(tolerations, nodes, rows, marks);
    },
  };
}

function presenceOf(key: string): LabelRequirement {
  return { key, operator: 'Exists', values: noValues };
}

/** Clears the marks of rows with an untolerated hard taint; each distinct set of taints is judged once. */
function keepWhereTolerated(
  tolerations: readonly Toleration[],
  { taintSet, taintSets }: NodeTable,
  { slots, length }: Rows,
  marks: Uint8Array,
): void {
  const known = new Map<number, boolean>();
  for (let i = 0; i < length; i++) {
    const id = taintSet[slots[i]!]!;
    let tolerated = known.get(id);
    if (tolerated === undefined) {
      tolerated = toleratesHardTaints(taintSets.value(id), tolerations);
      known.set(id, tolerated);
    }
    if (!tolerated) marks[i] = 0;
  }
}
