import type { DecodedFile } from './defaults.js';

/** What flags say; a flag that was not given is absent. Flags win over the file. */
export interface ConfigurationOverrides {
  /** Name of the profile when there is no file, or when the file's only profile has none. @default 'berth' */
  readonly schedulerName?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly kubeApiQps?: number | undefined;
  readonly kubeApiBurst?: number | undefined;
  readonly leaderElect?: boolean | undefined;
  readonly leaseName?: string | undefined;
  readonly leaseNamespace?: string | undefined;
  readonly leaseDurationMs?: number | undefined;
  readonly renewDeadlineMs?: number | undefined;
  readonly retryPeriodMs?: number | undefined;
  /** What has to be said of the flags themselves; becomes warnings. */
  readonly remarks?: readonly string[] | undefined;
}

/** The file with what flags say in place of what it says. */
export function applyOverrides(file: DecodedFile, overrides: ConfigurationOverrides): DecodedFile {
  const { leaderElection, clientConnection } = file;
  return {
    ...file,
    clientConnection: {
      ...clientConnection,
      ...given({
        kubeconfig: overrides.kubeconfig,
        qps: overrides.kubeApiQps,
        burst: overrides.kubeApiBurst,
      }),
    },
    leaderElection: {
      ...leaderElection,
      ...given({
        leaderElect: overrides.leaderElect,
        resourceName: overrides.leaseName,
        resourceNamespace: overrides.leaseNamespace,
        leaseDuration: overrides.leaseDurationMs,
        renewDeadline: overrides.renewDeadlineMs,
        retryPeriod: overrides.retryPeriodMs,
      }),
    },
  };
}

function given<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<Values>;
}

/** Fields whose value came from a flag: a problem with them is not to be looked for in the file. */
export function overriddenPaths(overrides: ConfigurationOverrides): ReadonlySet<string> {
  const applied = applyOverrides({}, overrides);
  return new Set([
    ...Object.keys(applied.clientConnection ?? {}).map((field) => `clientConnection.${field}`),
    ...Object.keys(applied.leaderElection ?? {}).map((field) => `leaderElection.${field}`),
  ]);
}
