/**
 * What the rooms that talk to an API server need from a connection, without naming an HTTP library.
 * `ApiClient` (api-client.ts) is the implementation; tests may pass any other.
 */

import type { WriteFence } from './write-fence.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiRequest {
  readonly method: HttpMethod;
  /** Path below the server's base, beginning with `/`, for example `/api/v1/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON, or as `protobuf` says. */
  readonly body?: unknown;
  /**
   * That body and answer may go as protobuf, which costs an API server far less, where it takes part and the kinds are known here
   * (protobuf/messages.ts). The answer is given back as JSON would have brought it, without the fields that are not known. @default false
   */
  readonly protobuf?: boolean;
  /** @default 'application/json'; patches name theirs, for example `application/strategic-merge-patch+json`. */
  readonly contentType?: string;
  /** What the answer may be: some form of JSON. Not together with `protobuf`. @default 'application/json' */
  readonly accept?: string;
  /** True where success is all that matters: the answer to a success is not decoded, and `undefined` is returned. @default false */
  readonly ignoreAnswer?: boolean;
  /**
   * Given a successful answer before it is decoded, which waits: a glance at it may be worth sending the next request. Text is JSON, bytes
   * are protobuf. A transport that has neither need not call it.
   */
  readonly beforeDecoding?: (answer: string | Buffer) => Promise<void>;
  /** Milliseconds until the request is given up as ambiguous. @default 10_000 */
  readonly timeoutMs?: number;
  /** Whether the client itself waits and sends again on 429 and Retry-After; callers that pace themselves say no. @default true */
  readonly retryThrottled?: boolean;
  readonly signal?: AbortSignal;
  /** Asked at the last moment: a request may have waited for its turn while this process lost the right to write. */
  readonly fence?: WriteFence;
}

export interface StreamRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** As `ApiRequest.protobuf`: the stream says then which of the two it is. @default false */
  readonly protobuf?: boolean;
  readonly signal?: AbortSignal;
}

/** The body of an answer as it comes. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** JSON when left out: then every line is a document. In protobuf every message has its length before it, in four bytes. */
  readonly format?: 'json' | 'protobuf';
}

export interface ApiTransport {
  /** Sends one request and decodes its answer. Rejects with `ApiError` (api-error.ts) for every failure. */
  request<T = unknown>(request: ApiRequest): Promise<T>;
  /** Opens a long-lived GET; yields raw body chunks. Rejects with `ApiError` when the server does not answer 200. */
  stream(request: StreamRequest): Promise<ByteStream>;
}
