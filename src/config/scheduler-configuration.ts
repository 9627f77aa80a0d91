import type { BerthConfiguration } from './berth-configuration.js';

/**
 * The configuration in effect: KubeSchedulerConfiguration v1 with every default filled in and durations in
 * milliseconds. This is what the rest of the house reads; the file's own shape is in schema.ts.
 */
export interface EffectiveConfiguration {
  /** Path of the file it came from, as given; `undefined` when all of it is defaults and flags. */
  readonly source: string | undefined;
  /** What a person should know but need not correct. Constant enough to be logged one by one. */
  readonly warnings: readonly string[];
  readonly parallelism: number;
  readonly leaderElection: LeaderElectionConfiguration;
  readonly clientConnection: ClientConnectionConfiguration;
  readonly enableProfiling: boolean;
  /** Whether the file says itself that profiles are to be served: kube-scheduler's default, which is shown, opens nothing here. */
  readonly servesProfiles: boolean;
  readonly enableContentionProfiling: boolean;
  /** 0 lets the scheduler decide: Berth then evaluates all nodes. */
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  readonly profiles: readonly ProfileConfiguration[];
  readonly extenders: readonly ExtenderConfiguration[];
  readonly delayCacheUntilActive: boolean;
  /** What the file says to Berth alone. Absent: nothing. */
  readonly berth?: BerthConfiguration;
}

export interface LeaderElectionConfiguration {
  readonly leaderElect: boolean;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly resourceLock: string;
  readonly resourceName: string;
  readonly resourceNamespace: string;
}

export interface ClientConnectionConfiguration {
  /** Path of a kubeconfig; empty means in-cluster credentials, else the usual places. */
  readonly kubeconfig: string;
  readonly acceptContentTypes: string;
  readonly contentType: string;
  /** Requests per second; negative means no limit. */
  readonly qps: number;
  readonly burst: number;
}

export interface ProfileConfiguration {
  readonly schedulerName: string;
  /** `undefined` inherits the top-level value. */
  readonly percentageOfNodesToScore: number | undefined;
  /** The user's sets already merged into the default ones; `expandPluginSets` makes lists per extension point of it. */
  readonly plugins: PluginSets;
  readonly pluginConfig: readonly PluginConfig[];
}

/** Arguments of one plugin: an object with defaults filled in where kube-scheduler knows them (`argsOf`), else as written. */
export interface PluginConfig {
  readonly name: string;
  readonly args: unknown;
}

/** Keys of `plugins` that stand for one extension point, in the order kube-scheduler writes them. */
export const extensionPoints = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
  'placementGenerate',
  'placementScore',
  'podGroupPostFilter',
] as const;

export type ExtensionPoint = (typeof extensionPoints)[number];

/** All keys of `plugins`. */
export const pluginSetKeys = [...extensionPoints, 'multiPoint'] as const;

export type PluginSetKey = (typeof pluginSetKeys)[number];

export interface PluginEntry {
  readonly name: string;
  /** Missing or 0 counts as 1 where the plugin scores. */
  readonly weight?: number | undefined;
}

export interface PluginSet {
  readonly enabled: readonly PluginEntry[];
  /** The name `*` stands for all default plugins. */
  readonly disabled: readonly { readonly name: string }[];
}

export type PluginSets = Readonly<Record<PluginSetKey, PluginSet>>;

export interface ExtenderConfiguration {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly preemptVerb: string;
  readonly prioritizeVerb: string;
  readonly bindVerb: string;
  readonly weight: number;
  readonly enableHTTPS: boolean;
  readonly tlsConfig: ExtenderTlsConfiguration | undefined;
  readonly httpTimeoutMs: number;
  readonly nodeCacheCapable: boolean;
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
  readonly ignorable: boolean;
}

/** Data fields are base64, as in the file. */
export interface ExtenderTlsConfiguration {
  readonly insecure?: boolean | undefined;
  readonly serverName?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certData?: string | undefined;
  readonly keyData?: string | undefined;
  readonly caData?: string | undefined;
}
