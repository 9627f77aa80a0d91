import { type Clock, systemClock } from '../clock.js';
import { ApiError } from './api-error.js';
import { BodyCoding, type EncodedBody, refusalText } from './body-coding.js';
import {
  abortedError,
  connectionError,
  type FailedRequest,
  isConnectionReset,
  timeoutError,
} from './connection-error.js';
import { ConnectionPools, type Pools } from './connection-pools.js';
import type { Credentials } from './credentials.js';
import type { BodyStream } from './http/body-stream.js';
import { exchange, type WireResult } from './http/exchange.js';
import { openStream } from './http/open-stream.js';
import { protobufMediaType } from './protobuf/media-type.js';
import { RateLimiter } from './rate-limiter.js';
import { parseRetryAfter, statusError } from './status-error.js';
import type { ApiRequest, ApiTransport, ByteStream, StreamRequest } from './transport.js';
import { userAgent } from './user-agent.js';

/** One attempt at a request; `code` is 0 when no answer came. For streams the duration is that until the headers. */
export interface RequestInfo {
  readonly method: string;
  readonly path: string;
  /** Host and port of the server. */
  readonly host: string;
  readonly code: number;
  readonly durationMs: number;
  /** What the server's clock said, as it wrote it; not of streams. */
  readonly serverDate?: string | undefined;
}

export interface ClientObserver {
  request?(info: RequestInfo): void;
  /** A request waited for the client's own rate limit. */
  rateLimited?(waitedMs: number): void;
}

export interface ApiClientOptions {
  /** Requests a second, watches not counted; negative for no limit. @default 50 */
  readonly qps?: number;
  /** @default 100 */
  readonly burst?: number;
  /** Connections for requests; each watch has one more of its own. @default 32 */
  readonly connections?: number;
  /** An answer larger than this is refused. @default 256 MiB */
  readonly maxResponseBytes?: number;
  /** @default userAgent(), the program's name and version */
  readonly userAgent?: string;
  /** Whether requests that allow it go as protobuf to servers that know it. @default true */
  readonly protobuf?: boolean;
  readonly clock?: Clock;
  readonly observe?: ClientObserver;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const STREAM_TIMEOUT_MS = 15_000;
const MAX_RETRIES = 10;
const RETRY_PAUSE_MS = 1_000;

/**
 * The one way to an API server: pooled keep-alive connections, client-side rate limit, credentials that refresh,
 * and retries where the server asks for them or where repeating is harmless (the rules of client-go).
 */
export class ApiClient implements ApiTransport {
  readonly #credentials: Credentials;
  readonly #pools: ConnectionPools;
  readonly #limiter: RateLimiter;
  readonly #maxResponseBytes: number;
  readonly #clock: Clock;
  readonly #observe: ClientObserver;
  readonly #userAgent: string;
  readonly #coding: BodyCoding;
  readonly #prefix: string;

  constructor(credentials: Credentials, options: ApiClientOptions = {}) {
    this.#credentials = credentials;
    this.#clock = options.clock ?? systemClock;
    this.#pools = new ConnectionPools(credentials, { connections: options.connections ?? 32 });
    this.#limiter = new RateLimiter({
      qps: options.qps ?? 50,
      burst: options.burst ?? 100,
      clock: this.#clock,
    });
    this.#maxResponseBytes = options.maxResponseBytes ?? 256 * 1024 * 1024;
    this.#observe = options.observe ?? {};
    this.#userAgent = options.userAgent ?? userAgent();
    this.#coding = new BodyCoding({ offersProtobuf: options.protobuf ?? true });
    this.#prefix = credentials.server.pathname.replace(/\/+$/, '');
  }

  /** Host and port of the server. */
  get host(): string {
    return this.#credentials.server.host;
  }

  async request<T = unknown>(request: ApiRequest): Promise<T> {
    for (let retries = 0, renewed = false; ; ) {
      const outcome = await this.#attempt(request);
      if (outcome.error === undefined) return outcome.value as T;
      const { error } = outcome;
      if (error.code === 401 && !renewed) {
        renewed = true;
        this.#credentials.invalidate(outcome.headers);
        continue;
      }
      if (error.code === 415 && this.#coding.bodyRefused(outcome.sent)) continue;
      const waitMs = retryDelay(request, error, outcome.retryAfterMs);
      if (waitMs === undefined || retries >= MAX_RETRIES) throw error;
      retries += 1;
      await this.#unlessAborted(request, this.#clock.sleep(waitMs, signalOf(request)));
    }
  }

  async stream(request: StreamRequest): Promise<ByteStream> {
    const first = await this.#open(request);
    if (first.error === undefined) return first.value;
    if (first.error.code !== 401) throw first.error;
    this.#credentials.invalidate(first.headers);
    const second = await this.#open(request);
    if (second.error === undefined) return second.value;
    throw second.error;
  }

  /** Closes all connections; running requests and streams end with an error. */
  async close(): Promise<void> {
    this.#pools.close();
  }

  async #attempt(request: ApiRequest): Promise<Outcome<unknown>> {
    const { method, path, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
    const waitedMs = await this.#unlessAborted(request, this.#limiter.acquire({ signal }));
    if (waitedMs > 0) this.#observe.rateLimited?.(waitedMs);
    const { headers, pools } = this.#prepared() ?? (await this.#prepare(request, timeoutMs));
    if (request.fence?.mayWrite() === false)
      throw abortedError(new Error('no right to write any more'), request);
    const sent = this.#coding.encode(request);
    const startedAt = this.#clock.monotonic();
    const result = await exchange(
      pools.requests,
      {
        method,
        path: this.#target(request),
        headers: this.#headers(headers, request, sent),
        body: sent?.body,
        timeoutMs,
        maxResponseBytes: this.#maxResponseBytes,
        signal,
      },
      this.#clock,
    );
    const code = 'code' in result ? result.code : 0;
    this.#observeRequest(method, path, code, startedAt, 'date' in result ? result.date : undefined);
    if (result.kind === 'answered') {
      this.#coding.answered(result);
      if (isSuccess(code)) await request.beforeDecoding?.(result.protobuf ?? result.body);
    }
    return this.#judge(result, { ...request, timeoutMs }, headers, sent);
  }

  #judge(
    result: WireResult,
    request: ApiRequest & { timeoutMs: number },
    headers: Headers,
    sent: EncodedBody | undefined,
  ): Outcome<unknown> {
    const { method, path, timeoutMs } = request;
    switch (result.kind) {
      case 'failed':
        return { error: connectionError(result.cause, this.#failed(method, path, result.sent)), headers };
      case 'timed-out':
        return { error: timeoutError(timeoutMs, this.#failed(method, path, result.sent)), headers };
      case 'aborted':
        throw abortedError(result.reason, request);
      case 'too-large':
        throw malformed(
          request,
          result.code,
          `is larger than ${this.#maxResponseBytes} bytes; ask for smaller pages`,
        );
      case 'answered':
        break;
    }
    const { code, retryAfter } = result;
    if (!isSuccess(code))
      return { ...this.#refused(method, path, code, refusalText(result), retryAfter, headers), sent };
    if (request.ignoreAnswer) return { error: undefined, value: undefined, headers };
    try {
      return { error: undefined, value: this.#coding.decode(result), headers };
    } catch (cause) {
      const language = result.protobuf === undefined ? 'JSON' : 'protobuf that is understood';
      throw malformed(request, code, `is not ${language}; check that ${this.host} is an API server`, cause);
    }
  }

  async #open(request: StreamRequest): Promise<Outcome<ByteStream>> {
    const { path, signal } = request;
    const named = { ...request, method: 'GET' } as const;
    if (signal?.aborted) throw abortedError(signal.reason, named);
    const { headers, pools } = await this.#prepare(named, STREAM_TIMEOUT_MS);
    const startedAt = this.#clock.monotonic();
    const result = await openStream(
      pools.watches,
      { method: 'GET', path: this.#target(request), headers: this.#headers(headers, named) },
      this.#clock,
      { timeoutMs: STREAM_TIMEOUT_MS, signal },
    );
    this.#observeRequest('GET', path, 'code' in result ? result.code : 0, startedAt);
    switch (result.kind) {
      case 'failed':
        return { error: connectionError(result.cause, this.#failed('GET', path, result.sent)), headers };
      case 'timed-out':
        return { error: timeoutError(STREAM_TIMEOUT_MS, this.#failed('GET', path, result.sent)), headers };
      case 'aborted':
        throw abortedError(result.reason, named);
      case 'opened':
        break;
    }
    const { code, body, mediaType, retryAfter } = result;
    const isProtobuf = mediaType === protobufMediaType;
    if (code !== 200)
      return this.#refused('GET', path, code, await this.#explanation(body, isProtobuf), retryAfter, headers);
    const format: ByteStream['format'] = isProtobuf ? 'protobuf' : 'json';
    return { error: undefined, value: Object.assign(this.#chunks(body, request), { format }), headers };
  }

  /** Why a stream was refused, as far as it comes in time: the status code says enough where the rest is cut off. */
  async #explanation(body: BodyStream, isProtobuf: boolean): Promise<string> {
    const cancelTimer = this.#clock.after(STREAM_TIMEOUT_MS, () => body.cut(new Error('given up')));
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of body) pieces.push(piece);
    } catch {
      return '';
    } finally {
      cancelTimer();
    }
    const whole = Buffer.concat(pieces);
    return isProtobuf ? refusalText({ body: '', protobuf: whole }) : whole.toString('utf8');
  }

  async *#chunks(
    body: AsyncIterable<Uint8Array>,
    { path, signal }: StreamRequest,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (cause) {
      if (signal?.aborted) throw abortedError(signal.reason, { method: 'GET', path });
      throw connectionError(cause, this.#failed('GET', path, true));
    }
  }

  /** Headers and connections that are at hand: nearly always, and then nothing has to be waited for. */
  #prepared(): Prepared | undefined {
    const known = this.#credentials.current();
    const pools = known && this.#pools.open(known.tls);
    return pools && { headers: known.headers, pools };
  }

  /** Headers and connections for one attempt; bounded in time, because a credential plugin may hang. */
  #prepare(request: Named, timeoutMs: number): Promise<Prepared> {
    const { signal, method, path } = request;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(abortedError(signal?.reason, request));
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        const message = `the credentials of ${this.#credentials.source} were not ready within ${timeoutMs} ms; check the credential plugin it names`;
        reject(new ApiError(message, { failure: 'credentials', method, path }));
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      Promise.all([this.#credentials.headers(), this.#pools.current()])
        .then(([headers, pools]) => resolve({ headers, pools }), reject)
        .finally(() => {
          cancelTimer();
          signal?.removeEventListener('abort', onAbort);
        });
    });
  }

  async #unlessAborted<T>(request: ApiRequest, waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } catch (reason) {
      throw abortedError(reason, request);
    }
  }

  #headers(authentication: Headers, request: Partial<ApiRequest>, sent?: EncodedBody | undefined): Headers {
    const accept = this.#coding.accept(request);
    const headers = { accept, 'user-agent': this.#userAgent, ...authentication };
    return sent === undefined ? headers : { ...headers, 'content-type': sent.contentType };
  }

  #target({ path, query }: Pick<ApiRequest, 'path' | 'query'>): string {
    if (query === undefined) return `${this.#prefix}${path}`;
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const search = parameters.toString();
    return `${this.#prefix}${path}${search === '' ? '' : `?${search}`}`;
  }

  #failed(method: string, path: string, sent: boolean): FailedRequest {
    return { method, path, server: this.#credentials.server, source: this.#credentials.source, sent };
  }

  #refused(
    method: string,
    path: string,
    code: number,
    body: string,
    retryAfter: string | undefined,
    headers: Headers,
  ): FailedOutcome {
    const { server, source } = this.#credentials;
    const retryAfterMs = parseRetryAfter(retryAfter, this.#clock.now());
    const error = statusError({ method, path, server, source, code, body, retryAfterMs });
    return { error, headers, retryAfterMs };
  }

  #observeRequest(method: string, path: string, code: number, startedAt: number, serverDate?: string): void {
    const durationMs = this.#clock.monotonic() - startedAt;
    const date = serverDate === undefined ? {} : { serverDate };
    this.#observe.request?.({ method, path, host: this.host, code, durationMs, ...date });
  }
}

type Headers = Readonly<Record<string, string>>;
type Prepared = { readonly headers: Headers; readonly pools: Pools };
type Named = Pick<ApiRequest, 'method' | 'path'> & { readonly signal?: AbortSignal };

/** `headers` are those the attempt was made with; `retryAfterMs` is what the Retry-After header said. */
interface FailedOutcome {
  readonly error: ApiError;
  readonly headers: Headers;
  /** What was refused. */
  readonly sent?: EncodedBody | undefined;
  readonly retryAfterMs?: number | undefined;
}

type Outcome<T> = FailedOutcome | { readonly error: undefined; readonly value: T; readonly headers: Headers };

function isSuccess(code: number): boolean {
  return code >= 200 && code <= 299;
}

/** Milliseconds after which this request may be sent again, or `undefined` when it must not be. */
function retryDelay(
  request: ApiRequest,
  error: ApiError,
  retryAfterMs: number | undefined,
): number | undefined {
  const { method, retryThrottled = true } = request;
  if (method !== 'GET' && error.isAmbiguous) return undefined;
  if (isConnectionReset(error)) return RETRY_PAUSE_MS;
  if (!retryThrottled) return undefined;
  if (error.code === 429) return retryAfterMs ?? RETRY_PAUSE_MS;
  return error.code >= 500 ? retryAfterMs : undefined;
}

function malformed({ method, path }: Named, code: number, how: string, cause?: unknown): ApiError {
  return new ApiError(`${method} ${path}: the answer ${how}`, {
    failure: 'malformed',
    code,
    method,
    path,
    cause,
  });
}

function signalOf({ signal }: ApiRequest): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
