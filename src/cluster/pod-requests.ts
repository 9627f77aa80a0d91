import type { Requests } from './requests.js';
import {
  addTo,
  noResources,
  type ResourceMap,
  raiseTo,
  sumOf,
  toRequests,
  withDefaults,
} from './resource-map.js';
import { cpu, isPodLevel, memory } from './resource-names.js';

/*
 * How much of each resource a pod asks for. Rules of k8s.io/component-helpers/resource, v1.37. One pod has several answers,
 * one for each purpose: what must be free on a node, what is scored, and what is taken from the node it runs on.
 */

/** Requests of one container. The last two come from its status and are absent when the status says nothing. */
export interface ContainerResources {
  readonly requests: ResourceMap;
  /** An init container with restartPolicy Always; of no meaning for other containers. */
  readonly sidecar: boolean;
  /** `allocatedResources` of the container's status. */
  readonly allocated?: ResourceMap | undefined;
  /** `resources.requests` of the container's status. */
  readonly actuated?: ResourceMap | undefined;
}

/** What the status says of the pod as a whole. */
export interface PodResourceStatus {
  /** The PodResizePending condition has the reason Infeasible: what the spec asks for will not come. */
  readonly resizeInfeasible: boolean;
  /** `status.resources` is present, with or without requests. */
  readonly hasResources: boolean;
  /** `status.allocatedResources`. */
  readonly allocated?: ResourceMap | undefined;
  /** `status.resources.requests`. */
  readonly actuated?: ResourceMap | undefined;
}

export interface PodResources {
  readonly initContainers: readonly ContainerResources[];
  readonly containers: readonly ContainerResources[];
  /** `spec.resources.requests`. */
  readonly podLevel?: ResourceMap | undefined;
  readonly overhead?: ResourceMap | undefined;
  readonly status?: PodResourceStatus | undefined;
  /** Node resources that resource claims take. Nothing fills this yet: the gate DRANodeAllocatableResources is off. */
  readonly claims?: ResourceMap | undefined;
}

export interface TotalOptions {
  /** Also consider what the container runtime has granted so far (in-place resize). */
  readonly status?: boolean;
  /** Requests of the pod as a whole replace the sums over its containers. */
  readonly podLevel?: boolean;
  /** Together with the two above: requests of the pod as a whole can be resized in place. */
  readonly podLevelResize?: boolean;
  /** Added for each container that lacks the resource; a present 0 stays. */
  readonly defaults?: ResourceMap;
}

const defaultCpu = 100;
const defaultMemory = 200 * 1024 * 1024;
/** What scoring assumes of a container that asks for nothing: 100 milli-cores and 200 MiB. */
export const defaultRequests: ResourceMap = new Map([
  [cpu, defaultCpu],
  [memory, defaultMemory],
]);

/** What a pod takes from its node. */
export interface AccountedRequests {
  readonly accounted: Requests;
  /** Milli-cores, with 100 for what asks for none. */
  readonly nonZeroCpu: number;
  /** Bytes, with 200 MiB for what asks for none. */
  readonly nonZeroMemory: number;
}

/** What must be free on a node: NodeResourcesFit filters by it. */
export function filterRequests(pod: PodResources): Requests {
  return toRequests(podTotal(pod, { podLevel: true }));
}

/** What NodeResourcesFit scores by: sums over containers with defaults; requests of the pod as a whole are ignored. */
export function scoringRequests(pod: PodResources): Requests {
  return toRequests(podTotal(pod, { defaults: defaultRequests }));
}

/** What the pod takes from its node, as NodeInfo counts it; BalancedAllocation scores by it too. */
export function accountedRequests(pod: PodResources): AccountedRequests {
  const options = { status: true, podLevel: true, podLevelResize: true };
  const total = podTotal(pod, options);
  const defaults = hasPodLevelRequests(pod) ? withoutNames(defaultRequests, total) : defaultRequests;
  const nonZero = toRequests(podTotal(pod, { ...options, defaults }));
  return { accounted: toRequests(total), nonZeroCpu: nonZero.cpu, nonZeroMemory: nonZero.memory };
}

/** True when the pod as a whole asks for cpu, memory or hugepages; limits alone do not count. */
export function hasPodLevelRequests(pod: PodResources): boolean {
  if (pod.podLevel !== undefined) for (const name of pod.podLevel.keys()) if (isPodLevel(name)) return true;
  return false;
}

/** The pod's total, unrounded. */
export function podTotal(pod: PodResources, options: TotalOptions): ResourceMap {
  const total =
    options.status === true ? resizedTotal(pod, options) : containerTotal(pod, options, specRequests);
  if (options.status !== true && pod.claims !== undefined) addTo(total, pod.claims);
  if (options.podLevel === true && hasPodLevelRequests(pod)) {
    for (const [name, amount] of podLevelRequests(pod, options))
      if (isPodLevel(name)) total.set(name, amount);
  }
  if (pod.overhead !== undefined) addTo(total, pod.overhead);
  return total;
}

/** Highest of what is wanted, what the node has granted and what is in force: a resize may be half done. */
function resizedTotal(pod: PodResources, options: TotalOptions): Map<string, number> {
  const { status, claims = noResources } = pod;
  const infeasible = status?.resizeInfeasible === true;
  const fallback = infeasible ? () => noResources : specRequests;
  const allocatedOf = (container: ContainerResources) => container.allocated ?? fallback(container);
  const actuatedOf = (container: ContainerResources) => container.actuated ?? allocatedOf(container);

  const total = infeasible
    ? new Map<string, number>()
    : sumOf(containerTotal(pod, options, specRequests), claims);
  if (options.podLevelResize === true && status?.allocated !== undefined && status.actuated !== undefined) {
    raiseTo(total, status.allocated);
    raiseTo(total, status.actuated);
  } else {
    raiseTo(total, sumOf(containerTotal(pod, options, allocatedOf), claims));
    raiseTo(total, containerTotal(pod, options, actuatedOf));
  }
  return total;
}

/**
 * Containers run together, ordinary init containers one after the other beside the sidecars started before them: the
 * higher of the two is what the pod needs.
 */
function containerTotal(
  pod: PodResources,
  { defaults = noResources }: TotalOptions,
  requestsOf: (container: ContainerResources) => ResourceMap,
): Map<string, number> {
  const main = new Map<string, number>();
  for (const container of pod.containers) addTo(main, withDefaults(requestsOf(container), defaults));

  const sidecars = new Map<string, number>();
  const starting = new Map<string, number>();
  for (const container of pod.initContainers) {
    const requests = withDefaults(requestsOf(container), defaults);
    if (container.sidecar) {
      addTo(main, requests);
      addTo(sidecars, requests);
      raiseTo(starting, sidecars);
    } else {
      raiseTo(starting, sumOf(requests, sidecars));
    }
  }
  raiseTo(main, starting);
  return main;
}

function podLevelRequests(pod: PodResources, options: TotalOptions): ResourceMap {
  const { podLevel = noResources, status } = pod;
  const resizing =
    options.status === true && options.podLevelResize === true && status?.hasResources === true;
  if (!resizing) return podLevel;
  const highest = new Map(status.resizeInfeasible ? noResources : podLevel);
  raiseTo(highest, status.actuated ?? noResources);
  raiseTo(highest, status.allocated ?? noResources);
  return highest;
}

function specRequests(container: ContainerResources): ResourceMap {
  return container.requests;
}

function withoutNames(map: ResourceMap, names: ResourceMap): ResourceMap {
  return new Map([...map].filter(([name]) => !names.has(name)));
}
