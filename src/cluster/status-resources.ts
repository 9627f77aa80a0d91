import type { ContainerResources, PodResourceStatus, PodResources } from './pod-requests.js';
import {
  itemObject,
  list,
  optionalObject,
  type RawObject,
  requiredObject,
  resources,
  text,
} from './raw-field.js';

/*
 * What a pod's status says about its resources: the half of in-place resize that is not in the spec. Most pods of a template
 * report the same, so the parts, written as JSON, serve as key to what was computed for the first of them.
 */

interface ReportedContainer {
  readonly path: string;
  readonly allocated: unknown;
  readonly requests: unknown;
}

export interface StatusParts {
  /** In order of the spec's init containers, then containers; null when nothing is reported. */
  readonly containers: readonly (ReportedContainer | null)[];
  readonly infeasible: boolean;
  readonly hasResources: boolean;
  readonly allocated: unknown;
  readonly requests: unknown;
}

/** undefined: the status adds nothing to the spec. */
export function statusParts(spec: RawObject, status: RawObject): StatusParts | undefined {
  const infeasible = isResizeInfeasible(status);
  const podResources = optionalObject(status.resources, 'status.resources');
  const reported = reportedContainers(status);
  if (
    !infeasible &&
    podResources === undefined &&
    !isPresent(status.allocatedResources) &&
    reported === undefined
  ) {
    return undefined;
  }
  const containers: (ReportedContainer | null)[] = [];
  for (const field of ['initContainers', 'containers']) {
    for (const container of list(spec[field], `spec.${field}`)) {
      const { name } = requiredObject(container, `spec.${field}[]`);
      containers.push(reported?.get(text(name, `spec.${field}[].name`)) ?? null);
    }
  }
  return {
    containers,
    infeasible,
    hasResources: podResources !== undefined,
    allocated: status.allocatedResources,
    requests: podResources?.requests,
  };
}

/** Joins what the spec and the status say. Throws `FieldError`. */
export function withStatus(spec: PodResources, parts: StatusParts): PodResources {
  const initCount = spec.initContainers.length;
  const joined = (container: ContainerResources, i: number): ContainerResources => {
    const reported = parts.containers[i];
    if (reported === undefined || reported === null) return container;
    return {
      ...container,
      allocated: resources(reported.allocated, `${reported.path}.allocatedResources`),
      actuated: resources(reported.requests, `${reported.path}.resources.requests`),
    };
  };
  const status: PodResourceStatus = {
    resizeInfeasible: parts.infeasible,
    hasResources: parts.hasResources,
    allocated: resources(parts.allocated, 'status.allocatedResources'),
    actuated: resources(parts.requests, 'status.resources.requests'),
  };
  return {
    ...spec,
    initContainers: spec.initContainers.map(joined),
    containers: spec.containers.map((container, i) => joined(container, initCount + i)),
    status,
  };
}

/** Of two PodResizePending conditions the first counts. */
function isResizeInfeasible(status: RawObject): boolean {
  const conditions = list(status.conditions, 'status.conditions');
  for (let i = 0; i < conditions.length; i++) {
    const condition = itemObject(conditions, i, 'status.conditions');
    if (condition.type === 'PodResizePending') return condition.reason === 'Infeasible';
  }
  return false;
}

/** By container name; undefined when no container reports resources. Of two with one name the first counts. */
function reportedContainers(status: RawObject): Map<string, ReportedContainer> | undefined {
  let some = false;
  const byName = new Map<string, ReportedContainer>();
  for (const field of ['containerStatuses', 'initContainerStatuses']) {
    const path = `status.${field}`;
    const statuses = list(status[field], path);
    for (let i = 0; i < statuses.length; i++) {
      const { name, allocatedResources, resources: inForce } = itemObject(statuses, i, path);
      const requests = optionalObject(inForce, `${path}[${i}].resources`)?.requests;
      const key = text(name, `${path}[${i}].name`);
      if (byName.has(key)) continue;
      byName.set(key, { path: `${path}[${i}]`, allocated: allocatedResources, requests });
      some ||= isPresent(allocatedResources) || isPresent(requests);
    }
  }
  return some ? byName : undefined;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
