import { ApiError } from './api-error.js';
import { connectionCode } from './connection-cause.js';

/** What is known about the request that failed. */
export interface FailedRequest {
  readonly method: string;
  readonly path: string;
  readonly server: URL;
  /** Where the credentials come from, for people. */
  readonly source: string;
  /** True once the request was being written to a connection: the server may have seen it. */
  readonly sent: boolean;
}

const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'HTTP_CLOSED']);

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; check that it is running and that the address is right',
  ENOTFOUND: 'its host name cannot be resolved; check the address and DNS',
  EAI_AGAIN: 'its host name cannot be resolved at the moment; check DNS',
  ETIMEDOUT: 'no connection in time; check the address, routes and firewalls',
  HTTP_CONNECT_TIMEOUT: 'no connection in time; check the address, routes and firewalls',
  EHOSTUNREACH: 'no route to the host; check the address and the network',
  ENETUNREACH: 'the network is unreachable; check the address and the network',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'it does not speak TLS there; check the port, or write http:// for a plain server',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'it does not speak TLS there; check the port, or write http:// for a plain server',
};

/** Turns what the HTTP library threw into an `ApiError` of one line that says what happened and what to do. */
export function connectionError(cause: unknown, request: FailedRequest): ApiError {
  const { method, path, server, source, sent } = request;
  const code = connectionCode(cause);
  const details = { method, path, cause };
  const trouble = tlsTrouble(code, request);
  if (trouble !== undefined) return new ApiError(trouble, { ...details, failure: 'credentials' });
  if (sent) {
    const how = RESETS.has(code) ? 'the connection was lost' : `the exchange failed (${oneLine(cause)})`;
    return new ApiError(`${method} ${path}: ${how} before the answer came; the server may have acted on it`, {
      ...details,
      failure: 'ambiguous',
    });
  }
  const why =
    UNREACHABLE[code] ?? `${oneLine(cause)}; check that it is running and that the address is right`;
  return new ApiError(`cannot reach the API server at ${server.origin} (from ${source}): ${why}`, {
    ...details,
    failure: 'unreachable',
  });
}

/** The answer did not come within the time allowed. Nothing was sent when no connection became free in that time. */
export function timeoutError(timeoutMs: number, request: FailedRequest): ApiError {
  const { method, path, server, sent } = request;
  return sent
    ? new ApiError(`${method} ${path}: no answer within ${timeoutMs} ms; the server may have acted on it`, {
        failure: 'ambiguous',
        method,
        path,
      })
    : new ApiError(
        `${method} ${path}: no connection to ${server.origin} within ${timeoutMs} ms; nothing was sent`,
        {
          failure: 'unreachable',
          method,
          path,
        },
      );
}

export function abortedError(
  reason: unknown,
  { method, path }: Pick<FailedRequest, 'method' | 'path'>,
): ApiError {
  return new ApiError(`${method} ${path} was given up by its caller`, {
    failure: 'aborted',
    method,
    path,
    cause: reason,
  });
}

/** True for a connection that the other side closed or reset while we waited for its answer. */
export function isConnectionReset(error: unknown): boolean {
  return (
    error instanceof ApiError && error.failure === 'ambiguous' && RESETS.has(connectionCode(error.cause))
  );
}

function tlsTrouble(code: string, { server, source }: FailedRequest): string | undefined {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return `the server's certificate is not signed by the CA in ${source}: ${server.origin} showed another one (${code}); use the CA that belongs to this server`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const when = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return `the certificate of ${server.origin} ${when}; renew it or set this machine's clock`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${server.origin} is not valid for ${server.hostname}; use a name it contains, or set tls-server-name in ${source}`;
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return `${server.origin} refused the client certificate of ${source} (${code}); use one that the server's CA signed`;
  }
  return undefined;
}

function oneLine(error: unknown): string {
  const message =
    error instanceof Error ? error.message || connectionCode(error) || error.name : String(error);
  return message.replace(/\s+/g, ' ').trim();
}
