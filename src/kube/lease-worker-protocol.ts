/** What the main thread and the thread that renews the lease say to each other. */
import type { CredentialsRequest } from './credentials.js';
import type { LeaseSettings } from './lease.js';
import type { ElectionOutcome, LeaseEvent } from './lease-elector.js';

/** Given to the worker at its start. It finds its own credentials: nothing secret passes between the threads. */
export interface LeaseWorkerData {
  readonly connection: CredentialsRequest;
  readonly settings: LeaseSettings;
  /** Reporter of the leadership event. */
  readonly component: string;
  /** The buffer of the `LeaseFence`. */
  readonly fence: SharedArrayBuffer;
}

/** To the worker: stop, and hand the lease back. */
export type LeaseWorkerCommand = { readonly kind: 'release' };

export type LeaseWorkerMessage =
  | LeaseEvent
  /** The event about our leadership could not be written; of no consequence. */
  | { readonly kind: 'leader-event-failed'; readonly message: string }
  /** The election is over, in good order. */
  | { readonly kind: 'ended'; readonly outcome: ElectionOutcome }
  /** The election cannot go on: no credentials, wrong settings, a fault of ours. */
  | { readonly kind: 'failed'; readonly message: string };
