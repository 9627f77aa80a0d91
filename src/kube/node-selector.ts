/**
 * Node selectors and preferred scheduling terms, compiled.
 * Semantics of k8s.io/component-helpers/scheduling/corev1/nodeaffinity. The compiled form is data: plugins judge it
 * node by node with the functions here, or column by column with functions of their own.
 */
import {
  compileRequirement,
  type LabelRequirement,
  type Labels,
  type RawRequirement,
  requirementsAccept,
} from './label-requirement.js';
import { type LabelMatcher, labelMapSelector } from './label-selector.js';

export interface NodeSelectorTermSpec {
  readonly matchExpressions?: readonly RawRequirement[] | null | undefined;
  readonly matchFields?: readonly RawRequirement[] | null | undefined;
}

export interface NodeSelectorSpec {
  readonly nodeSelectorTerms?: readonly NodeSelectorTermSpec[] | null | undefined;
}

export interface PreferredTermSpec {
  readonly weight: number;
  readonly preference?: NodeSelectorTermSpec | null | undefined;
}

/** A condition on a field of the node. Only `metadata.name` is populated; every other key reads as ''. */
export interface FieldRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn';
  readonly value: string;
}

/** All conditions of a term must hold; it has at least one. */
export interface NodeSelectorTerm {
  readonly expressions: readonly LabelRequirement[];
  readonly fields: readonly FieldRequirement[];
}

/** A node selector: one term that holds is enough, no terms match no node. */
export interface NodeSelector {
  /** The well-formed, non-empty terms, in the order written. */
  readonly terms: readonly NodeSelectorTerm[];
  /** What was wrong with the terms left out. Always empty for a strictly compiled selector. */
  readonly errors: readonly string[];
}

export type CompiledNodeSelector =
  | { readonly ok: true; readonly selector: NodeSelector }
  | { readonly ok: false; readonly error: string };

export interface WeightedTerm {
  readonly weight: number;
  readonly term: NodeSelectorTerm;
}

export type CompiledPreferredTerms =
  | { readonly ok: true; readonly terms: readonly WeightedTerm[] }
  | { readonly ok: false; readonly error: string };

/** What a pod demands of its node: its nodeSelector map, and one of its required terms if it has a list of them. */
export interface RequiredNodeAffinity {
  /** `everything` when the pod has no nodeSelector. */
  readonly nodeSelector: LabelMatcher;
  readonly affinity: NodeSelector | undefined;
}

type CompiledTerm =
  | { readonly ok: true; readonly term: NodeSelectorTerm }
  | { readonly ok: false; readonly error: string };

const operators: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']);
const nodeNameField = 'metadata.name';

/** Lazy form (a pod's required affinity, a volume's): a malformed term matches no node, the others still count. */
export function compileNodeSelector(spec: NodeSelectorSpec): NodeSelector {
  const terms: NodeSelectorTerm[] = [];
  const errors: string[] = [];
  for (const raw of writtenTerms(spec)) {
    const compiled = compileTerm(raw);
    if (compiled.ok) terms.push(compiled.term);
    else errors.push(compiled.error);
  }
  return { terms, errors };
}

/** Strict form (addedAffinity of a profile, claims): any malformed term fails the whole selector. */
export function compileStrictNodeSelector(spec: NodeSelectorSpec): CompiledNodeSelector {
  const selector = compileNodeSelector(spec);
  if (selector.errors.length > 0) return { ok: false, error: selector.errors.join('; ') };
  return { ok: true, selector };
}

/**
 * Preferred terms. Those of weight 0 or without conditions are skipped; a malformed one among the rest fails the
 * whole list.
 */
export function compilePreferredTerms(
  specs: readonly PreferredTermSpec[] | null | undefined,
): CompiledPreferredTerms {
  const terms: WeightedTerm[] = [];
  for (const { weight, preference } of specs ?? []) {
    if (weight === 0 || preference == null || isEmptyTerm(preference)) continue;
    const compiled = compileTerm(preference);
    if (!compiled.ok) return compiled;
    terms.push({ weight, term: compiled.term });
  }
  return { ok: true, terms };
}

/** Compiles both of a pod's demands on its node. An absent `required` demands nothing, an empty one is never met. */
export function compileRequiredNodeAffinity(
  nodeSelector: Labels | null | undefined,
  required: NodeSelectorSpec | null | undefined,
): RequiredNodeAffinity {
  return {
    nodeSelector: labelMapSelector(nodeSelector),
    affinity: required == null ? undefined : compileNodeSelector(required),
  };
}

/** True when the term holds. With an empty `nodeName` the fields are not looked at, as for volumes. */
export function termMatchesNode(
  term: NodeSelectorTerm,
  labels: Labels | null | undefined,
  nodeName: string,
): boolean {
  return (
    requirementsAccept(term.expressions, labels) && (nodeName === '' || fieldsAccept(term.fields, nodeName))
  );
}

/** True when every field condition holds for a node of this name. */
export function fieldsAccept(fields: readonly FieldRequirement[], nodeName: string): boolean {
  for (const { key, operator, value } of fields) {
    const actual = key === nodeNameField ? nodeName : '';
    if ((actual === value) !== (operator === 'In')) return false;
  }
  return true;
}

/** True when at least one term of the selector holds. */
export function matchesNode(
  selector: NodeSelector,
  labels: Labels | null | undefined,
  nodeName: string,
): boolean {
  return selector.terms.some((term) => termMatchesNode(term, labels, nodeName));
}

/** True when the node meets both the nodeSelector and the required affinity. */
export function meetsRequiredAffinity(
  required: RequiredNodeAffinity,
  labels: Labels | null | undefined,
  nodeName: string,
): boolean {
  return (
    required.nodeSelector.matches(labels) &&
    (required.affinity === undefined || matchesNode(required.affinity, labels, nodeName))
  );
}

/** Sum of the weights of the terms that hold. */
export function preferredScore(
  terms: readonly WeightedTerm[],
  labels: Labels | null | undefined,
  nodeName: string,
): number {
  let score = 0;
  for (const { weight, term } of terms) {
    if (termMatchesNode(term, labels, nodeName)) score += weight;
  }
  return score;
}

function writtenTerms(spec: NodeSelectorSpec): readonly NodeSelectorTermSpec[] {
  return (spec.nodeSelectorTerms ?? []).filter((term) => !isEmptyTerm(term));
}

function isEmptyTerm(term: NodeSelectorTermSpec): boolean {
  return (term.matchExpressions?.length ?? 0) === 0 && (term.matchFields?.length ?? 0) === 0;
}

function compileTerm(raw: NodeSelectorTermSpec): CompiledTerm {
  const expressions: LabelRequirement[] = [];
  const fields: FieldRequirement[] = [];
  for (const expression of raw.matchExpressions ?? []) {
    const compiled = compileRequirement(expression, operators);
    if (!compiled.ok) return compiled;
    expressions.push(compiled.requirement);
  }
  for (const { key, operator, values } of raw.matchFields ?? []) {
    if (operator !== 'In' && operator !== 'NotIn') {
      return { ok: false, error: `operator ${JSON.stringify(operator)} is not valid for a field` };
    }
    if (values?.length !== 1) {
      return {
        ok: false,
        error: `operator ${operator} of field ${JSON.stringify(key)} needs exactly one value`,
      };
    }
    fields.push({ key, operator, value: values[0]! });
  }
  return { ok: true, term: { expressions, fields } };
}
