import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What one accepted connection has heard so far; `write` says something to it. */
export class AcceptedConnection {
  readonly socket: Socket;
  heard = '';
  /** The other side has said its last. */
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.heard += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    const close = (): void => {
      this.closed = true;
    };
    socket.on('end', close);
    socket.on('close', close);
  }

  /** Requests heard to the end of their head. */
  get requests(): number {
    return this.heard.split('\r\n\r\n').length - 1;
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  answer(body = 'ok', ...headers: readonly string[]): void {
    this.write(['HTTP/1.1 200 OK', ...headers, `content-length: ${body.length}`, '', body].join('\r\n'));
  }
}

/** A TCP server that does byte by byte what a test says. */
export class ScriptedServer {
  readonly #server: Server;
  readonly connections: AcceptedConnection[] = [];
  #port = 0;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.connections.push(new AcceptedConnection(socket));
    });
  }

  static async start(): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  /** Also after it has stopped. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}`);
  }

  /** The connection accepted as number `index`, counted from 0. */
  at(index: number): AcceptedConnection {
    const connection = this.connections[index];
    if (connection === undefined) throw new Error(`only ${this.connections.length} connections`);
    return connection;
  }

  /** Accepts nobody any more; connections stay. */
  refuse(): void {
    this.#server.close();
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
