import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it came, and what its body says. */
export interface ExtenderRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the edge where JSON is decoded; a test knows what it sent.
  readonly body: any;
}

/** What an extender does with a request: answers 200 with a document, or something of its own with the response at hand. */
export type ExtenderBehaviour = (
  request: ExtenderRequest,
  response: ServerResponse,
) => unknown | Promise<unknown>;

/** Says that the behaviour has dealt with the response itself. */
export const dealtWith = Symbol('dealt with');

/** A scheduler extender as a test wants it to be, over real HTTP or HTTPS. A path without a behaviour is answered with 404. */
export class ExtenderServer {
  readonly requests: ExtenderRequest[] = [];
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  readonly #sockets = new Set<Socket>();
  readonly #behaviours = new Map<string, ExtenderBehaviour>();
  connections = 0;
  /** Answers that the other side did not wait for, or did not take to their end. */
  cutShort = 0;

  private constructor(server: Server, scheme: 'http' | 'https') {
    this.#server = server;
    this.#scheme = scheme;
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (message, response) => void this.#serve(message, response));
  }

  static async start(tls?: TlsServerOptions): Promise<ExtenderServer> {
    const server = tls === undefined ? createServer() : (createTlsServer(tls) as unknown as Server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ExtenderServer(server, tls === undefined ? 'http' : 'https');
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What happens from now on to requests whose path ends with the verb. */
  on(verb: string, behaviour: ExtenderBehaviour): this {
    this.#behaviours.set(verb, behaviour);
    return this;
  }

  /** Bodies of the requests for a verb, in order. */
  asked(verb: string): ExtenderRequest['body'][] {
    return this.requests.filter(({ path }) => verbOf(path) === verb).map(({ body }) => body);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const { method = '', url: path = '/', headers } = message;
    const request = { method, path, headers, text, body: text === '' ? undefined : JSON.parse(text) };
    this.requests.push(request);
    response.on('close', () => {
      if (!response.writableFinished) this.cutShort += 1;
    });
    const behaviour = this.#behaviours.get(verbOf(path));
    if (behaviour === undefined) {
      response.writeHead(404).end();
      return;
    }
    const answer = await behaviour(request, response);
    if (answer === dealtWith) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }
}

function verbOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Takes the request and says nothing. */
export const hangs: ExtenderBehaviour = () => dealtWith;

export const answersStatus =
  (code: number): ExtenderBehaviour =>
  (_request, response) => {
    response.writeHead(code).end('no');
    return dealtWith;
  };

/** Begins well and stops in the middle. */
export const stopsHalfWay: ExtenderBehaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"NodeNames":["a"');
  return dealtWith;
};

/** Sends as much as is taken, up to a size; for ever without one. */
export const floods =
  (bytes = Number.POSITIVE_INFINITY): ExtenderBehaviour =>
  (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024, ' ');
    let sent = 0;
    const pour = (): void => {
      while (sent < bytes && !response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', pour);
          return;
        }
      }
      if (!response.destroyed) response.end('{}');
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    pour();
    return dealtWith;
  };

/** Lets all nodes pass that it was asked about, by name or as a whole. */
export const passesAll: ExtenderBehaviour = ({ body }) => ({ NodeNames: body.NodeNames, Nodes: body.Nodes });
