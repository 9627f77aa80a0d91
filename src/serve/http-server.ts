import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type Clock, systemClock } from '../clock.js';
import { BerthError } from '../errors.js';
import type { Answer } from './answer.js';
import { type Content, findRoute } from './routes.js';

export interface HttpServerOptions extends Content {
  /** Makes the listening server; the place where TLS comes in. @default node:http */
  readonly createServer?: (options: ServerOptions, listener: RequestListener) => Server;
  /** What a request is answered whose sender may not ask for this path; undefined lets it through. @default everybody may */
  readonly refuse?: (request: IncomingMessage, path: string) => Promise<Answer | undefined>;
  readonly clock?: Clock;
  /** Told of requests that failed on our side. */
  readonly onError?: (error: unknown) => void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

const plainText = 'text/plain; charset=utf-8';

/** Time that requests under way get when the server closes, in milliseconds. */
const closeGraceMs = 5_000;

/** Limits against clients that send slowly, much, or nothing. kube-scheduler waits 32 s for headers, 90 s when idle. */
const limits: ServerOptions = {
  // Tokens of identity providers that list a user's groups are long.
  maxHeaderSize: 64 * 1024,
  headersTimeout: 32_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 90_000,
  connectionsCheckingInterval: 5_000,
};
const maxConnections = 512;

/** Serves `/healthz /livez /readyz /metrics /configz` and, where they are wanted, profiles; read only. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #clock: Clock;
  readonly #server: Server;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#respond(request, response);
    };
    this.#server = (options.createServer ?? createServer)(limits, listener);
    // Otherwise Node.js would ask for the body that we do not want.
    this.#server.on('checkContinue', listener);
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

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    let answer: Answer;
    try {
      answer = await this.#answer(request, gone.signal);
    } catch (error) {
      this.#options.onError?.(error);
      answer = { status: 500, body: 'internal server error\n' };
    }
    const { body } = answer;
    const length = typeof body === 'string' ? { 'Content-Length': Buffer.byteLength(body) } : {};
    response.writeHead(answer.status, {
      'Cache-Control': 'no-cache, private',
      'Content-Type': answer.contentType ?? plainText,
      'X-Content-Type-Options': 'nosniff',
      ...length,
      // What a body holds is not read; what comes after it on this connection is not for us to find.
      ...(hasBody(request) && { Connection: 'close' }),
      ...answer.headers,
    });
    if (typeof body === 'string' || request.method === 'HEAD') {
      response.end(request.method === 'HEAD' ? undefined : body);
      if (typeof body !== 'string') body.destroy();
      return;
    }
    // A caller that went away half way is no failure of ours.
    await pipeline(body, response).catch(() => undefined);
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const [path = '/', search = ''] = splitOnce(request.url ?? '/', '?');
    const refusal = await this.#options.refuse?.(request, path);
    if (refusal !== undefined) return refusal;
    const route = findRoute(this.#options, path);
    if (route === undefined) return { status: 404, body: '404 page not found\n' };
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { status: 405, body: 'Method Not Allowed\n', headers: { Allow: 'GET, HEAD' } };
    if (hasBody(request)) return { status: 413, body: 'no request here has a body\n' };
    return route({ query: new URLSearchParams(search), signal });
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
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
