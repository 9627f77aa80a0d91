import {
  createServer,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as realSleep } from 'node:timers/promises';
import { page, read, refuse, send } from './api-answers.js';
import type { ChosenFault, FaultInjector } from './fault-injector.js';
import type { RequestFault } from './fault-kinds.js';
import { Knowledge } from './knowledge.js';
import { ListRecordings } from './list-recordings.js';
import { classifyRequest } from './request-class.js';
import { type RequestRecord, writtenFields } from './request-log.js';
import { WatchRelay } from './watch-relay.js';
import { contentTypeOf, type WireBody } from './wire-format.js';

export interface FaultProxyOptions {
  /** The API server, `http:` or `https:`. */
  readonly target: string;
  /** PEM; for a server with `https:`. */
  readonly certificateAuthority?: string;
  readonly injector: FaultInjector;
  /** Milliseconds of the clock that all records share. */
  readonly now: () => number;
  /** Waits by the same clock: where time stands still, so do delays. Real time when left out. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** A change that was swallowed is followed by a forced list after so many real milliseconds; never, when left out. */
  readonly healAfterMs?: number;
}

interface Exchange {
  readonly url: URL;
  readonly incoming: IncomingMessage;
  readonly answer: ServerResponse;
  readonly body: Buffer;
  readonly record: RequestRecord;
}

/** Requests that are told to wait until all connections break. */
const forEver = new Promise<never>(() => {});

/**
 * Stands between one Berth and an API server, forwards, and does what its injector says. Speaks plain HTTP to Berth. Keeps a log of
 * all requests and of what Berth was told.
 */
export class FaultProxy {
  readonly log: RequestRecord[] = [];
  /** Holders that this client wrote into leases, by generation. */
  readonly identities = new Map<string, number>();
  readonly #options: FaultProxyOptions;
  readonly #server: Server;
  readonly #agent: HttpAgent;
  readonly #relays = new Set<WatchRelay>();
  readonly #recordings = new ListRecordings();
  readonly #owesList = new Set<string>();
  readonly #knowledge: Knowledge[] = [new Knowledge()];
  /** Whose connection it is: what a process sent in its last moment is not its successor's. */
  readonly #generationOf = new WeakMap<Socket, number>();
  #partitioned = false;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    const { target, certificateAuthority: ca } = options;
    this.#agent = target.startsWith('https:')
      ? new HttpsAgent({ keepAlive: true, ca })
      : new HttpAgent({ keepAlive: true });
    this.#server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, answer) => {
      this.#handle(incoming, answer).catch(() => answer.destroy());
    });
    this.#server.on('connection', (socket: Socket) => this.#generationOf.set(socket, this.generation));
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Counts up with each client that starts anew behind this proxy. */
  get generation(): number {
    return this.#knowledge.length - 1;
  }

  knowledge(generation: number): Knowledge {
    return this.#knowledge[generation]!;
  }

  /** The client has gone and another takes its place, who knows nothing. */
  newClient(): void {
    this.breakConnections();
    this.#knowledge.push(new Knowledge());
    this.#owesList.clear();
  }

  /** All watches end in good order. */
  endWatches(): void {
    for (const relay of [...this.#relays]) relay.end();
  }

  /** All watches fall silent and stay open. */
  stallWatches(): void {
    for (const relay of this.#relays) relay.stall();
  }

  breakConnections(): void {
    this.#server.closeAllConnections();
  }

  /** Nothing passes for a while; then all connections break. */
  async partition(ms: number): Promise<void> {
    this.#partitioned = true;
    this.stallWatches();
    await this.#sleep(ms);
    this.#partitioned = false;
    this.breakConnections();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  #sleep(ms: number): Promise<void> {
    return this.#options.sleep?.(ms) ?? realSleep(ms, undefined, { ref: false });
  }

  async #handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { target, injector, now } = this.#options;
    const url = new URL(incoming.url ?? '/', target);
    const method = incoming.method ?? 'GET';
    const request = classifyRequest(method, url);
    const at = now();
    const generation = this.#generationOf.get(incoming.socket) ?? this.generation;
    const body = await read(incoming);
    const record: RequestRecord = {
      ...request,
      ...writtenFields(request, { contentType: contentTypeOf(incoming), bytes: body }),
      generation,
      method,
      userAgent: incoming.headers['user-agent'] ?? '',
      at,
      endedAt: undefined,
      code: 0,
      fault: undefined,
    };
    this.log.push(record);
    // The last words of a process may be taken in when its successor has its place already.
    if (record.holder !== '' && !this.identities.has(record.holder))
      this.identities.set(record.holder, generation);
    answer.once('close', () => {
      record.endedAt ??= now();
    });
    const exchange = { url, incoming, answer, body, record };
    if (this.#partitioned) await forEver;
    if (request.class === 'watch' && this.#owesList.has(request.resource)) {
      refuse(answer, 410, 'Expired', 'too old resource version: 1 (2)');
      return;
    }
    const chosen = injector.forRequest(request);
    if (chosen === undefined) await this.#forward(exchange);
    else await this.#mistreat(exchange, chosen);
  }

  async #mistreat(exchange: Exchange, chosen: ChosenFault<RequestFault>): Promise<void> {
    const { answer, record } = exchange;
    const { fault, ms } = chosen;
    if (fault === 'stale-list') {
      await this.#answerStale(exchange, chosen.draw);
      return;
    }
    this.#options.injector.count(fault);
    record.fault = fault;
    switch (fault) {
      case 'delay':
        await this.#sleep(ms);
        return this.#forward(exchange);
      case 'slow-answer':
        return this.#forward(exchange, { delayMs: ms });
      case 'hang':
        return forEver;
      case 'hang-after':
        await this.#act(exchange);
        return forEver;
      case 'reset':
        answer.destroy();
        return;
      case 'lose-answer':
        await this.#act(exchange);
        answer.destroy();
        return;
      case 'after-504':
        await this.#act(exchange);
        refuse(answer, 504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');
        return;
      case 'after-502':
        await this.#act(exchange);
        page(answer, 502);
        return;
      case 'after-500':
        await this.#act(exchange);
        refuse(answer, 500, 'InternalError', 'etcdserver: request timed out');
        return;
      case 'late-commit':
        refuse(answer, 504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');
        await this.#sleep(ms);
        await this.#act(exchange);
        return;
      case 'answer-429':
        refuse(
          answer,
          429,
          'TooManyRequests',
          'too many requests, please try again later',
          1 + Math.floor(3 * chosen.draw),
        );
        return;
      case 'answer-500':
        refuse(answer, 500, 'InternalError', 'Internal error occurred: etcdserver: no leader');
        return;
      case 'answer-503':
        refuse(answer, 503, 'ServiceUnavailable', 'the server is currently unable to handle the request');
        return;
      case 'answer-504':
        refuse(answer, 504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');
        return;
      case 'answer-410':
        refuse(answer, 410, 'Expired', 'The provided continue parameter is too old');
        return;
      case 'html':
        page(answer, 200);
        return;
      case 'cut-answer':
        return this.#forward(exchange, { cut: true });
    }
  }

  async #answerStale(exchange: Exchange, draw: number): Promise<void> {
    const { url, incoming, answer, record } = exchange;
    const version = this.knowledge(record.generation).newest(record.resource);
    const { accept } = incoming.headers;
    const old = isForVersionsAlone(incoming)
      ? undefined
      : this.#recordings.find(url, { version, accept, draw });
    if (old === undefined || url.searchParams.has('continue')) return this.#forward(exchange);
    this.#options.injector.count('stale-list');
    record.fault = 'stale-list';
    send(answer, 200, old.bytes, { 'content-type': old.contentType });
  }

  /** Has the API server act, and keeps its answer to itself. */
  async #act({ url, incoming, body, record }: Exchange): Promise<void> {
    const response = await this.#ask(url, incoming, body);
    record.code = response.statusCode ?? 0;
    await read(response);
  }

  async #forward(
    exchange: Exchange,
    { delayMs = 0, cut = false }: { readonly delayMs?: number; readonly cut?: boolean } = {},
  ): Promise<void> {
    const { url, incoming, answer, body, record } = exchange;
    if (this.#partitioned) await forEver;
    // Who asked has left meanwhile: nothing of it has reached the server.
    if (answer.destroyed) return;
    const response = await this.#ask(url, incoming, body);
    record.code = response.statusCode ?? 0;
    // A watch that its reader has left must not stay open on the other side.
    if (answer.destroyed) {
      response.destroy();
      return;
    }
    if (record.class === 'watch' && record.code === 200) {
      this.#relay(exchange, response);
      return;
    }
    const content = await read(response);
    if (delayMs > 0) await this.#sleep(delayMs);
    if (this.#partitioned) await forEver;
    if (record.class === 'list' && record.code === 200 && !cut)
      this.#listed(exchange, { contentType: contentTypeOf(response), bytes: content });
    const { connection: _ours, 'transfer-encoding': _chunked, ...headers } = response.headers;
    answer.writeHead(record.code, { ...headers, 'content-length': content.length });
    if (cut) answer.write(content.subarray(0, Math.floor(content.length / 2)), () => answer.destroy());
    else answer.end(content);
  }

  #listed({ url, incoming, record }: Exchange, list: WireBody): void {
    if (isForVersionsAlone(incoming)) return;
    const version = this.#recordings.record(url, list);
    this.knowledge(record.generation).told(
      record.resource,
      { at: this.#options.now(), version },
      { byList: true },
    );
    this.#owesList.delete(record.resource);
  }

  #relay({ answer, record }: Exchange, response: IncomingMessage): void {
    const { injector, now, healAfterMs } = this.#options;
    const { resource } = record;
    const knowledge = this.knowledge(record.generation);
    const relay: WatchRelay = new WatchRelay({
      response,
      answer,
      choose: () => injector.forFrame(record),
      injected: (fault) => injector.count(fault),
      told: (version) => knowledge.told(resource, { at: now(), version }),
      swallowed: (version) => {
        knowledge.withheld(resource, version);
        if (healAfterMs === undefined) return;
        void this.#sleep(healAfterMs).then(() => {
          if (record.generation !== this.generation) return;
          this.#owesList.add(resource);
          for (const other of this.#relays) if (other.resource === resource) other.end();
        });
      },
      resource,
      ended: () => this.#relays.delete(relay),
    });
    this.#relays.add(relay);
    if (this.#partitioned) relay.stall();
  }

  #ask(url: URL, incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const outgoing = send(url, { method: incoming.method, headers, agent: this.#agent }, resolve);
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

/** A list to compare versions with: of what stands in the objects it tells nothing. */
function isForVersionsAlone({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('PartialObjectMetadata') ?? false;
}
