import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestUpstream,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly userAgent: string;
}

/** What becomes of a request. */
export type Treatment =
  | 'forward'
  /** The server acts on it, its answer never arrives: the connection breaks instead. */
  | 'lose-answer'
  /** Answered here; the server never sees it. */
  | { readonly status: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string };

/** Stands between Berth and an API server and does with requests what networks and busy servers do. */
export class FaultProxy {
  readonly seen: SeenRequest[] = [];
  /** May be replaced at any time; a promise holds the request back until it resolves. */
  treat: (request: SeenRequest) => Treatment | Promise<Treatment> = () => 'forward';
  readonly #target: URL;
  readonly #server: Server;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (incoming, answer) => {
      this.#handle(incoming, answer).catch(() => answer.destroy());
    });
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests of one kind arrived, for example `count('POST', /\/binding$/)`. */
  count(method: string, path: RegExp): number {
    return this.seen.filter((request) => request.method === method && path.test(request.path)).length;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.#target);
    const seen = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      userAgent: String(incoming.headers['user-agent'] ?? ''),
    };
    this.seen.push(seen);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const treatment = await this.treat(seen);
    // Who asked has left while the request was held back: a watch opened now would have nobody to end it.
    if (answer.destroyed && seen.method === 'GET') return;
    if (typeof treatment === 'object') {
      answer.writeHead(treatment.status, { 'content-type': 'application/json', ...treatment.headers });
      answer.end(treatment.body ?? '');
      return;
    }
    await this.#forward(incoming, url, Buffer.concat(chunks), answer, treatment === 'lose-answer');
  }

  #forward(
    incoming: IncomingMessage,
    url: URL,
    body: Buffer,
    answer: ServerResponse,
    loseAnswer: boolean,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const { host: _host, connection: _connection, ...headers } = incoming.headers;
      const upstream = requestUpstream(url, { method: incoming.method, headers, agent: false });
      upstream.once('error', reject);
      upstream.once('response', (response) => {
        if (loseAnswer) {
          response.resume();
          response.once('end', () => {
            answer.destroy();
            resolve();
          });
          return;
        }
        const { connection: _ours, 'transfer-encoding': _chunked, ...answered } = response.headers;
        answer.writeHead(response.statusCode ?? 502, answered);
        answer.flushHeaders();
        response.pipe(answer);
        response.once('end', resolve);
        response.once('error', () => {
          answer.destroy();
          resolve();
        });
      });
      // A watch that its reader has left must not stay open on the other side.
      answer.once('close', () => upstream.destroy());
      upstream.end(body);
    });
  }
}

/** An error answer as an API server words it. */
export function statusAnswer(
  status: number,
  reason: string,
  message: string,
  headers: OutgoingHttpHeaders = {},
): Treatment {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code: status,
  };
  return { status, headers, body: JSON.stringify(body) };
}

export function isBinding(request: SeenRequest): boolean {
  return request.method === 'POST' && request.path.endsWith('/binding');
}
