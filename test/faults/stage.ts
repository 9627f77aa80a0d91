import type { ClusterApi } from './cluster-api.js';

/** An API server to try Berth against. */
export interface Stage {
  /** Straight to the server, with no fault between. */
  readonly api: ClusterApi;
  readonly url: string;
  /** PEM, for a server with `https:`. */
  readonly certificateAuthority: string | undefined;
  /** Bearer token of Berth, where the server asks for one. */
  readonly token: string | undefined;
  /** Where Berth may keep its lease. */
  readonly leaseNamespace: string;
  /** What nodes need so that they are kept alive. */
  readonly nodeAnnotations: Readonly<Record<string, string>>;
  /** Makes versions seen so far too old to resume from. */
  expireHistory(): Promise<void>;
  /** Ends the server without a word and starts it again after a while; undefined where that cannot be. */
  readonly restart: ((downMs: number) => Promise<void>) | undefined;
  close(): Promise<void>;
}
