import { resolve } from 'node:path';
import type { BerthConfiguration } from './berth-configuration.js';
import { enabledPlugins } from './defaults.js';
import { formatDuration } from './duration.js';
import {
  type DynamicResourcesArgs,
  hasKnownArgs,
  type NodeAffinityArgs,
  type NodeResourcesFitArgs,
  type PluginWithArgs,
  type PodTopologySpreadArgs,
} from './plugin-args.js';
import {
  type EffectiveConfiguration,
  type ExtenderConfiguration,
  type ExtenderTlsConfiguration,
  type PluginConfig,
  type PluginSet,
  type ProfileConfiguration,
  pluginSetKeys,
} from './scheduler-configuration.js';
import { omitted, withoutCredentials } from './url-credentials.js';

const apiVersion = 'kubescheduler.config.k8s.io/v1';

export interface VersionedOptions {
  /** Shows private keys and passwords of extenders; otherwise `DATA+OMITTED` stands for them. @default false */
  readonly showKeys?: boolean;
}

/** The configuration in effect as a KubeSchedulerConfiguration v1 object, as kube-scheduler's `/configz` shows it. */
export function toVersioned(
  configuration: EffectiveConfiguration,
  options: VersionedOptions = {},
): Record<string, unknown> {
  const { leaderElection: election, clientConnection: connection } = configuration;
  return {
    kind: 'KubeSchedulerConfiguration',
    apiVersion,
    parallelism: configuration.parallelism,
    leaderElection: {
      leaderElect: election.leaderElect,
      leaseDuration: formatDuration(election.leaseDurationMs),
      renewDeadline: formatDuration(election.renewDeadlineMs),
      retryPeriod: formatDuration(election.retryPeriodMs),
      resourceLock: election.resourceLock,
      resourceName: election.resourceName,
      resourceNamespace: election.resourceNamespace,
    },
    clientConnection: {
      kubeconfig: connection.kubeconfig,
      acceptContentTypes: connection.acceptContentTypes,
      contentType: connection.contentType,
      qps: connection.qps,
      burst: connection.burst,
    },
    enableProfiling: configuration.enableProfiling,
    enableContentionProfiling: configuration.enableContentionProfiling,
    percentageOfNodesToScore: configuration.percentageOfNodesToScore,
    podInitialBackoffSeconds: configuration.podInitialBackoffSeconds,
    podMaxBackoffSeconds: configuration.podMaxBackoffSeconds,
    profiles: configuration.profiles.map(versionedProfile),
    ...(configuration.extenders.length > 0 && {
      extenders: configuration.extenders.map((extender) => versionedExtender(extender, options)),
    }),
    ...(configuration.delayCacheUntilActive && { delayCacheUntilActive: true }),
  };
}

/**
 * As `toVersioned`, but with the arguments only of plugins that are made, sorted by name: what kube-scheduler writes
 * with --write-config-to.
 */
export function toWritten(
  configuration: EffectiveConfiguration,
  options: VersionedOptions = {},
): Record<string, unknown> {
  const profiles = configuration.profiles.map((profile) => {
    const enabled = enabledPlugins(profile.plugins);
    const used = profile.pluginConfig.filter(({ name, args }) => enabled.has(name) && args !== undefined);
    return { ...profile, pluginConfig: used.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
  return toVersioned({ ...configuration, profiles }, options);
}

/** A BerthConfiguration as a document of its own. Paths of modules are absolute: it may be written anywhere. */
export function versionedBerth({ plugins }: BerthConfiguration): Record<string, unknown> {
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'BerthConfiguration',
    plugins: plugins.map(({ name, module, folder, onFault, breaker, ...limits }) => ({
      name,
      module: module.startsWith('.') ? resolve(folder, module) : module,
      onFault,
      timeLimit: formatDuration(limits.timeLimitMs),
      bindingTimeLimit: formatDuration(limits.bindingTimeLimitMs),
      breaker: {
        faults: breaker.faults,
        window: formatDuration(breaker.windowMs),
        pause: formatDuration(breaker.pauseMs),
      },
    })),
  };
}

function versionedProfile(profile: ProfileConfiguration): Record<string, unknown> {
  const { schedulerName, percentageOfNodesToScore, plugins, pluginConfig } = profile;
  return {
    schedulerName,
    ...(percentageOfNodesToScore !== undefined && { percentageOfNodesToScore }),
    plugins: Object.fromEntries(pluginSetKeys.map((key) => [key, versionedSet(plugins[key])])),
    ...(pluginConfig.length > 0 && { pluginConfig: pluginConfig.map(versionedConfig) }),
  };
}

function versionedSet({ enabled, disabled }: PluginSet): Record<string, unknown> {
  return {
    ...(enabled.length > 0 && {
      enabled: enabled.map(({ name, weight }) => ({ name, weight: weight ?? 0 })),
    }),
    ...(disabled.length > 0 && { disabled: disabled.map(({ name }) => ({ name, weight: 0 })) }),
  };
}

function versionedConfig({ name, args }: PluginConfig): Record<string, unknown> {
  if (!hasKnownArgs(name)) {
    return { name, ...(args !== undefined && { args }) };
  }
  const show = (shownArgs[name] ?? ((given: unknown) => given)) as (args: unknown) => object;
  return { name, args: { kind: `${name}Args`, apiVersion, ...show(args) } };
}

/** Arguments that are not shown just as they are kept. */
const shownArgs: { readonly [Name in PluginWithArgs]?: (args: never) => object } = {
  DynamicResources: ({ filterTimeoutMs, bindingTimeoutMs }: DynamicResourcesArgs) => ({
    filterTimeout: formatDuration(filterTimeoutMs),
    bindingTimeout: formatDuration(bindingTimeoutMs),
  }),
  NodeAffinity: ({ addedAffinity }: NodeAffinityArgs) => {
    const { requiredDuringSchedulingIgnoredDuringExecution: required, ...rest } = addedAffinity ?? {};
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred } = rest;
    return {
      ...(addedAffinity && {
        addedAffinity: {
          ...(required && {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: required.nodeSelectorTerms?.map(withoutEmptyLists) ?? null,
            },
          }),
          ...(preferred?.length && {
            preferredDuringSchedulingIgnoredDuringExecution: preferred.map(({ weight, preference }) => ({
              weight,
              preference: withoutEmptyLists(preference),
            })),
          }),
        },
      }),
    };
  },
  NodeResourcesFit: (args: NodeResourcesFitArgs) => withoutEmptyLists(args),
  PodTopologySpread: ({ defaultConstraints, ...args }: PodTopologySpreadArgs) =>
    withoutEmptyLists({ defaultConstraints: defaultConstraints?.map(withoutEmptyLists), ...args }),
};

/** A copy without fields that are undefined or empty lists, all the way down through lists. */
function withoutEmptyLists(value: object): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => {
      if (field === undefined || (Array.isArray(field) && field.length === 0)) return [];
      return [[key, Array.isArray(field) ? field.map(copyOfItem) : field]];
    }),
  );
}

function copyOfItem(item: unknown): unknown {
  return typeof item === 'object' && item !== null ? withoutEmptyLists(item) : item;
}

function versionedExtender(
  { httpTimeoutMs, tlsConfig, managedResources, ...extender }: ExtenderConfiguration,
  options: VersionedOptions,
): Record<string, unknown> {
  return {
    urlPrefix: options.showKeys ? extender.urlPrefix : withoutCredentials(extender.urlPrefix, omitted),
    ...givenOf({
      filterVerb: extender.filterVerb,
      preemptVerb: extender.preemptVerb,
      prioritizeVerb: extender.prioritizeVerb,
      weight: extender.weight,
      bindVerb: extender.bindVerb,
      enableHTTPS: extender.enableHTTPS,
    }),
    ...(tlsConfig && { tlsConfig: versionedTls(tlsConfig, options) }),
    httpTimeout: formatDuration(httpTimeoutMs),
    ...givenOf({ nodeCacheCapable: extender.nodeCacheCapable }),
    ...(managedResources.length > 0 && {
      managedResources: managedResources.map(({ name, ignoredByScheduler }) => ({
        name,
        ...givenOf({ ignoredByScheduler }),
      })),
    }),
    ...givenOf({ ignorable: extender.ignorable }),
  };
}

function versionedTls(
  { keyData, ...tls }: ExtenderTlsConfiguration,
  { showKeys = false }: VersionedOptions,
): Record<string, unknown> {
  return givenOf({ ...tls, keyData: keyData && !showKeys ? omitted : keyData });
}

/** Only the fields that say something: empty texts, 0 and false are left out. */
function givenOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}
