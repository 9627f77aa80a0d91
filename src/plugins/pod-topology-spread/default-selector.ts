import type { ClusterState } from '../../cluster/cluster-state.js';
import type { Labels, Pod } from '../../cluster/pod.js';
import { selectorKey } from '../../cluster/pod-counts.js';
import type { PodController, Service } from '../../cluster/workload.js';
import { equalityRequirement, type LabelRequirement } from '../../kube/label-requirement.js';
import { compileLabelSelector, type LabelMatcher, labelMapSelector } from '../../kube/label-selector.js';
import { canonicalSelector } from './canonical-selector.js';

export type WorkloadState = Pick<
  ClusterState,
  'services' | 'replicationControllers' | 'replicaSets' | 'statefulSets'
>;

/** What default constraints select by, for a pod that does not say itself which pods it belongs to. */
export interface DefaultSelector {
  /** `everything` when nothing in the cluster says so either. */
  readonly selector: LabelMatcher;
  /** Equal keys mean equal selectors. */
  readonly key: string;
}

interface Deduction extends DefaultSelector {
  readonly namespace: string;
  readonly servicesVersion: number;
  readonly controller: PodController | undefined;
}

interface SelectingService {
  readonly labels: Labels;
  readonly selector: LabelMatcher;
}

const none: readonly SelectingService[] = [];

/**
 * Deduces from Services and the controlling owner which pods belong together. Pods of one template share their labels object, so
 * that a deduction serves all of them until the Services or the owner change.
 */
export class DefaultSelectors {
  readonly #workloads: WorkloadState;
  readonly #deduced = new WeakMap<Labels, Deduction>();
  #servicesVersion = -1;
  #servicesByNamespace: ReadonlyMap<string, readonly SelectingService[]> = new Map();

  constructor(workloads: WorkloadState) {
    this.#workloads = workloads;
  }

  selectorFor(pod: Pod): DefaultSelector {
    const { namespace, labels } = pod;
    const controller = this.#controllerOf(pod);
    const servicesVersion = this.#workloads.services.version;
    const known = this.#deduced.get(labels);
    if (
      known !== undefined &&
      known.servicesVersion === servicesVersion &&
      known.namespace === namespace &&
      known.controller === controller
    ) {
      return known;
    }
    const selector = canonicalSelector(this.#requirements(pod, controller));
    const deduction = {
      selector,
      key: selectorKey(selector),
      namespace,
      servicesVersion,
      controller,
    };
    this.#deduced.set(labels, deduction);
    return deduction;
  }

  /** Found by name, as kube-scheduler does, which does not compare the owner's UID. */
  #controllerOf({ controller: owner, namespace }: Pod): PodController | undefined {
    if (owner === undefined) return undefined;
    const { replicationControllers, replicaSets, statefulSets } = this.#workloads;
    switch (`${owner.apiVersion}/${owner.kind}`) {
      case 'v1/ReplicationController':
        return replicationControllers.get(owner.name, namespace);
      case 'apps/v1/ReplicaSet':
        return replicaSets.get(owner.name, namespace);
      case 'apps/v1/StatefulSet':
        return statefulSets.get(owner.name, namespace);
      default:
        return undefined;
    }
  }

  #requirements({ namespace, labels }: Pod, controller: PodController | undefined): LabelRequirement[] {
    // Maps merge by key, the owner's over the Services'; selectors with operators are added as they are.
    const merged = new Map<string, string>();
    for (const service of this.#servicesIn(namespace)) {
      if (!service.selector.matches(labels)) continue;
      for (const [key, value] of Object.entries(service.labels)) merged.set(key, value);
    }
    const { kind, selector } = controller ?? {};
    if (kind === 'ReplicationController') {
      for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) merged.set(key, value);
    }
    const equalities = [...merged].map(([key, value]) => equalityRequirement(key, value));
    if (controller === undefined || kind === 'ReplicationController') return equalities;
    const compiled = compileLabelSelector(selector);
    return compiled.ok ? [...equalities, ...compiled.selector.requirements] : equalities;
  }

  #servicesIn(namespace: string): readonly SelectingService[] {
    const { services } = this.#workloads;
    if (this.#servicesVersion !== services.version) {
      this.#servicesByNamespace = groupByNamespace(services.values());
      this.#servicesVersion = services.version;
    }
    return this.#servicesByNamespace.get(namespace) ?? none;
  }
}

function groupByNamespace(services: Iterable<Service>): Map<string, SelectingService[]> {
  const groups = new Map<string, SelectingService[]>();
  for (const { namespace, selector: labels } of services) {
    if (labels === undefined) continue;
    const service = { labels, selector: labelMapSelector(labels) };
    const group = groups.get(namespace);
    if (group === undefined) groups.set(namespace, [service]);
    else group.push(service);
  }
  return groups;
}
