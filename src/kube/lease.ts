/** The `coordination.k8s.io/v1` Lease as a lock: reading and writing it, and nothing of when. */
import { microTime } from './micro-time.js';
import type { ApiTransport } from './transport.js';

export interface LeaseSettings {
  readonly namespace: string;
  readonly name: string;
  /** Who we are: `<hostname>_<uuid>`, new for each process. */
  readonly identity: string;
  /** How long the others wait after they last saw the lease change. */
  readonly leaseDurationMs: number;
  /** How long renewals may fail before leadership counts as lost. Less than the duration. */
  readonly renewDeadlineMs: number;
  /** Pause between attempts. */
  readonly retryPeriodMs: number;
}

/** What `startLeaderElection` uses unless told otherwise: 15 s, 10 s, 2 s. */
export const defaultLeaseTiming = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
} as const;

export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
  /** Whatever else is written there is kept. */
  readonly [field: string]: unknown;
}

export interface Lease {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
  readonly spec?: LeaseSpec | null;
}

/** The holder named in a lease, '' for a free one. */
export function leaseHolder(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

/** Requests on one Lease. All reject with `ApiError`. */
export class LeaseLock {
  readonly #transport: ApiTransport;
  readonly #settings: LeaseSettings;
  readonly #collection: string;
  /** A throttled attempt fails like any other: the next one is never far. */
  readonly #pace: { readonly timeoutMs: number; readonly retryThrottled: false };

  constructor(transport: ApiTransport, settings: LeaseSettings) {
    this.#transport = transport;
    this.#settings = settings;
    this.#collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(settings.namespace)}/leases`;
    this.#pace = { timeoutMs: Math.max(1000, settings.renewDeadlineMs / 2), retryThrottled: false };
  }

  get(signal: AbortSignal): Promise<Lease> {
    return this.#transport.request<Lease>({
      method: 'GET',
      path: this.#path,
      ...this.#pace,
      signal,
    });
  }

  /** Creates the lease as ours. `now` is milliseconds since the epoch. */
  create(now: number, signal: AbortSignal): Promise<Lease> {
    const { namespace, name } = this.#settings;
    return this.#transport.request<Lease>({
      method: 'POST',
      path: this.#collection,
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: { ...this.#ownSpec(now), acquireTime: microTime(now), leaseTransitions: 0 },
      },
      ...this.#pace,
      signal,
    });
  }

  /** Writes ourselves into the lease as last read, taking it over when somebody else (or nobody) held it. */
  hold(lease: Lease, now: number, signal: AbortSignal): Promise<Lease> {
    const transitions = lease.spec?.leaseTransitions ?? 0;
    const taken =
      leaseHolder(lease) === this.#settings.identity
        ? { acquireTime: lease.spec?.acquireTime ?? microTime(now), leaseTransitions: transitions }
        : { acquireTime: microTime(now), leaseTransitions: transitions + 1 };
    return this.#update(lease, { ...lease.spec, ...this.#ownSpec(now), ...taken }, signal);
  }

  /** Gives the lease up in such a way that the next candidate takes it at its next attempt. */
  free(lease: Lease, now: number, signal: AbortSignal): Promise<Lease> {
    const time = microTime(now);
    const spec = {
      ...lease.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: time,
      renewTime: time,
    };
    return this.#update(lease, spec, signal);
  }

  get #path(): string {
    return `${this.#collection}/${encodeURIComponent(this.#settings.name)}`;
  }

  #ownSpec(now: number): LeaseSpec {
    return {
      holderIdentity: this.#settings.identity,
      // Rounded up, so that nobody takes the lease before the duration we count on has passed.
      leaseDurationSeconds: Math.ceil(this.#settings.leaseDurationMs / 1000),
      renewTime: microTime(now),
    };
  }

  /** The resourceVersion goes along in the metadata: somebody else's write in between makes this a Conflict. */
  #update(lease: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    return this.#transport.request<Lease>({
      method: 'PUT',
      path: this.#path,
      body: { ...lease, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec },
      ...this.#pace,
      signal,
    });
  }
}
