import type { Clock } from '../../clock.js';
import { onAbort } from '../on-abort.js';
import { protobufMediaType } from '../protobuf/media-type.js';
import type { AnswerHead } from './answer-parser.js';
import type { Connection, ExchangeHandler } from './connection.js';
import type { ConnectionPool } from './connection-pool.js';
import type { WireRequest } from './request-text.js';

/** A request and how long and how much it may take. */
export interface ExchangeRequest extends WireRequest {
  /** For everything: waiting for a connection, opening it, and reading the answer to its end. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface WireAnswer {
  readonly kind: 'answered';
  readonly code: number;
  readonly retryAfter: string | undefined;
  /** What the server's clock said, as it wrote it. */
  readonly date: string | undefined;
  /** '' where it is no text. */
  readonly body: string;
  /** The body of an answer in protobuf. */
  readonly protobuf: Buffer | undefined;
}

/** `sent` is true once the request was being written: from then on the server may have acted. */
export type WireResult =
  | WireAnswer
  | { readonly kind: 'failed'; readonly sent: boolean; readonly cause: unknown }
  | { readonly kind: 'timed-out'; readonly sent: boolean }
  | { readonly kind: 'aborted'; readonly reason: unknown }
  | { readonly kind: 'too-large'; readonly code: number };

/** Sends one request on a pooled connection and collects its answer. Never rejects. */
export function exchange(pool: ConnectionPool, request: ExchangeRequest, clock: Clock): Promise<WireResult> {
  return new Promise((resolve) => {
    if (request.signal?.aborted) resolve({ kind: 'aborted', reason: request.signal.reason });
    else new PendingExchange(request, resolve, clock).send(pool);
  });
}

class PendingExchange implements ExchangeHandler {
  readonly #request: ExchangeRequest;
  readonly #resolve: (result: WireResult) => void;
  readonly #cancelTimer: () => void;
  readonly #cancelAbort: (() => void) | undefined;
  #connection: Connection | undefined;
  #settled = false;
  #head: AnswerHead | undefined;
  readonly #pieces: Buffer[] = [];
  #length = 0;

  constructor(request: ExchangeRequest, resolve: (result: WireResult) => void, clock: Clock) {
    const { signal, timeoutMs } = request;
    this.#request = request;
    this.#resolve = resolve;
    this.#cancelTimer = clock.after(timeoutMs, () =>
      this.#giveUp({ kind: 'timed-out', sent: this.#connection !== undefined }),
    );
    this.#cancelAbort =
      signal && onAbort(signal, () => this.#giveUp({ kind: 'aborted', reason: signal.reason }));
  }

  send(pool: ConnectionPool): void {
    try {
      pool.dispatch(this.#request, this);
    } catch (cause) {
      this.failed(cause);
    }
  }

  started(connection: Connection): boolean {
    // Given up while it waited for a connection: it must not be written any more.
    if (this.#settled) return false;
    this.#connection = connection;
    return true;
  }

  head(head: AnswerHead): void {
    this.#head = head;
  }

  data(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length > this.#request.maxResponseBytes) {
      this.#giveUp({ kind: 'too-large', code: this.#head?.code ?? 0 });
      return;
    }
    this.#pieces.push(Buffer.from(bytes));
  }

  ended(): void {
    const { code = 0, mediaType, retryAfter, date } = this.#head ?? {};
    const [first, ...others] = this.#pieces;
    const whole = others.length === 0 ? first : Buffer.concat(this.#pieces, this.#length);
    const protobuf = mediaType === protobufMediaType ? whole : undefined;
    const body = protobuf === undefined ? (whole?.toString('utf8') ?? '') : '';
    this.#settle({ kind: 'answered', code, retryAfter, date, body, protobuf });
  }

  failed(cause: unknown): void {
    this.#settle({ kind: 'failed', sent: this.#connection !== undefined, cause });
  }

  #giveUp(result: WireResult): void {
    this.#settle(result);
    this.#connection?.cut();
  }

  #settle(result: WireResult): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#cancelAbort?.();
    this.#resolve(result);
  }
}
