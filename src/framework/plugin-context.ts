import type { ClusterReader } from './cluster-reader.js';

/** A plugin's log: messages are constant, what varies goes into facts. Every line carries the plugin's name. */
export interface PluginLog {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void;
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Pods that Permit holds back, for the plugin that asked for it. */
export interface HeldPods {
  /** This plugin lets the pod go on. */
  allow(uid: string): void;
  /** This plugin refuses the pod after all; false when it does not wait. */
  reject(uid: string, reason: string): boolean;
}

/** What a plugin is handed when it is made, once for each profile that enables it. */
export interface PluginContext<Args = undefined> {
  /** The profile's `pluginConfig` entry, checked by the plugin's `args` schema; undefined for a plugin without one. */
  readonly args: Args;
  /** The profile's scheduler name. */
  readonly profile: string;
  readonly cluster: ClusterReader;
  /** Time to go by, so that tests decide what time it is. `now`: milliseconds since the epoch; `monotonic`: for durations. */
  readonly clock: { now(): number; monotonic(): number };
  readonly log: PluginLog;
  /** For requests in the background, never within an extension point. Tests replace it. */
  readonly fetch: typeof fetch;
  /** Fires when this instance is not used any more: the program ends, or the configuration was loaded again. */
  readonly signal: AbortSignal;
  readonly held: HeldPods;
  /**
   * Runs a task in the background, at once and then `ms` milliseconds after each end, until `signal` fires. A task that fails is
   * logged, counted, and tried again at its next turn.
   */
  every(ms: number, task: (signal: AbortSignal) => Promise<void> | void): void;
  /**
   * Has pods that this plugin refused tried again, for what changes otherwise than by an event of the cluster: the time of day, an
   * answer from elsewhere.
   */
  retryRefused(): void;
}
