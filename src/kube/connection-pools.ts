import { Pool } from 'undici';
import { ApiError } from './api-error.js';
import type { Credentials, TlsMaterial } from './credentials.js';

/** Where requests and where watches get their connections. */
export interface Pools {
  readonly tls: TlsMaterial;
  readonly requests: Pool;
  readonly watches: Pool;
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
  readonly #open = new Set<Pool>();
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
    if (previous !== undefined) for (const pool of [previous.requests, previous.watches]) this.#retire(pool);
    return this.#current;
  }

  /** Cuts all connections; what still runs on them fails. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#current = undefined;
    await Promise.all([...this.#open].map((pool) => pool.destroy()));
    this.#open.clear();
  }

  #create(tls: TlsMaterial): Pools {
    const { origin } = this.#credentials.server;
    const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 };
    const shared = { connect, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS };
    // Requests carry a deadline of their own (exchange.ts); the pool's would only blur what happened.
    const requests = new Pool(origin, { ...shared, connections: this.#connections, headersTimeout: 0 });
    const watches = new Pool(origin, { ...shared, connections: null });
    this.#open.add(requests).add(watches);
    return { tls, requests, watches };
  }

  #retire(pool: Pool): void {
    void pool.close().then(() => this.#open.delete(pool));
  }
}
