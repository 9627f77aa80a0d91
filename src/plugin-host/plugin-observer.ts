import type { BreakerState } from './circuit-breaker.js';

/** `exception`: it threw. `timeout`: it took too long. `answer`: it returned what it may not. */
export type FaultKind = 'exception' | 'timeout' | 'answer';

/** A plugin did what it must not. */
export interface PluginFaultReport {
  readonly plugin: string;
  /** The extension point, as metrics name it: `Score`. */
  readonly point: string;
  readonly kind: FaultKind;
  /** What it did: `threw TypeError: x is not a function (score.ts:12:8)`. */
  readonly text: string;
  readonly cause: unknown;
}

export interface BreakerReport {
  readonly plugin: string;
  readonly state: BreakerState;
  /** What happened last, for a breaker that opens. */
  readonly fault: PluginFaultReport | undefined;
  readonly pauseMs: number;
}

/** Is told what plugins of users do. */
export interface PluginObserver {
  /** One call of one extension point, all nodes together. */
  called?(plugin: string, point: string, seconds: number): void;
  faulted?(fault: PluginFaultReport): void;
  /** A call was left out because the breaker is open. */
  leftOut?(plugin: string, point: string): void;
  breaker?(report: BreakerReport): void;
  /** A task in the background failed, or something that the plugin started and nobody waits for. */
  strayed?(plugin: string, error: unknown): void;
}
