import type { Clock } from '../clock.js';
import { connectionCode } from './connection-cause.js';
import { ConnectionPool } from './http/connection-pool.js';
import { exchange, type WireResult } from './http/exchange.js';
import type { TlsMaterial } from './http/tls-material.js';
import { userAgent } from './user-agent.js';

export interface HttpEndpointOptions {
  /** Where to connect to; of the URL only the origin and its user and password count, which become Basic authentication. */
  readonly url: URL;
  readonly tls?: TlsMaterial;
  /** Requests under way at once; further ones wait, on their own time. @default 32 */
  readonly connections?: number;
  readonly clock: Clock;
}

export interface PostOptions {
  /** For everything: waiting for a connection, connecting, sending, and reading the answer to its end. */
  readonly timeoutMs: number;
  /** Reading stops behind so many bytes, and the connection is cut. */
  readonly maxResponseBytes: number;
  /** Sending it twice does no harm: a connection that was closed under the request is replaced, once. */
  readonly repeatable: boolean;
  readonly signal?: AbortSignal | undefined;
}

const connectTimeoutMs = 5_000;
/** Shorter than servers usually keep idle connections, so that we seldom write into one that is just being closed. */
const keepAliveMs = 4_000;
const resets = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'HTTP_CLOSED']);

/**
 * A server that takes JSON by POST and is not an API server: nothing is known of it, so every exchange is bounded in time and in
 * size. Redirects are not followed.
 */
export class HttpEndpoint {
  readonly #pool: ConnectionPool;
  readonly #clock: Clock;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, tls = {}, connections = 32, clock }: HttpEndpointOptions) {
    this.#pool = new ConnectionPool({ url, tls, connections, connectTimeoutMs, keepAliveMs });
    this.#clock = clock;
    this.#headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': userAgent(),
      ...authorization(url),
    };
  }

  /** Posts a JSON document. `path` begins with `/` and may have a query. Never rejects. */
  async post(path: string, body: string, options: PostOptions): Promise<WireResult> {
    const deadline = this.#clock.monotonic() + options.timeoutMs;
    const first = await this.#send(path, body, options, options.timeoutMs);
    if (!options.repeatable || !isReset(first)) return first;
    const left = deadline - this.#clock.monotonic();
    return left <= 0 ? first : this.#send(path, body, options, left);
  }

  /** Cuts all connections; what still runs on them fails. */
  close(): void {
    this.#pool.close();
  }

  #send(
    path: string,
    body: string,
    { maxResponseBytes, signal }: PostOptions,
    timeoutMs: number,
  ): Promise<WireResult> {
    const headers = this.#headers;
    return exchange(
      this.#pool,
      { method: 'POST', path, headers, body, timeoutMs, maxResponseBytes, signal },
      this.#clock,
    );
  }
}

function isReset(result: WireResult): boolean {
  return result.kind === 'failed' && result.sent && resets.has(connectionCode(result.cause));
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
