import { defaultMultiPoint } from './in-tree-plugins.js';
import {
  type DefaultConstraint,
  hasKnownArgs,
  type KnownPluginArgs,
  type PluginArgs,
  type PluginWithArgs,
  pluginsWithArgs,
  type ResourceSpec,
} from './plugin-args.js';
import { completePluginSets, mergePluginSets } from './plugin-sets.js';
import {
  type EffectiveConfiguration,
  type ExtenderConfiguration,
  type PluginConfig,
  type PluginSets,
  type ProfileConfiguration,
  pluginSetKeys,
} from './scheduler-configuration.js';
import type { ArgsFile, ConfigurationFile, ExtenderFile, ProfileFile } from './schema.js';

/** What Berth calls itself where kube-scheduler would say `default-scheduler` or `kube-scheduler`. */
export const berthNames = {
  schedulerName: 'berth',
  leaseName: 'berth',
  leaseNamespace: 'berth-system',
} as const;

/** The plugin sets of a profile that says nothing of plugins. */
export const defaultPluginSets: PluginSets = completePluginSets({
  multiPoint: { enabled: defaultMultiPoint, disabled: [] },
});

/** A file in which only known fields were found, its plugin arguments checked by shape. */
export type DecodedFile = Partial<Omit<ConfigurationFile, 'apiVersion' | 'kind'>>;

export interface DefaultsOptions {
  /** Name of the only profile when it has none. */
  readonly schedulerName: string;
  readonly source: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * Fills in everything a file leaves out. Empty texts, 0 rates and 0 durations count as left out, as they do for
 * kube-scheduler; numbers that it knows to be set (parallelism, backoffs, percentages) keep their 0.
 */
export function withDefaults(file: DecodedFile, options: DefaultsOptions): EffectiveConfiguration {
  const { leaderElection: election = {}, clientConnection: connection = {} } = file;
  const enableProfiling = file.enableProfiling ?? true;
  return {
    source: options.source,
    warnings: options.warnings,
    parallelism: file.parallelism ?? 16,
    leaderElection: {
      leaderElect: election.leaderElect ?? true,
      leaseDurationMs: election.leaseDuration || 15_000,
      renewDeadlineMs: election.renewDeadline || 10_000,
      retryPeriodMs: election.retryPeriod || 2_000,
      resourceLock: election.resourceLock || 'leases',
      resourceName: election.resourceName || berthNames.leaseName,
      resourceNamespace: election.resourceNamespace || berthNames.leaseNamespace,
    },
    clientConnection: {
      kubeconfig: connection.kubeconfig ?? '',
      acceptContentTypes: connection.acceptContentTypes ?? '',
      contentType: connection.contentType || 'application/vnd.kubernetes.protobuf',
      qps: connection.qps || 50,
      burst: connection.burst || 100,
    },
    enableProfiling,
    enableContentionProfiling: file.enableContentionProfiling ?? enableProfiling,
    percentageOfNodesToScore: file.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: file.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: file.podMaxBackoffSeconds ?? 10,
    profiles: profilesWithDefaults(file.profiles ?? [], options.schedulerName),
    extenders: (file.extenders ?? []).map(extenderWithDefaults),
    delayCacheUntilActive: file.delayCacheUntilActive ?? false,
  };
}

function profilesWithDefaults(
  written: readonly ProfileFile[],
  schedulerName: string,
): ProfileConfiguration[] {
  const profiles = written.length === 0 ? [{}] : written;
  const nameOfOnly = profiles.length === 1 ? schedulerName : '';
  return profiles.map((profile: ProfileFile) => {
    const plugins = mergePluginSets(defaultPluginSets, userPluginSets(profile));
    return {
      schedulerName: profile.schedulerName || nameOfOnly,
      percentageOfNodesToScore: profile.percentageOfNodesToScore,
      plugins,
      pluginConfig: pluginConfigWithDefaults(profile, plugins),
    };
  });
}

function userPluginSets(profile: ProfileFile): PluginSets {
  return completePluginSets(
    Object.fromEntries(
      Object.entries(profile.plugins ?? {}).map(([key, set]) => [
        key,
        {
          enabled: set?.enabled ?? [],
          disabled: (set?.disabled ?? []).map(({ name }) => ({ name })),
        },
      ]),
    ),
  );
}

/** The user's entries first, then one for every enabled plugin that has arguments and was not mentioned. */
function pluginConfigWithDefaults(profile: ProfileFile, plugins: PluginSets): PluginConfig[] {
  const written = (profile.pluginConfig ?? []).map(({ name, args = {} }) => ({
    name,
    args: hasKnownArgs(name) ? argsWithDefaults(name, args) : args,
  }));
  const mentioned = new Set(written.map(({ name }) => name));
  const enabled = new Set(pluginSetKeys.flatMap((key) => plugins[key].enabled.map(({ name }) => name)));
  const added = pluginsWithArgs
    .filter((name) => enabled.has(name) && !mentioned.has(name))
    .map((name) => ({ name, args: argsWithDefaults(name, {}) }));
  return [...written, ...added];
}

function extenderWithDefaults(extender: ExtenderFile): ExtenderConfiguration {
  return {
    urlPrefix: extender.urlPrefix ?? '',
    filterVerb: extender.filterVerb ?? '',
    preemptVerb: extender.preemptVerb ?? '',
    prioritizeVerb: extender.prioritizeVerb ?? '',
    bindVerb: extender.bindVerb ?? '',
    weight: extender.weight ?? 0,
    enableHTTPS: extender.enableHTTPS ?? false,
    tlsConfig: extender.tlsConfig,
    httpTimeoutMs: extender.httpTimeout || 5_000,
    nodeCacheCapable: extender.nodeCacheCapable ?? false,
    managedResources: (extender.managedResources ?? []).map(({ name, ignoredByScheduler = false }) => ({
      name,
      ignoredByScheduler,
    })),
    ignorable: extender.ignorable ?? false,
  };
}

const cpuAndMemory: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** Per plugin: a decoded file's arguments → arguments with defaults. */
const argsDefaults: { readonly [Name in PluginWithArgs]: (args: ArgsFile<Name>) => KnownPluginArgs[Name] } = {
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
  NodeAffinity: (args) => (args.addedAffinity === undefined ? {} : { addedAffinity: args.addedAffinity }),
  NodeResourcesBalancedAllocation: (args) => ({ resources: resourcesWithDefaults(args.resources) }),
  NodeResourcesFit: (args) => ({
    ...(args.ignoredResources && { ignoredResources: args.ignoredResources }),
    ...(args.ignoredResourceGroups && { ignoredResourceGroups: args.ignoredResourceGroups }),
    scoringStrategy:
      args.scoringStrategy === undefined
        ? { type: 'LeastAllocated', resources: cpuAndMemory }
        : {
            ...args.scoringStrategy,
            type: args.scoringStrategy.type ?? '',
            resources: resourcesWithDefaults(args.scoringStrategy.resources),
          },
  }),
  PodTopologySpread: (args) => ({
    defaultingType: args.defaultingType || 'System',
    ...(args.defaultConstraints && {
      defaultConstraints: args.defaultConstraints as readonly DefaultConstraint[],
    }),
  }),
  VolumeBinding: (args) => ({
    bindTimeoutSeconds: args.bindTimeoutSeconds ?? 600,
    shape:
      args.shape === undefined || args.shape.length === 0
        ? [
            { utilization: 0, score: 10 },
            { utilization: 100, score: 0 },
          ]
        : args.shape,
  }),
};

/** `args` must have passed that plugin's schema. */
function argsWithDefaults<Name extends PluginWithArgs>(plugin: Name, args: object): PluginArgs {
  const fill = argsDefaults[plugin] as (args: object) => object;
  return fill(args) as PluginArgs;
}

function resourcesWithDefaults(
  written: readonly { readonly name: string; readonly weight?: number | undefined }[] | undefined,
): readonly ResourceSpec[] {
  if (written === undefined || written.length === 0) {
    return cpuAndMemory;
  }
  return written.map(({ name, weight }) => ({ name, weight: weight || 1 }));
}
