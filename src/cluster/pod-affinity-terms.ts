import { compileLabelSelector, type LabelMatcher } from '../kube/label-selector.js';
import type { Labels, Pod, PodAffinity, PodAffinityTerm, PodSpec } from './pod.js';

/** One term of a pod's affinity or anti-affinity to other pods, compiled for the namespace of its owner. */
export interface AffinityTerm {
  /** Key of the node label whose value makes a domain. */
  readonly topologyKey: string;
  /** A pod is meant when it is in one of these, or in one whose labels `namespaceSelector` matches, … */
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelMatcher;
  /** … and this matches its labels. */
  readonly selector: LabelMatcher;
  /** 0 for a required term. */
  readonly weight: number;
}

/** The kinds of terms; what a pod has of one kind is taken as a whole or, with one invalid selector, dropped as a whole. */
export const affinityTermKinds = [
  'requiredAffinity',
  'requiredAntiAffinity',
  'preferredAffinity',
  'preferredAntiAffinity',
] as const;

export type AffinityTermKind = (typeof affinityTermKinds)[number];

export interface PodAffinityTerms extends Readonly<Record<AffinityTermKind, readonly AffinityTerm[]>> {
  /** Why kinds were dropped; undefined when every selector is valid. */
  readonly error: string | undefined;
}

/** What a pod has that says nothing of other pods. */
export const noAffinityTerms: PodAffinityTerms = {
  requiredAffinity: [],
  requiredAntiAffinity: [],
  preferredAffinity: [],
  preferredAntiAffinity: [],
  error: undefined,
};

const bySpec = new WeakMap<PodSpec, Map<string, PodAffinityTerms>>();

/** The terms of a pod; the same object for all pods of one template in one namespace. */
export function affinityTermsOf({ spec, namespace }: Pod): PodAffinityTerms {
  const { affinity } = spec;
  if (affinity?.podAffinity === undefined && affinity?.podAntiAffinity === undefined) return noAffinityTerms;
  let byNamespace = bySpec.get(spec);
  if (byNamespace === undefined) {
    byNamespace = new Map();
    bySpec.set(spec, byNamespace);
  }
  let terms = byNamespace.get(namespace);
  if (terms === undefined) {
    terms = compile(affinity, namespace);
    byNamespace.set(namespace, terms);
  }
  return terms;
}

/** True when the term means a pod with these labels in a namespace with those. */
export function termMatches(
  { namespaces, namespaceSelector, selector }: AffinityTerm,
  { namespace, labels }: { readonly namespace: string; readonly labels: Labels },
  namespaceLabels: Labels,
): boolean {
  return (
    (namespaces.has(namespace) || namespaceSelector.matches(namespaceLabels)) && selector.matches(labels)
  );
}

function compile(
  { podAffinity, podAntiAffinity }: NonNullable<PodSpec['affinity']>,
  namespace: string,
): PodAffinityTerms {
  const groups: Record<AffinityTermKind, Group> = {
    requiredAffinity: compileGroup(required(podAffinity), namespace),
    requiredAntiAffinity: compileGroup(required(podAntiAffinity), namespace),
    preferredAffinity: compileGroup(preferred(podAffinity), namespace),
    preferredAntiAffinity: compileGroup(preferred(podAntiAffinity), namespace),
  };
  return {
    requiredAffinity: groups.requiredAffinity.terms,
    requiredAntiAffinity: groups.requiredAntiAffinity.terms,
    preferredAffinity: groups.preferredAffinity.terms,
    preferredAntiAffinity: groups.preferredAntiAffinity.terms,
    error: affinityTermKinds.map((kind) => groups[kind].error).find((error) => error !== undefined),
  };
}

interface Weighted {
  readonly weight: number;
  readonly term: PodAffinityTerm;
}

interface Group {
  readonly terms: readonly AffinityTerm[];
  readonly error?: string;
}

function required(affinity: PodAffinity | undefined): readonly Weighted[] {
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map((term) => ({ weight: 0, term }));
}

function preferred(affinity: PodAffinity | undefined): readonly Weighted[] {
  const terms = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map(({ weight, podAffinityTerm: term }) => ({ weight, term }));
}

function compileGroup(group: readonly Weighted[], owner: string): Group {
  const terms: AffinityTerm[] = [];
  for (const { weight, term } of group) {
    const selector = compileLabelSelector(term.labelSelector);
    if (!selector.ok) return { terms: [], error: selector.error };
    const namespaceSelector = compileLabelSelector(term.namespaceSelector);
    if (!namespaceSelector.ok) return { terms: [], error: namespaceSelector.error };
    terms.push({
      topologyKey: term.topologyKey,
      namespaces: meantByName(term, owner),
      namespaceSelector: namespaceSelector.selector,
      selector: selector.selector,
      weight,
    });
  }
  return { terms };
}

/** The owner's own namespace is meant only by a term that says nothing of namespaces. */
function meantByName(
  { namespaces = [], namespaceSelector }: PodAffinityTerm,
  owner: string,
): ReadonlySet<string> {
  return new Set(namespaces.length === 0 && namespaceSelector === undefined ? [owner] : namespaces);
}
