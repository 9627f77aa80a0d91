import { argsWithDefaults } from './args-defaults.js';
import { defaultMultiPoint } from './in-tree-plugins.js';
import { hasKnownArgs, type NodeResourcesFitArgs, pluginsWithArgs } from './plugin-args.js';
import { completePluginSets, mergePluginSets } from './plugin-sets.js';
import {
  type EffectiveConfiguration,
  type ExtenderConfiguration,
  type PluginConfig,
  type PluginSets,
  type ProfileConfiguration,
  pluginSetKeys,
} from './scheduler-configuration.js';
import type { ConfigurationFile, ExtenderFile, ProfileFile } from './schema.js';

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
  const extenders = (file.extenders ?? []).map(extenderWithDefaults);
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
    servesProfiles: file.enableProfiling === true,
    enableContentionProfiling: file.enableContentionProfiling ?? enableProfiling,
    percentageOfNodesToScore: file.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: file.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: file.podMaxBackoffSeconds ?? 10,
    profiles: profilesWithDefaults(file.profiles ?? [], options.schedulerName).map((profile) =>
      leavingToExtenders(profile, extenders),
    ),
    extenders,
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
          enabled: (set?.enabled ?? []).map(({ name = '', weight }) => ({ name, weight })),
          disabled: (set?.disabled ?? []).map(({ name = '' }) => ({ name })),
        },
      ]),
    ),
  );
}

/** The user's entries first, then one for every enabled plugin that has arguments and was not mentioned. */
function pluginConfigWithDefaults(profile: ProfileFile, plugins: PluginSets): PluginConfig[] {
  const written = (profile.pluginConfig ?? []).map(({ name = '', args }) => ({
    name,
    args: hasKnownArgs(name) ? argsWithDefaults(name, args ?? {}) : args,
  }));
  const mentioned = new Set(written.map(({ name }) => name));
  const enabled = enabledPlugins(plugins);
  const added = pluginsWithArgs
    .filter((name) => enabled.has(name) && !mentioned.has(name))
    .map((name) => ({ name, args: argsWithDefaults(name, {}) }));
  return [...written, ...added];
}

/** Names of the plugins that a profile makes: those of any list, whether or not some point leaves them out. */
export function enabledPlugins(plugins: PluginSets): ReadonlySet<string> {
  return new Set(pluginSetKeys.flatMap((key) => plugins[key].enabled.map(({ name }) => name)));
}

/** Resources that an extender looks after are no longer NodeResourcesFit's business, in place of those the file names. */
function leavingToExtenders(
  profile: ProfileConfiguration,
  extenders: readonly ExtenderConfiguration[],
): ProfileConfiguration {
  const ignoredResources = extenders.flatMap(({ managedResources }) =>
    managedResources.filter(({ ignoredByScheduler }) => ignoredByScheduler).map(({ name }) => name),
  );
  if (ignoredResources.length === 0) {
    return profile;
  }
  const pluginConfig = profile.pluginConfig.map((entry) =>
    entry.name === 'NodeResourcesFit'
      ? { ...entry, args: { ...(entry.args as NodeResourcesFitArgs), ignoredResources } }
      : entry,
  );
  return { ...profile, pluginConfig };
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
    managedResources: (extender.managedResources ?? []).map(({ name = '', ignoredByScheduler = false }) => ({
      name,
      ignoredByScheduler,
    })),
    ignorable: extender.ignorable ?? false,
  };
}
