import type {
  AddedAffinity,
  DefaultConstraint,
  KnownPluginArgs,
  NodeSelectorTermArgs,
  PluginArgs,
  PluginWithArgs,
  RequirementArgs,
  ResourceSpec,
  ScoringStrategy,
  UtilizationShapePoint,
} from './plugin-args.js';
import type { ArgsFile } from './schema.js';

const cpuAndMemory: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** Per plugin: a decoded file's arguments → arguments with defaults. */
const defaultsOf: { readonly [Name in PluginWithArgs]: (args: ArgsFile<Name>) => KnownPluginArgs[Name] } = {
  DefaultPreemption: (args) => ({
    minCandidateNodesPercentage: args.minCandidateNodesPercentage ?? 10,
    minCandidateNodesAbsolute: args.minCandidateNodesAbsolute ?? 100,
  }),
  DynamicResources: (args) => ({
    filterTimeoutMs: args.filterTimeout ?? 10_000,
    bindingTimeoutMs: args.bindingTimeout ?? 600_000,
  }),
  InterPodAffinity: (args) => ({
    hardPodAffinityWeight: args.hardPodAffinityWeight ?? 1,
    ignorePreferredTermsOfExistingPods: args.ignorePreferredTermsOfExistingPods ?? false,
  }),
  NodeAffinity: ({ addedAffinity }) =>
    addedAffinity === undefined ? {} : { addedAffinity: addedAffinityOf(addedAffinity) },
  NodeResourcesBalancedAllocation: (args) => ({ resources: resourcesWithDefaults(args.resources) }),
  NodeResourcesFit: (args) => ({
    ...(args.ignoredResources && { ignoredResources: args.ignoredResources }),
    ...(args.ignoredResourceGroups && { ignoredResourceGroups: args.ignoredResourceGroups }),
    scoringStrategy:
      args.scoringStrategy === undefined
        ? { type: 'LeastAllocated', resources: cpuAndMemory }
        : strategyWithDefaults(args.scoringStrategy),
  }),
  PodTopologySpread: (args) => ({
    defaultingType: args.defaultingType || 'System',
    ...(args.defaultConstraints && { defaultConstraints: args.defaultConstraints.map(constraintOf) }),
  }),
  VolumeBinding: (args) => ({
    bindTimeoutSeconds: args.bindTimeoutSeconds ?? 600,
    shape:
      args.shape === undefined || args.shape.length === 0
        ? [
            { utilization: 0, score: 10 },
            { utilization: 100, score: 0 },
          ]
        : shapeOf(args.shape),
  }),
};

/** Fills in what the arguments of one of kube-scheduler's plugins leave out. `args` must have passed that plugin's schema. */
export function argsWithDefaults<Name extends PluginWithArgs>(plugin: Name, args: object): PluginArgs {
  const fill = defaultsOf[plugin] as (args: object) => object;
  return fill(args) as PluginArgs;
}

function resourcesWithDefaults(
  written: readonly { readonly name?: string | undefined; readonly weight?: number | undefined }[] = [],
): readonly ResourceSpec[] {
  return written.length === 0
    ? cpuAndMemory
    : written.map(({ name = '', weight }) => ({ name, weight: weight || 1 }));
}

function strategyWithDefaults({
  type = '',
  resources,
  requestedToCapacityRatio: ratio,
}: NonNullable<ArgsFile<'NodeResourcesFit'>['scoringStrategy']>): ScoringStrategy {
  return {
    type,
    resources: resourcesWithDefaults(resources),
    ...(ratio && { requestedToCapacityRatio: ratio.shape ? { shape: shapeOf(ratio.shape) } : {} }),
  };
}

function shapeOf(points: NonNullable<ArgsFile<'VolumeBinding'>['shape']>): readonly UtilizationShapePoint[] {
  return points.map(({ utilization = 0, score = 0 }) => ({ utilization, score }));
}

function constraintOf({
  maxSkew = 0,
  topologyKey = '',
  whenUnsatisfiable = '',
  ...rest
}: NonNullable<ArgsFile<'PodTopologySpread'>['defaultConstraints']>[number]): DefaultConstraint {
  return { maxSkew, topologyKey, whenUnsatisfiable, ...rest };
}

type AffinityFile = NonNullable<ArgsFile<'NodeAffinity'>['addedAffinity']>;
type PreferredFile = NonNullable<AffinityFile['preferredDuringSchedulingIgnoredDuringExecution']>[number];
type TermFile = NonNullable<PreferredFile['preference']>;

function addedAffinityOf({
  requiredDuringSchedulingIgnoredDuringExecution: required,
  preferredDuringSchedulingIgnoredDuringExecution: preferred,
}: AffinityFile): AddedAffinity {
  return {
    ...(required && {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: required.nodeSelectorTerms?.map(termOf),
      },
    }),
    ...(preferred && {
      preferredDuringSchedulingIgnoredDuringExecution: preferred.map(({ weight = 0, preference = {} }) => ({
        weight,
        preference: termOf(preference),
      })),
    }),
  };
}

function termOf({ matchExpressions, matchFields }: TermFile): NodeSelectorTermArgs {
  return {
    ...(matchExpressions && { matchExpressions: matchExpressions.map(requirementOf) }),
    ...(matchFields && { matchFields: matchFields.map(requirementOf) }),
  };
}

function requirementOf({
  key = '',
  operator = '',
  values,
}: NonNullable<TermFile['matchFields']>[number]): RequirementArgs {
  return { key, operator, ...(values && { values }) };
}
