import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../clock.js';
import { BerthError } from '../errors.js';
import { answerHealth, answerSingleCheck, type HealthAnswer, type HealthCheck } from './health.js';

export interface HealthEndpoints {
  readonly healthz: readonly HealthCheck[];
  readonly livez: readonly HealthCheck[];
  readonly readyz: readonly HealthCheck[];
}

export interface HttpServerOptions {
  readonly checks: HealthEndpoints;
  /** Body of `/metrics`. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** The effective configuration as `/configz` shows it, under `componentconfig`. */
  configz(): unknown;
  /** Makes the listening server; the place where TLS comes in. @default node:http */
  readonly createServer?: (options: ServerOptions, listener: RequestListener) => Server;
  readonly clock?: Clock;
  /** Told of requests that failed on our side. */
  readonly onError?: (error: unknown) => void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const plainText = 'text/plain; charset=utf-8';

/** Time that requests under way get when the server closes, in milliseconds. */
const closeGraceMs = 5_000;

/** Limits against clients that send slowly, much, or nothing. kube-scheduler waits 32 s for headers, 90 s when idle. */
const limits: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 32_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 90_000,
};
const maxConnections = 256;

/** Serves `/healthz /livez /readyz /metrics /configz`, read only. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #clock: Clock;
  readonly #server: Server;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#server = (options.createServer ?? createServer)(limits, (request, response) => {
      this.#answer(request)
        .catch((error: unknown): Answer => {
          options.onError?.(error);
          return { status: 500, body: 'internal server error\n' };
        })
        .then((answer) => {
          const body = Buffer.from(answer.body);
          response.writeHead(answer.status, {
            'Cache-Control': 'no-cache, private',
            'Content-Type': answer.contentType ?? plainText,
            'Content-Length': body.length,
            'X-Content-Type-Options': 'nosniff',
            ...answer.headers,
          });
          response.end(request.method === 'HEAD' ? undefined : body);
        });
    });
    this.#server.maxConnections = maxConnections;
  }

  /**
   * Begins to listen and returns the actual port.
   * Rejects with `BERTH_E_LISTEN` when the address cannot be had.
   */
  listen({ host, port }: ListenOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        reject(
          new BerthError(
            'BERTH_E_LISTEN',
            { address: `${host}:${port}`, reason: listenReason(error) },
            { cause: error },
          ),
        );
      };
      this.#server.once('error', onError);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error) => this.#options.onError?.(error));
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Stops listening; requests under way get 5 seconds, then their connections are cut. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(closeGraceMs, () => this.#server.closeAllConnections());
      this.#server.close(() => {
        cancel();
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const [path = '/', search = ''] = splitOnce(request.url ?? '/', '?');
    const handler = this.#route(path, new URLSearchParams(search));
    if (handler === undefined) {
      return { status: 404, body: '404 page not found\n' };
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { status: 405, body: 'Method Not Allowed\n', headers: { Allow: 'GET, HEAD' } };
    }
    return handler();
  }

  #route(path: string, query: URLSearchParams): (() => Promise<Answer>) | undefined {
    if (path === '/metrics') {
      return async () => ({ status: 200, ...(await this.#options.metrics()) });
    }
    if (path === '/configz') {
      return async () => ({
        status: 200,
        contentType: 'application/json',
        body: `${JSON.stringify({ componentconfig: this.#options.configz() })}\n`,
      });
    }
    return this.#healthRoute(path, query);
  }

  #healthRoute(path: string, query: URLSearchParams): (() => Promise<HealthAnswer>) | undefined {
    const [endpoint = '', name] = splitOnce(path.slice(1), '/');
    if (endpoint !== 'healthz' && endpoint !== 'livez' && endpoint !== 'readyz') {
      return undefined;
    }
    const checks = this.#options.checks[endpoint];
    if (name === undefined) {
      const healthQuery = { verbose: query.has('verbose'), exclude: query.getAll('exclude') };
      return () => answerHealth(endpoint, checks, healthQuery);
    }
    const check = checks.find((candidate) => candidate.name === name);
    return check && (() => answerSingleCheck(check));
  }
}

function listenReason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another program listens there already';
    case 'EACCES':
      return 'this user may not listen there';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    default:
      return error.message;
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
