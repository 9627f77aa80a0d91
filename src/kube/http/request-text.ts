import { HttpFault } from './http-fault.js';

/** One HTTP request as it goes over the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the server's prefix and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, or bytes that are none. */
  readonly body?: string | Buffer | undefined;
}

const validPath = /^\/[\x21-\x7e]*$/;
const validName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const validValue = /^[\t\x20-\x7e]*$/;

/**
 * A request as it is written. Nothing in it can end a line early and so become a request of its own.
 * @throws HttpFault when path, name or value of a header have characters that do not belong there.
 */
export function requestText(host: string, { method, path, headers, body }: WireRequest): string | Buffer {
  if (!validPath.test(path)) throw invalid('path');
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (!validName.test(name)) throw invalid('header name');
    if (!validValue.test(value)) throw invalid(`${name} header`);
    text += `${name}: ${value}\r\n`;
  }
  // Whoever takes a body wants to know that there is none.
  if (body === undefined) return method === 'GET' ? `${text}\r\n` : `${text}content-length: 0\r\n\r\n`;
  text += `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return typeof body === 'string' ? text + body : Buffer.concat([Buffer.from(text, 'latin1'), body]);
}

function invalid(what: string): HttpFault {
  return new HttpFault(
    'HTTP_INVALID_REQUEST',
    `invalid ${what}: it has characters that HTTP does not allow there`,
  );
}
