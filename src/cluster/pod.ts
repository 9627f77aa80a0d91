import type { Requests } from './requests.js';

/*
 * A pod as the scheduler keeps it: what decisions read and nothing else. `PodSpec` is shared by all pods made from the
 * same template, so what is derived from a spec is derived once; `Pod` holds what differs from pod to pod.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Toleration {
  readonly key: string;
  /** '' stands for Equal. */
  readonly operator: string;
  readonly value: string;
  /** '' stands for every effect. */
  readonly effect: string;
}

export interface HostPort {
  /** Never empty: an absent address is `0.0.0.0`. */
  readonly ip: string;
  /** Never empty: an absent protocol is `TCP`. */
  readonly protocol: string;
  readonly port: number;
}

/** Selectors stay as the API has them; plugins compile them once for each PodSpec. */
export interface NodeSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[];
  readonly matchFields?: readonly NodeSelectorRequirement[];
}

export interface PreferredSchedulingTerm {
  readonly weight: number;
  readonly preference: NodeSelectorTerm;
}

export interface NodeAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: {
    readonly nodeSelectorTerms?: readonly NodeSelectorTerm[];
  };
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly PreferredSchedulingTerm[];
}

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly NodeSelectorRequirement[];
}

export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly topologyKey: string;
}

export interface WeightedPodAffinityTerm {
  readonly weight: number;
  readonly podAffinityTerm: PodAffinityTerm;
}

export interface PodAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly WeightedPodAffinityTerm[];
}

export interface Affinity {
  readonly nodeAffinity?: NodeAffinity;
  readonly podAffinity?: PodAffinity;
  readonly podAntiAffinity?: PodAffinity;
}

export interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: LabelSelector;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: string;
  readonly nodeTaintsPolicy?: string;
  readonly matchLabelKeys?: readonly string[];
}

/** Spec parts that decisions read; frozen and shared between pods of the same template. */
export interface PodSpec {
  /** Small integer, unique among the specs alive in this process; key of caches that are kept per spec. */
  readonly id: number;
  /** undefined: absent; an empty map is kept apart, because NodeAffinity tells the two apart. */
  readonly nodeSelector: Labels | undefined;
  readonly affinity: Affinity | undefined;
  readonly tolerations: readonly Toleration[];
  readonly topologySpreadConstraints: readonly TopologySpreadConstraint[];
  readonly schedulingGates: readonly string[];
  readonly preemptionPolicy: string;
  /** Names of persistent volume claims used directly. */
  readonly claimNames: readonly string[];
  /** Volumes that decisions may depend on (claims, generic ephemeral, inline disks), as the API has them. */
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
  readonly hasResourceClaims: boolean;
  readonly hostPorts: readonly HostPort[];
  /** Names of features that a node must declare. */
  readonly requiredFeatures: readonly string[];
  /** Normalised image names of init containers, containers and image volumes, with repetitions. */
  readonly images: readonly string[];
  /** Number of init containers, containers and image volumes: scales ImageLocality's ceiling. */
  readonly imageCount: number;
  /** What NodeResourcesFit filters by: spec and pod-level requests, overhead included. */
  readonly requests: Requests;
  /** What NodeResourcesFit scores by: container sums with 100m and 200Mi for missing ones, pod-level requests ignored. */
  readonly scoringRequests: Requests;
}

export interface Pod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly labels: Labels;
  readonly schedulerName: string;
  /** '' while the pod is not bound. */
  readonly nodeName: string;
  readonly nominatedNodeName: string;
  readonly priority: number;
  readonly phase: string;
  /** True once deletionTimestamp is set. */
  readonly terminating: boolean;
  /** True when its first DisruptionTarget condition says that the scheduler preempts it. */
  readonly preempted: boolean;
  /** JSON of what the status says of resource claims made for the pod, '' for nothing: its change is an event. */
  readonly generatedClaims: string;
  /** Milliseconds since the epoch; undefined when not started. */
  readonly startTime: number | undefined;
  readonly creationTime: number;
  /** Controller owner, for default spreading. */
  readonly controller:
    | { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
    | undefined;
  /** The PodScheduled condition as last seen: what a status patch is compared with. */
  readonly scheduledCondition:
    | {
        readonly status: string;
        readonly reason: string;
        readonly message: string;
        readonly lastTransitionTime: string;
      }
    | undefined;
  readonly spec: PodSpec;
  /** What the pod takes from its node: in-place resize and pod-level requests considered. */
  readonly accounted: Requests;
  /** `accounted` with 100m and 200Mi where cpu and memory are missing: what scoring counts as used. */
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
}

/** `namespace/name`, for logs, events and messages; identity is the uid. */
export function podKey(pod: { readonly namespace: string; readonly name: string }): string {
  return `${pod.namespace}/${pod.name}`;
}
