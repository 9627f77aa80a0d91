/** Why an exchange failed for a reason that is neither the system's nor that of TLS. */
export type HttpFaultCode =
  | 'HTTP_CLOSED'
  | 'HTTP_CONNECT_TIMEOUT'
  | 'HTTP_INVALID_REQUEST'
  | 'HTTP_MALFORMED'
  | 'HTTP_POOL_CLOSED';

/** A failure of our own HTTP client; its `code` stands beside those of the system (`ECONNREFUSED`) and of TLS. */
export class HttpFault extends Error {
  readonly code: HttpFaultCode;

  constructor(code: HttpFaultCode, message: string) {
    super(message);
    this.name = 'HttpFault';
    this.code = code;
  }
}
