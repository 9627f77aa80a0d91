import type { OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

export interface TlsRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Certificate, key and the like. */
  readonly tls?: ConnectionOptions;
  /** Where connections come from; one of its own, closed afterwards, when left out. */
  readonly agent?: Agent;
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The certificate of the server, as a fingerprint. */
  readonly fingerprint: string;
  readonly protocol: string | null;
}

/** One request over TLS that trusts whatever certificate the server has. */
export function tlsRequest(
  port: number,
  { path, method = 'GET', headers = {}, body, tls = {}, agent }: TlsRequest,
): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers,
        agent: agent ?? new Agent({ keepAlive: false, maxCachedSessions: 0 }),
        rejectUnauthorized: false,
        ...tls,
      },
      (answer) => {
        const socket = answer.socket as TLSSocket;
        const { fingerprint256 } = socket.getPeerCertificate();
        const protocol = socket.getProtocol();
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: text,
            fingerprint: fingerprint256,
            protocol,
          }),
        );
        answer.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
