import { createSecureContext } from 'node:tls';
import {
  Connection,
  type ConnectionOwner,
  type ConnectionTarget,
  type ExchangeHandler,
} from './connection.js';
import { HttpFault } from './http-fault.js';
import { requestText, type WireRequest } from './request-text.js';

export interface ConnectionPoolOptions extends Omit<ConnectionTarget, 'secureContext'> {
  /** Connections at once; further requests wait for their turn. */
  readonly connections: number;
}

interface WaitingExchange {
  readonly request: string | Buffer;
  readonly handler: ExchangeHandler;
}

/** Keep-alive connections to one server. Requests are written in the order in which they came. */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #owner: ConnectionOwner;
  /** Being opened. Each is meant for one of those who wait, but serves whoever is first when it is there. */
  readonly #opening = new Set<Connection>();
  readonly #open = new Set<Connection>();
  /** The one used last is used first, so that those that are not needed lie idle long enough to be closed. */
  readonly #idle: Connection[] = [];
  readonly #waiting: WaitingExchange[] = [];
  #target: ConnectionTarget | undefined;
  #state: 'open' | 'retired' | 'closed' = 'open';

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#owner = {
      free: (connection) => this.#onFree(connection),
      gone: (connection, cause) => this.#onGone(connection, cause),
    };
  }

  /** Nothing is open, and nothing waits. */
  get empty(): boolean {
    return this.#open.size + this.#opening.size + this.#waiting.length === 0;
  }

  /** Sends a request on a free connection, or when one becomes free. @throws HttpFault for what cannot be a request. */
  dispatch(request: WireRequest, handler: ExchangeHandler): void {
    if (this.#state === 'closed') throw closed();
    this.#waiting.push({ request: requestText(this.#options.url.host, request), handler });
    const connection = this.#idle.pop();
    if (connection === undefined) this.#openMore();
    else this.#serve(connection);
  }

  /** Lets what is under way or waiting come to its end, and keeps no connection after that. */
  retire(): void {
    if (this.#state === 'open') this.#state = 'retired';
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** Cuts all connections; what still runs on them fails. */
  close(): void {
    this.#state = 'closed';
    for (const { handler } of this.#waiting.splice(0)) handler.failed(closed());
    for (const connection of [...this.#opening, ...this.#open]) connection.close(closed());
  }

  /** Gives the connection the first request that somebody still waits for. */
  #serve(connection: Connection): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.handler.started(connection)) continue;
      connection.send(next.request, next.handler);
      return;
    }
    if (this.#state === 'open') this.#idle.push(connection);
    else connection.close();
  }

  #openMore(): void {
    if (this.#state === 'closed') return;
    while (
      this.#opening.size < this.#waiting.length &&
      this.#opening.size + this.#open.size < this.#options.connections
    ) {
      try {
        this.#target ??= targetOf(this.#options);
        this.#opening.add(new Connection(this.#target, this.#owner));
      } catch (cause) {
        for (const { handler } of this.#waiting.splice(0)) handler.failed(cause);
      }
    }
  }

  #onFree(connection: Connection): void {
    this.#opening.delete(connection);
    this.#open.add(connection);
    this.#serve(connection);
  }

  #onGone(connection: Connection, cause: unknown): void {
    const wasOpening = this.#opening.delete(connection);
    this.#open.delete(connection);
    const idle = this.#idle.indexOf(connection);
    if (idle !== -1) this.#idle.splice(idle, 1);
    if (wasOpening) {
      // Whoever waits may still get one of those that are open; trying again at once would be trying without end.
      if (this.#open.size > 0) return;
      this.#waiting.shift()?.handler.failed(cause);
    }
    this.#openMore();
  }
}

/** @throws Error where the TLS material is unusable. */
function targetOf(options: ConnectionPoolOptions): ConnectionTarget {
  const secure = options.url.protocol === 'https:';
  return { ...options, secureContext: secure ? createSecureContext(options.tls) : undefined };
}

function closed(): HttpFault {
  return new HttpFault('HTTP_POOL_CLOSED', 'the connections are closed');
}
