import { ApiError } from './api-error.js';

/** An answer with a status other than 2xx. */
export interface RefusedRequest {
  readonly method: string;
  readonly path: string;
  readonly server: URL;
  readonly source: string;
  readonly code: number;
  readonly body: string;
  /** What the Retry-After header said, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

interface Status {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown };
}

/**
 * The error for a refused request. Its message is the server's own where the server sent a `Status`, made one line;
 * for credentials that do not suffice it adds what to do.
 */
export function statusError(refused: RefusedRequest): ApiError {
  const status = parseStatus(refused.body);
  const { method, path, code } = refused;
  const seconds = status?.details?.retryAfterSeconds;
  const retryAfterMs =
    refused.retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined);
  return new ApiError(messageOf(refused, status), {
    failure: 'status',
    code,
    method,
    path,
    ...(typeof status?.reason === 'string' && { reason: status.reason }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Milliseconds asked for by a Retry-After header: seconds, or a date. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

function messageOf(
  { method, path, server, source, code, body }: RefusedRequest,
  status: Status | undefined,
): string {
  const said = typeof status?.message === 'string' ? oneLine(status.message) : '';
  if (code === 401) {
    return `${server.origin} does not accept the credentials from ${source} (401 ${said || 'Unauthorized'}); renew the token or certificate`;
  }
  if (code === 403) {
    return `${said || `${method} ${path} is forbidden`}; grant it to this account with a Role or ClusterRole`;
  }
  if (said !== '') return said;
  const excerpt = oneLine(body).slice(0, 120);
  return `${method} ${path} was answered ${code} without a Kubernetes status${excerpt === '' ? '' : `: ${excerpt}`}`;
}

function parseStatus(body: string): Status | undefined {
  try {
    const decoded: unknown = JSON.parse(body);
    if (typeof decoded !== 'object' || decoded === null) return undefined;
    return (decoded as { kind?: unknown }).kind === 'Status' ? (decoded as Status) : undefined;
  } catch {
    return undefined; // A proxy in between answers in HTML or plain text.
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
