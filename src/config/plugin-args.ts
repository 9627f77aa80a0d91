/** Arguments of plugins with every default filled in. Plugins of others get theirs as written. */
export type PluginArgs = Readonly<Record<string, unknown>>;

export interface ResourceSpec {
  readonly name: string;
  readonly weight: number;
}

export interface UtilizationShapePoint {
  /** 0 to 100. */
  readonly utilization: number;
  /** 0 to 10. */
  readonly score: number;
}

export interface DefaultPreemptionArgs {
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export interface InterPodAffinityArgs {
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

/** A v1 NodeAffinity, as in a pod. */
export interface AddedAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?:
    | { readonly nodeSelectorTerms?: readonly NodeSelectorTermArgs[] | undefined }
    | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?:
    | readonly { readonly weight: number; readonly preference: NodeSelectorTermArgs }[]
    | undefined;
}

export interface NodeSelectorTermArgs {
  readonly matchExpressions?: readonly RequirementArgs[] | undefined;
  readonly matchFields?: readonly RequirementArgs[] | undefined;
}

export interface RequirementArgs {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

export interface NodeAffinityArgs {
  readonly addedAffinity?: AddedAffinity | undefined;
}

export interface NodeResourcesBalancedAllocationArgs {
  readonly resources: readonly ResourceSpec[];
}

export interface NodeResourcesFitArgs {
  readonly ignoredResources?: readonly string[] | undefined;
  readonly ignoredResourceGroups?: readonly string[] | undefined;
  readonly scoringStrategy: ScoringStrategy;
}

export interface ScoringStrategy {
  /** `LeastAllocated`, `MostAllocated` or `RequestedToCapacityRatio`. */
  readonly type: string;
  readonly resources: readonly ResourceSpec[];
  readonly requestedToCapacityRatio?:
    | { readonly shape?: readonly UtilizationShapePoint[] | undefined }
    | undefined;
}

export interface PodTopologySpreadArgs {
  /** `System` or `List`. */
  readonly defaultingType: string;
  readonly defaultConstraints?: readonly DefaultConstraint[] | undefined;
}

export interface DefaultConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: unknown;
  readonly minDomains?: number | undefined;
  readonly nodeAffinityPolicy?: string | undefined;
  readonly nodeTaintsPolicy?: string | undefined;
  readonly matchLabelKeys?: readonly string[] | undefined;
}

export interface VolumeBindingArgs {
  readonly bindTimeoutSeconds: number;
  readonly shape: readonly UtilizationShapePoint[];
}

export interface DynamicResourcesArgs {
  readonly filterTimeoutMs: number;
  readonly bindingTimeoutMs: number;
}

/** Plugins with arguments, by name. */
export interface KnownPluginArgs {
  DefaultPreemption: DefaultPreemptionArgs;
  DynamicResources: DynamicResourcesArgs;
  InterPodAffinity: InterPodAffinityArgs;
  NodeAffinity: NodeAffinityArgs;
  NodeResourcesBalancedAllocation: NodeResourcesBalancedAllocationArgs;
  NodeResourcesFit: NodeResourcesFitArgs;
  PodTopologySpread: PodTopologySpreadArgs;
  VolumeBinding: VolumeBindingArgs;
}

export type PluginWithArgs = keyof KnownPluginArgs;

/** In the order kube-scheduler adds missing entries to `pluginConfig`. */
export const pluginsWithArgs: readonly PluginWithArgs[] = [
  'DefaultPreemption',
  'DynamicResources',
  'InterPodAffinity',
  'NodeAffinity',
  'NodeResourcesBalancedAllocation',
  'NodeResourcesFit',
  'PodTopologySpread',
  'VolumeBinding',
];

export function hasKnownArgs(plugin: string): plugin is PluginWithArgs {
  return (pluginsWithArgs as readonly string[]).includes(plugin);
}

/**
 * The arguments of one of kube-scheduler's plugins in a loaded profile.
 * `undefined` when the profile does not enable it; loading has filled in all defaults otherwise.
 */
export function argsOf<Name extends PluginWithArgs>(
  profile: { readonly pluginConfig: readonly { readonly name: string; readonly args: unknown }[] },
  plugin: Name,
): KnownPluginArgs[Name] | undefined {
  const entry = profile.pluginConfig.find(({ name }) => name === plugin);
  return entry?.args as KnownPluginArgs[Name] | undefined;
}
