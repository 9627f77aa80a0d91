/** How a request ended without a good answer; decides whether its outcome is known. */
export type ApiFailure =
  /** The server answered with an error status: the outcome is known. */
  | 'status'
  /** No connection could be made: nothing was sent. */
  | 'unreachable'
  /** Sent, but no answer came (timeout, reset): the server may or may not have acted. */
  | 'ambiguous'
  /** TLS or credential trouble before a request could be made: wrong CA, unreadable certificate, exec plugin failure. */
  | 'credentials'
  /** The answer could not be understood. */
  | 'malformed'
  /** The caller's signal fired. */
  | 'aborted';

export interface ApiErrorDetails {
  readonly failure: ApiFailure;
  /** HTTP status code; 0 when there was no answer. */
  readonly code?: number;
  /** Kubernetes status reason, such as `NotFound`, `Conflict`, `Expired`. */
  readonly reason?: string;
  /** What the server asked us to wait, from Retry-After, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly method?: string;
  readonly path?: string;
  readonly cause?: unknown;
}

/** The one error of every conversation with an API server. `message` is one line, fit to be shown. */
export class ApiError extends Error {
  readonly failure: ApiFailure;
  readonly code: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;

  constructor(message: string, details: ApiErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ApiError';
    this.failure = details.failure;
    this.code = details.code ?? 0;
    this.reason = details.reason ?? '';
    this.retryAfterMs = details.retryAfterMs;
    this.method = details.method;
    this.path = details.path;
  }

  /** True when the request may have been carried out although no answer said so. */
  get isAmbiguous(): boolean {
    return this.failure === 'ambiguous' || (this.failure === 'status' && isGatewayTrouble(this.code));
  }
}

/** Somebody in between lost its server, or its patience, after it had passed the request on. */
function isGatewayTrouble(code: number): boolean {
  return code === 502 || code === 504;
}
