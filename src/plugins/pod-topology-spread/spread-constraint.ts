import type { NodeEligibility } from '../../cluster/domain-counts.js';
import type { Labels, Pod, PodSpec, TopologySpreadConstraint } from '../../cluster/pod.js';
import { type PodSelection, selectionKey } from '../../cluster/pod-counts.js';
import { equalityRequirement, labelValue } from '../../kube/label-requirement.js';
import {
  type CompiledLabelSelector,
  compileLabelSelector,
  type LabelMatcher,
  matchNothing,
} from '../../kube/label-selector.js';
import { canonicalSelector } from './canonical-selector.js';
import { nodeInclusion } from './node-inclusion.js';

/** Its domains are single nodes: pods are counted on the node itself. */
export const hostnameKey = 'kubernetes.io/hostname';

/** `DoNotSchedule` constraints filter, `ScheduleAnyway` ones score. */
export type SpreadAction = 'DoNotSchedule' | 'ScheduleAnyway';

/** A constraint as written, but for its selector. */
export type SpreadRule = Pick<TopologySpreadConstraint, 'maxSkew' | 'topologyKey' | 'whenUnsatisfiable'> & {
  readonly minDomains?: number | undefined;
  readonly nodeAffinityPolicy?: string | undefined;
  readonly nodeTaintsPolicy?: string | undefined;
};

/** A constraint, ready to be counted and judged. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly honorsTaints: boolean;
  /** What pods it is about: what the pod itself is measured by, and pods that come and go hypothetically. */
  readonly selector: LabelMatcher;
  /** Which of the pods in the cluster count: other than the selector says, none if it is empty, and none that terminates. */
  readonly counted: PodSelection;
  /** Nodes whose pods count; undefined: all that have the topology key. */
  readonly inclusion: NodeEligibility | undefined;
}

export type CompiledConstraints =
  | { readonly ok: true; readonly constraints: readonly SpreadConstraint[] }
  | { readonly ok: false; readonly error: string };

export const noConstraints: CompiledConstraints = { ok: true, constraints: [] };

export interface RulesOfPod {
  readonly spec: PodSpec;
  readonly namespace: string;
  /** All of one action, in the order written. */
  readonly rules: readonly { readonly rule: SpreadRule; readonly selector: LabelMatcher }[];
  /** Count only nodes that have the topology keys of all the rules. */
  readonly requireAllKeys: boolean;
}

const nothingClauses = [{ namespaces: 'all', selector: matchNothing }] as const;
const countsNothing: PodSelection = {
  key: selectionKey(nothingClauses, { withoutTerminating: true }),
  clauses: nothingClauses,
  withoutTerminating: true,
};

export function compileRules({ spec, namespace, rules, requireAllKeys }: RulesOfPod): SpreadConstraint[] {
  const keys = requireAllKeys ? rules.map(({ rule }) => rule.topologyKey) : [];
  return rules.map(({ rule, selector }) => ({
    topologyKey: rule.topologyKey,
    maxSkew: rule.maxSkew,
    minDomains: rule.minDomains ?? 1,
    honorsTaints: rule.nodeTaintsPolicy === 'Honor',
    selector,
    counted: countedPods(namespace, selector),
    inclusion: nodeInclusion(spec, {
      // Nodes without the constraint's own key are in none of its domains anyway.
      keys: keys.filter((key) => key !== rule.topologyKey),
      honorAffinity: (rule.nodeAffinityPolicy ?? 'Honor') === 'Honor',
      honorTaints: rule.nodeTaintsPolicy === 'Honor',
    }),
  }));
}

/** The constraints of one action that a pod brings along. An invalid selector is an error of all of them. */
export function compileOwn({ spec, namespace, labels }: Pod, action: SpreadAction): CompiledConstraints {
  const rules: { rule: SpreadRule; selector: LabelMatcher }[] = [];
  for (const [i, rule] of spec.topologySpreadConstraints.entries()) {
    if (rule.whenUnsatisfiable !== action) continue;
    const compiled = selectorOfOwn(rule, labels);
    if (!compiled.ok) {
      return { ok: false, error: `spec.topologySpreadConstraints[${i}].labelSelector: ${compiled.error}` };
    }
    rules.push({ rule, selector: compiled.selector });
  }
  return { ok: true, constraints: compileRules({ spec, namespace, rules, requireAllKeys: true }) };
}

/** The selector as written, narrowed to pods whose `matchLabelKeys` have the values they have on this pod. */
function selectorOfOwn(
  { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint,
  labels: Labels,
): CompiledLabelSelector {
  const compiled = compileLabelSelector(labelSelector);
  if (!compiled.ok || compiled.selector.kind === 'nothing') return compiled;
  const narrowing = matchLabelKeys.flatMap((key) => {
    const value = labelValue(labels, key);
    return value === undefined ? [] : [equalityRequirement(key, value)];
  });
  return { ok: true, selector: canonicalSelector([...narrowing, ...compiled.selector.requirements]) };
}

function countedPods(namespace: string, selector: LabelMatcher): PodSelection {
  if (selector.kind !== 'requirements') return countsNothing;
  const clauses = [{ namespaces: new Set([namespace]), selector }];
  return { key: selectionKey(clauses, { withoutTerminating: true }), clauses, withoutTerminating: true };
}
