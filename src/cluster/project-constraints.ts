import type {
  Affinity,
  LabelSelector,
  NodeAffinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PreferredSchedulingTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from './pod.js';
import {
  integer,
  mapObjects,
  optionalObject,
  type RawObject,
  requiredObject,
  text,
  textMap,
  texts,
} from './raw-field.js';

/*
 * The parts of a pod's spec that say where it may run, copied with the known fields alone. They stay as written: a
 * selector that no API server would admit is the plugin's business, not a reason to lose the pod.
 */

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Leaves out what is undefined, so that absent fields are absent. */
type Loose<T> = { [K in keyof T]: T[K] | undefined };

function compact<T extends object>(fields: Loose<T>): T {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) result[key] = value;
  return result as T;
}

function ifPresent<T>(value: unknown, project: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : project(value);
}

export function projectToleration(raw: RawObject, path: string): Toleration {
  return {
    key: text(raw.key, `${path}.key`),
    operator: text(raw.operator, `${path}.operator`),
    value: text(raw.value, `${path}.value`),
    effect: text(raw.effect, `${path}.effect`),
  };
}

export function projectAffinity(value: unknown, path: string): Affinity | undefined {
  const raw = optionalObject(value, path);
  if (raw === undefined) return undefined;
  return compact<Affinity>({
    nodeAffinity: ifPresent(raw.nodeAffinity, (v) => nodeAffinity(v, `${path}.nodeAffinity`)),
    podAffinity: ifPresent(raw.podAffinity, (v) => podAffinity(v, `${path}.podAffinity`)),
    podAntiAffinity: ifPresent(raw.podAntiAffinity, (v) => podAffinity(v, `${path}.podAntiAffinity`)),
  });
}

export function projectSpreadConstraint(raw: RawObject, path: string): TopologySpreadConstraint {
  return compact<TopologySpreadConstraint>({
    maxSkew: integer(raw.maxSkew, `${path}.maxSkew`),
    topologyKey: text(raw.topologyKey, `${path}.topologyKey`),
    whenUnsatisfiable: text(raw.whenUnsatisfiable, `${path}.whenUnsatisfiable`),
    labelSelector: projectLabelSelector(raw.labelSelector, `${path}.labelSelector`),
    minDomains: ifPresent(raw.minDomains, (v) => integer(v, `${path}.minDomains`)),
    nodeAffinityPolicy: ifPresent(raw.nodeAffinityPolicy, (v) => text(v, `${path}.nodeAffinityPolicy`)),
    nodeTaintsPolicy: ifPresent(raw.nodeTaintsPolicy, (v) => text(v, `${path}.nodeTaintsPolicy`)),
    matchLabelKeys: ifPresent(raw.matchLabelKeys, (v) => texts(v, `${path}.matchLabelKeys`)),
  });
}

function nodeAffinity(value: unknown, path: string): NodeAffinity {
  const raw = requiredObject(value, path);
  return compact<NodeAffinity>({
    [required]: ifPresent(raw[required], (v) => nodeSelector(v, `${path}.${required}`)),
    [preferred]: ifPresent(raw[preferred], (v) => mapObjects(v, `${path}.${preferred}`, preferredTerm)),
  });
}

function nodeSelector(
  value: unknown,
  path: string,
): { readonly nodeSelectorTerms?: readonly NodeSelectorTerm[] } {
  const terms = requiredObject(value, path).nodeSelectorTerms;
  return compact({
    nodeSelectorTerms: ifPresent(terms, (v) =>
      mapObjects(v, `${path}.nodeSelectorTerms`, projectNodeSelectorTerm),
    ),
  });
}

function preferredTerm(raw: RawObject, path: string): PreferredSchedulingTerm {
  const preference = optionalObject(raw.preference, `${path}.preference`) ?? {};
  return {
    weight: integer(raw.weight, `${path}.weight`),
    preference: projectNodeSelectorTerm(preference, `${path}.preference`),
  };
}

export function projectNodeSelectorTerm(raw: RawObject, path: string): NodeSelectorTerm {
  return compact<NodeSelectorTerm>({
    matchExpressions: expressions(raw.matchExpressions, `${path}.matchExpressions`),
    matchFields: expressions(raw.matchFields, `${path}.matchFields`),
  });
}

function podAffinity(value: unknown, path: string): PodAffinity {
  const raw = requiredObject(value, path);
  return compact<PodAffinity>({
    [required]: ifPresent(raw[required], (v) => mapObjects(v, `${path}.${required}`, podAffinityTerm)),
    [preferred]: ifPresent(raw[preferred], (v) => mapObjects(v, `${path}.${preferred}`, weightedTerm)),
  });
}

function weightedTerm(raw: RawObject, path: string): WeightedPodAffinityTerm {
  const term = optionalObject(raw.podAffinityTerm, `${path}.podAffinityTerm`) ?? {};
  return {
    weight: integer(raw.weight, `${path}.weight`),
    podAffinityTerm: podAffinityTerm(term, `${path}.podAffinityTerm`),
  };
}

/** The API server has merged matchLabelKeys and mismatchLabelKeys into the selector already. */
function podAffinityTerm(raw: RawObject, path: string): PodAffinityTerm {
  return compact<PodAffinityTerm>({
    labelSelector: projectLabelSelector(raw.labelSelector, `${path}.labelSelector`),
    namespaces: ifPresent(raw.namespaces, (v) => texts(v, `${path}.namespaces`)),
    namespaceSelector: projectLabelSelector(raw.namespaceSelector, `${path}.namespaceSelector`),
    topologyKey: text(raw.topologyKey, `${path}.topologyKey`),
  });
}

/** undefined when absent: it selects nothing, where an empty one selects everything. */
export function projectLabelSelector(value: unknown, path: string): LabelSelector | undefined {
  const raw = optionalObject(value, path);
  if (raw === undefined) return undefined;
  return compact<LabelSelector>({
    matchLabels: textMap(raw.matchLabels, `${path}.matchLabels`),
    matchExpressions: expressions(raw.matchExpressions, `${path}.matchExpressions`),
  });
}

function expressions(value: unknown, path: string): NodeSelectorRequirement[] | undefined {
  return ifPresent(value, (v) => mapObjects(v, path, requirement));
}

function requirement(raw: RawObject, path: string): NodeSelectorRequirement {
  return compact<NodeSelectorRequirement>({
    key: text(raw.key, `${path}.key`),
    operator: text(raw.operator, `${path}.operator`),
    values: ifPresent(raw.values, (v) => texts(v, `${path}.values`)),
  });
}
