import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { encodeObject } from '../../../src/kube/protobuf/envelope.js';
import { protobufMediaType } from '../../../src/kube/protobuf/media-type.js';
import { encodeWatchFrame } from '../../../src/kube/protobuf/watch-frame.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body, where it is no text. */
  readonly bytes: Buffer;
}

export interface Answer {
  readonly code?: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** What a test makes the server do with one request that is no watch. */
export type Behaviour = (
  request: ReceivedRequest,
  wire: ServerResponse,
) => Answer | undefined | Promise<Answer | undefined>;

/** One watch as its server sees it. */
export class ServedWatch {
  readonly request: ReceivedRequest;
  readonly #response: ServerResponse;
  readonly #inProtobuf: boolean;
  #closed = false;

  constructor(
    request: ReceivedRequest,
    response: ServerResponse,
    { inProtobuf }: { readonly inProtobuf: boolean },
  ) {
    this.request = request;
    this.#response = response;
    this.#inProtobuf = inProtobuf;
    response.on('close', () => {
      this.#closed = true;
    });
  }

  /** The client hung up, or we did. */
  get closed(): boolean {
    return this.#closed;
  }

  send(type: string, object: unknown): this {
    return this.raw(this.frame(type, object));
  }

  /** What `send` sends. */
  frame(type: string, object: unknown): Buffer {
    if (this.#inProtobuf) return encodeWatchFrame({ type, object: typed(object) });
    return Buffer.from(`${JSON.stringify({ type, object })}\n`);
  }

  raw(text: string | Uint8Array): this {
    this.#response.write(text);
    return this;
  }

  /** Closes in good order. */
  end(): void {
    this.#response.end();
  }

  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

/**
 * A real HTTP server that does what a test says: requests are answered by `answer`, watches are handed to the test one by
 * one. It counts the connections it was opened.
 */
export class FaultServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches: ServedWatch[] = [];
  readonly #waiting: ((watch: ServedWatch) => void)[] = [];
  readonly requests: ReceivedRequest[] = [];
  connections = 0;
  /** Whether it answers in protobuf who takes it; objects without a kind are pods then. */
  knowsProtobuf = false;
  answer: Behaviour = () => ({ body: {} });
  /** When set, the next watches are answered by it instead of being opened. */
  answerWatch: Behaviour | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(tls?: TlsServerOptions): Promise<FaultServer> {
    const server = tls === undefined ? createServer() : (createTlsServer(tls) as unknown as Server);
    const started = new FaultServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Requests that were no watches. */
  get calls(): readonly ReceivedRequest[] {
    return this.requests.filter((request) => !isWatch(request));
  }

  /** The next watch a client opens, in the order in which they come. */
  nextWatch(): Promise<ServedWatch> {
    const watch = this.#watches.shift();
    return watch === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(watch);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await receive(message);
    this.requests.push(request);
    const behaviour = isWatch(request) ? this.answerWatch : this.answer;
    if (behaviour === undefined) {
      this.#open(request, response);
      return;
    }
    const answer = await behaviour(request, response);
    if (answer === undefined) return;
    const { code = 200, body, headers = {} } = answer;
    const bytes =
      this.#writesProtobuf(request) && typeof body !== 'string' ? encodeObject(typed(body)) : undefined;
    const contentType = bytes === undefined ? 'application/json' : protobufMediaType;
    response.writeHead(code, { 'content-type': contentType, ...headers });
    response.end(bytes ?? (typeof body === 'string' ? body : JSON.stringify(body)));
  }

  #open(request: ReceivedRequest, response: ServerResponse): void {
    const inProtobuf = this.#writesProtobuf(request);
    const contentType = inProtobuf ? `${protobufMediaType};stream=watch` : 'application/json';
    response.writeHead(200, { 'content-type': contentType });
    response.flushHeaders();
    const watch = new ServedWatch(request, response, { inProtobuf });
    const taker = this.#waiting.shift();
    if (taker === undefined) this.#watches.push(watch);
    else taker(watch);
  }

  #writesProtobuf({ headers }: ReceivedRequest): boolean {
    return this.knowsProtobuf && (headers.accept?.includes(protobufMediaType) ?? false);
  }
}

function typed(object: unknown): object {
  const kind = 'items' in (object as object) ? 'PodList' : 'Pod';
  return { apiVersion: 'v1', kind, ...(object as object) };
}

export function status(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details };
}

async function receive(message: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const url = new URL(message.url ?? '/', 'http://localhost');
  return {
    method: message.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: message.headers,
    body: bytes.toString('utf8'),
    bytes,
  };
}

function isWatch(request: ReceivedRequest): boolean {
  return request.query.get('watch') === 'true';
}
