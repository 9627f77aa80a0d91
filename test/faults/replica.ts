import type { FaultProxy } from './fault-proxy.js';
import type { FinalState } from './final-state.js';

/** A place where a Berth runs behind a proxy of its own, and another in its stead when it ends, as a kubelet sees to it. */
export interface Replica {
  readonly name: string;
  readonly proxy: FaultProxy;
  /** Why processes ended that were not told to. */
  readonly endings: readonly string[];
  /** Endings that no fault explains. */
  readonly failures: readonly string[];
  /** Things done to all connections at once. */
  incidents: number;
  /** Ends it without a word; another starts. */
  kill(): Promise<void>;
  /** Stops it for a while; undefined where that cannot be. */
  readonly freeze: ((ms: number) => Promise<void>) | undefined;
  /** Sets its wall clock; undefined where that cannot be. */
  readonly jumpClock: ((ms: number) => void) | undefined;
  /** What it has under way although nothing is going on, and where its cache differs from the API server. */
  unsettled(state: FinalState): Promise<string[]>;
  /** Where it stands, in one line. */
  describe(): Promise<string>;
  /** Further facts for the report, breaches of limits first among them. */
  stop(): Promise<void>;
}
