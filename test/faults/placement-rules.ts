import {
  isOver,
  type NodeObject,
  type PodObject,
  type PodTerm,
  type Requirement,
  type SpreadConstraint,
  type Taint,
  type Toleration,
} from './api-objects.js';

/**
 * What a scheduler may have known when it decided: not one state but bounds of it, because watches take their time. Rules are
 * judged by the bounds that speak for the scheduler, so that what is found broken is broken in every state it can have seen.
 */
export interface View {
  /** Pods that were on nodes in every state; without the pod that is judged. */
  readonly certain: readonly PodObject[];
  /** Pods that were on nodes in some state. */
  readonly possible: readonly PodObject[];
  /** By name: each state of a node that can have been seen, newest last. */
  readonly nodes: ReadonlyMap<string, readonly NodeObject[]>;
  /** Names of nodes that were there in every state. */
  readonly steadyNodes: ReadonlySet<string>;
}

/** A view of one known state. */
export function viewOf(nodes: readonly NodeObject[], pods: readonly PodObject[]): View {
  const placed = pods.filter((pod) => (pod.spec.nodeName ?? '') !== '' && !isOver(pod));
  return {
    certain: placed,
    possible: placed,
    nodes: new Map(nodes.map((node) => [node.metadata.name, [node]])),
    steadyNodes: new Set(nodes.map(({ metadata }) => metadata.name)),
  };
}

/**
 * The hard constraints that keep the pod off the node, each in a few words; none when it may go there. Written anew from the
 * documentation of Kubernetes, so that it shares no mistake with the scheduler it judges. Selectors are `matchLabels`, which is all
 * that the workload uses.
 */
export function brokenRules(pod: PodObject, nodeName: string, view: View): string[] {
  const states = view.nodes.get(nodeName) ?? [];
  if (states.length === 0) return ['the node does not exist'];
  const others = view.certain.filter((other) => other.spec.nodeName === nodeName);
  const ofNode = states
    .map((node) => [...nodeRules(pod, node), ...roomRules(pod, others, node)])
    .reduce((least, broken) => (broken.length < least.length ? broken : least));
  return [...ofNode, ...portRules(pod, others), ...topologyRules(pod, nodeName, view)];
}

function nodeRules(pod: PodObject, node: NodeObject): string[] {
  const { spec } = pod;
  const broken: string[] = [];
  if (!isEligible(pod, node)) broken.push('node selector or affinity');
  const tolerations = spec.tolerations ?? [];
  if (
    node.spec?.unschedulable === true &&
    !tolerates(tolerations, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })
  )
    broken.push('cordoned');
  const hard = (node.spec?.taints ?? []).filter(
    ({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute',
  );
  for (const taint of hard) if (!tolerates(tolerations, taint)) broken.push(`taint ${taint.key}`);
  return broken;
}

function isEligible({ spec }: PodObject, { metadata }: NodeObject): boolean {
  const labels = metadata.labels ?? {};
  if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (
    terms === undefined ||
    terms.some(({ matchExpressions = [] }) => matchExpressions.every((one) => meets(labels, one)))
  );
}

function meets(
  labels: Readonly<Record<string, string>>,
  { key, operator, values = [] }: Requirement,
): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      throw new Error(`the checker does not know the operator ${operator}`);
  }
}

function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(
    ({ key = '', operator = 'Equal', value = '', effect = '' }) =>
      (effect === '' || effect === taint.effect) &&
      (key === '' ? operator === 'Exists' : key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  );
}

function roomRules(pod: PodObject, others: readonly PodObject[], { status }: NodeObject): string[] {
  const allocatable = status?.allocatable ?? {};
  const wanted = requestsOf(pod);
  const broken = others.length + 1 > amount(allocatable.pods ?? '0') ? ['number of pods'] : [];
  for (const [resource, request] of wanted) {
    if (request === 0) continue;
    const taken = others.reduce((sum, other) => sum + (requestsOf(other).get(resource) ?? 0), 0);
    const room = amount(allocatable[resource] ?? '0');
    if (taken + request > room + 1e-6) broken.push(`${resource}: ${taken} + ${request} > ${room}`);
  }
  return broken;
}

function portRules(pod: PodObject, others: readonly PodObject[]): string[] {
  const taken = new Set(others.flatMap(portsOf));
  return portsOf(pod)
    .filter((port) => taken.has(port))
    .map((port) => `host port ${port}`);
}

function topologyRules(pod: PodObject, nodeName: string, view: View): string[] {
  const { affinity, topologySpreadConstraints = [] } = pod.spec;
  const repels = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const attracts = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const broken: string[] = [];
  // A pod whose node is gone is in no domain.
  const certain = view.certain.filter(({ spec: { nodeName = '' } }) => view.steadyNodes.has(nodeName));
  for (const term of repels)
    if (certain.some((other) => isIn(other, term, nodeName, view) && matches(term, pod, other)))
      broken.push(`anti-affinity by ${term.topologyKey}`);
  for (const other of certain) {
    const terms = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const term of terms)
      if (isIn(other, term, nodeName, view) && matches(term, other, pod))
        broken.push(`anti-affinity of ${other.metadata.name}`);
  }
  if (!attracted(pod, nodeName, attracts, { ...view, certain })) broken.push('affinity');
  for (const constraint of topologySpreadConstraints) {
    if (constraint.whenUnsatisfiable !== 'DoNotSchedule') continue;
    const problem = spreadProblem(pod, nodeName, constraint, view);
    if (problem !== undefined) broken.push(problem);
  }
  return broken;
}

/** All terms are met by pods in reach, or nothing that would meet them is anywhere and the pod would itself. */
function attracted(pod: PodObject, nodeName: string, terms: readonly PodTerm[], view: View): boolean {
  if (terms.length === 0) return true;
  const inReach = terms.every((term) =>
    view.possible.some((other) => isIn(other, term, nodeName, view) && matches(term, pod, other)),
  );
  if (inReach) return true;
  const isFirst = !view.certain.some((other) => terms.every((term) => matches(term, pod, other)));
  return isFirst && terms.every((term) => matches(term, pod, pod));
}

/** The documented arithmetic with its defaults: nodes that the pod's selector and affinity leave out do not count, taints do. */
function spreadProblem(
  pod: PodObject,
  nodeName: string,
  constraint: SpreadConstraint,
  view: View,
): string | undefined {
  const { topologyKey, maxSkew } = constraint;
  const domain = domainOf(nodeName, topologyKey, view);
  if (domain === undefined) return `spread: the node has no ${topologyKey}`;
  const eligible = [...view.steadyNodes].filter((name) =>
    view.nodes
      .get(name)!
      .every((node) => isEligible(pod, node) && node.metadata.labels?.[topologyKey] !== undefined),
  );
  const domains = new Set(eligible.map((name) => domainOf(name, topologyKey, view)!));
  const counts = [...domains].map((value) =>
    countIn(view.possible, pod, constraint, { domain: value, view, of: 'some' }),
  );
  const least = counts.length === 0 ? 0 : Math.min(...counts);
  const here = countIn(view.certain, pod, constraint, { domain, view, of: 'every' });
  const self = matches(constraint, pod, pod) ? 1 : 0;
  return here + self - least > maxSkew
    ? `spread by ${topologyKey}: ${here} + ${self} - ${least} > ${maxSkew}`
    : undefined;
}

/** Pods of the constraint in a domain, on nodes that count in some, or in every, of the states they may have been seen in. */
function countIn(
  pods: readonly PodObject[],
  pod: PodObject,
  constraint: SpreadConstraint,
  { domain, view, of }: { readonly domain: string; readonly view: View; readonly of: 'some' | 'every' },
): number {
  return pods.filter((other) => {
    const nodeName = other.spec.nodeName ?? '';
    const states = view.nodes.get(nodeName) ?? [];
    const isEligibleIn = (node: NodeObject): boolean => isEligible(pod, node);
    return (
      other.metadata.deletionTimestamp === undefined &&
      domainOf(nodeName, constraint.topologyKey, view) === domain &&
      (of === 'some'
        ? states.some(isEligibleIn)
        : view.steadyNodes.has(nodeName) && states.every(isEligibleIn)) &&
      matches(constraint, pod, other)
    );
  }).length;
}

/** True when the other pod is in the same domain as the node. */
function isIn(other: PodObject, { topologyKey }: PodTerm, nodeName: string, view: View): boolean {
  const domain = domainOf(nodeName, topologyKey, view);
  return domain !== undefined && domainOf(other.spec.nodeName ?? '', topologyKey, view) === domain;
}

/** Topology labels of a node never change in these workloads, also when it comes back under its name. */
function domainOf(nodeName: string, topologyKey: string, view: View): string | undefined {
  return view.nodes.get(nodeName)?.at(-1)?.metadata.labels?.[topologyKey];
}

/** A pod's own selector asks for pods of its namespace; none asks for nobody. */
function matches(
  { labelSelector }: Pick<PodTerm, 'labelSelector'>,
  owner: PodObject,
  other: PodObject,
): boolean {
  if (labelSelector === undefined || owner.metadata.namespace !== other.metadata.namespace) return false;
  const labels = other.metadata.labels ?? {};
  return Object.entries(labelSelector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

function portsOf({ spec }: PodObject): string[] {
  return spec.containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
    .map(({ hostPort, protocol = 'TCP' }) => `${protocol}/${hostPort}`);
}

const requestSums = new WeakMap<PodObject, Map<string, number>>();

export function requestsOf(pod: PodObject): ReadonlyMap<string, number> {
  let sums = requestSums.get(pod);
  if (sums === undefined) {
    sums = new Map();
    for (const { resources } of pod.spec.containers)
      for (const [resource, quantity] of Object.entries(resources?.requests ?? {}))
        sums.set(resource, (sums.get(resource) ?? 0) + amount(quantity));
    requestSums.set(pod, sums);
  }
  return sums;
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** A quantity as a number; the suffixes that these workloads use. */
export function amount(quantity: string): number {
  const [, digits = '', suffix = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = factors[suffix];
  if (digits === '' || factor === undefined)
    throw new Error(`the checker does not know the quantity ${quantity}`);
  return Number(digits) * factor;
}
