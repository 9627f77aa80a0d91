import { formatDuration } from './duration.js';
import type { EffectiveConfiguration, PluginSet, ProfileConfiguration } from './scheduler-configuration.js';
import { pluginSetKeys } from './scheduler-configuration.js';

/** The configuration in effect as a KubeSchedulerConfiguration v1 object: what `/configz` shows and a file could hold. */
export function toVersioned(configuration: EffectiveConfiguration): Record<string, unknown> {
  const { leaderElection: election, clientConnection: connection } = configuration;
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, ...namesOfElection } = election;
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    clientConnection: {
      acceptContentTypes: connection.acceptContentTypes,
      burst: connection.burst,
      contentType: connection.contentType,
      kubeconfig: connection.kubeconfig,
      qps: connection.qps,
    },
    enableContentionProfiling: configuration.enableContentionProfiling,
    enableProfiling: configuration.enableProfiling,
    kind: 'KubeSchedulerConfiguration',
    leaderElection: {
      leaseDuration: formatDuration(leaseDurationMs),
      renewDeadline: formatDuration(renewDeadlineMs),
      retryPeriod: formatDuration(retryPeriodMs),
      ...namesOfElection,
    },
    parallelism: configuration.parallelism,
    percentageOfNodesToScore: configuration.percentageOfNodesToScore,
    podInitialBackoffSeconds: configuration.podInitialBackoffSeconds,
    podMaxBackoffSeconds: configuration.podMaxBackoffSeconds,
    profiles: configuration.profiles.map(versionedProfile),
    ...(configuration.extenders.length > 0 && {
      extenders: configuration.extenders.map(({ httpTimeoutMs, tlsConfig, ...extender }) => ({
        ...extender,
        httpTimeout: formatDuration(httpTimeoutMs),
        // Holds private keys at times: never shown.
        ...(tlsConfig && { tlsConfig: { insecure: tlsConfig.insecure ?? false } }),
      })),
    }),
    ...(configuration.delayCacheUntilActive && { delayCacheUntilActive: true }),
  };
}

function versionedProfile(profile: ProfileConfiguration): Record<string, unknown> {
  return {
    schedulerName: profile.schedulerName,
    ...(profile.percentageOfNodesToScore !== undefined && {
      percentageOfNodesToScore: profile.percentageOfNodesToScore,
    }),
    plugins: Object.fromEntries(pluginSetKeys.map((key) => [key, versionedSet(profile.plugins[key])])),
    pluginConfig: profile.pluginConfig.map(({ name, args }) => ({ name, args: versionedArgs(name, args) })),
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

function versionedArgs(plugin: string, args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(args).map(([name, value]) =>
    name.endsWith('TimeoutMs') && typeof value === 'number'
      ? [name.slice(0, -'Ms'.length), formatDuration(value)]
      : [name, value],
  );
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: `${plugin}Args`,
    ...Object.fromEntries(entries),
  };
}
