import { ApiError } from './api-error.js';
import type { Credentials } from './credentials.js';
import { ConnectionPool } from './http/connection-pool.js';
import type { TlsMaterial } from './http/tls-material.js';

/** Where requests and where watches get their connections. */
export interface Pools {
  readonly tls: TlsMaterial;
  readonly requests: ConnectionPool;
  readonly watches: ConnectionPool;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Below the 90 s after which an API server closes idle connections, so that we do not write into a closing one. */
const KEEP_ALIVE_MS = 60_000;

/**
 * The keep-alive connections to one API server. Watches have a pool of their own, so that they never take a connection
 * from requests. When the certificates change, new pools take over and the old ones run dry.
 */
export class ConnectionPools {
  readonly #credentials: Credentials;
  readonly #connections: number;
  readonly #open = new Set<ConnectionPool>();
  #current: Pools | undefined;
  #closed = false;

  constructor(credentials: Credentials, options: { readonly connections: number }) {
    this.#credentials = credentials;
    this.#connections = options.connections;
  }

  /** The pools as they are, if they were opened with this TLS material; undefined else. */
  open(tls: TlsMaterial): Pools | undefined {
    return this.#current?.tls === tls ? this.#current : undefined;
  }

  /** @throws ApiError when the credentials cannot be used, or after `close()`. */
  async current(): Promise<Pools> {
    const tls = await this.#credentials.connect();
    if (this.#closed) throw new ApiError('the API client is closed', { failure: 'aborted' });
    if (this.#current?.tls === tls) return this.#current;
    const previous = this.#current;
    this.#current = this.#create(tls);
    previous?.requests.retire();
    previous?.watches.retire();
    return this.#current;
  }

  /** Cuts all connections; what still runs on them fails. */
  close(): void {
    this.#closed = true;
    this.#current = undefined;
    for (const pool of this.#open) pool.close();
    this.#open.clear();
  }

  #create(tls: TlsMaterial): Pools {
    for (const pool of this.#open) if (pool.empty) this.#open.delete(pool);
    const { server: url } = this.#credentials;
    const shared = { url, tls, connectTimeoutMs: CONNECT_TIMEOUT_MS, keepAliveMs: KEEP_ALIVE_MS };
    const requests = new ConnectionPool({ ...shared, connections: this.#connections });
    const watches = new ConnectionPool({ ...shared, connections: Number.POSITIVE_INFINITY });
    this.#open.add(requests).add(watches);
    return { tls, requests, watches };
  }
}
