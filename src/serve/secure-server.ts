import type { IncomingMessage, RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { type Clock, systemClock } from '../clock.js';
import { type Answer, statusAnswer } from './answer.js';
import type { ShownCertificate } from './authenticator.js';
import type { ClientAuthorities } from './client-authorities.js';
import type { Guard } from './guard.js';
import { HttpServer, type ListenOptions } from './http-server.js';
import type { Content } from './routes.js';
import type { ServingCertificate } from './serving-certificate.js';
import type { TlsSettings } from './tls-settings.js';

export interface SecureServerOptions extends Content {
  readonly guard: Guard;
  readonly certificate: ServingCertificate;
  readonly authorities: ClientAuthorities;
  readonly tls: TlsSettings;
  readonly clock?: Clock;
  /** How often the certificate is looked at, in milliseconds. @default 1_000 */
  readonly certificateEveryMs?: number;
  /** How often the client authorities are read, in milliseconds. @default 60_000 */
  readonly authoritiesEveryMs?: number;
  /** Told of requests that failed on our side. */
  readonly onError?: (error: unknown) => void;
}

/** A client that says nothing during the handshake has to go. */
const handshakeTimeoutMs = 10_000;

/** The server over TLS that asks who calls, and whether he may. */
export class SecureServer {
  readonly #options: SecureServerOptions;
  readonly #clock: Clock;
  readonly #http: HttpServer;
  #tlsServer!: Server;
  /** Which authorities judged the certificate that a connection showed. */
  readonly #judgedBy = new WeakMap<object, string | undefined>();

  constructor(options: SecureServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { checks, metrics, configz, profiles, clock, onError } = options;
    this.#http = new HttpServer({
      checks,
      metrics,
      configz,
      createServer: (limits, listener) => this.#create(limits, listener),
      refuse: (request, path) => this.#refuse(request, path),
      ...(profiles && { profiles }),
      ...(clock && { clock }),
      ...(onError && { onError }),
    });
  }

  /** As of `HttpServer`. */
  listen(options: ListenOptions): Promise<number> {
    return this.#http.listen(options);
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** Takes up changed certificates and authorities until the signal fires. Connections that are open stay open. */
  async keepCurrent({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const {
      certificate,
      authorities,
      certificateEveryMs = 1_000,
      authoritiesEveryMs = 60_000,
    } = this.#options;
    const every = async (ms: number, refresh: () => Promise<boolean>): Promise<void> => {
      while (!signal.aborted) {
        await this.#clock.sleep(ms, { signal }).catch(() => undefined);
        if (!signal.aborted && (await refresh())) this.#renewContext();
      }
    };
    await Promise.all([
      every(certificateEveryMs, () => certificate.refresh()),
      every(authoritiesEveryMs, () => authorities.refresh()),
    ]);
  }

  #create(limits: ServerOptions, listener: RequestListener): Server {
    this.#tlsServer = createServer(
      {
        ...limits,
        ...this.#context(),
        handshakeTimeout: handshakeTimeoutMs,
        // Asked for, not insisted on: most callers bring a token.
        requestCert: true,
        rejectUnauthorized: false,
      },
      listener,
    );
    this.#tlsServer.on('secureConnection', (socket) => {
      this.#judgedBy.set(socket, this.#options.authorities.current);
    });
    return this.#tlsServer;
  }

  #context() {
    const { certificate, authorities, tls } = this.#options;
    return {
      ...certificate.current,
      // An empty list: without one, Node.js would believe the authorities of the web.
      ca: authorities.current === undefined ? [] : [authorities.current],
      minVersion: tls.minVersion,
      ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
    };
  }

  #renewContext(): void {
    this.#tlsServer.setSecureContext(this.#context());
  }

  async #refuse(request: IncomingMessage, path: string): Promise<Answer | undefined> {
    const socket = request.socket as TLSSocket;
    const certificate = this.#shownBy(socket);
    if (certificate === 'outdated') {
      // Cut, so that the client comes again on a connection that is judged by the authorities of today.
      socket.destroy();
      return statusAnswer(401, 'Unauthorized', 'Unauthorized');
    }
    const { method = 'GET', headers } = request;
    const verdict = await this.#options.guard.judge({ path, method, headers, certificate });
    return verdict.kind === 'refused' ? verdict.answer : undefined;
  }

  #shownBy(socket: TLSSocket): ShownCertificate | 'outdated' | undefined {
    const { current } = this.#options.authorities;
    const certificate = socket.getPeerCertificate();
    // Node.js has an empty object for none.
    if (certificate?.raw === undefined) return undefined;
    if (this.#judgedBy.get(socket) !== current) return 'outdated';
    if (current === undefined) return undefined;
    const problem = socket.authorized ? undefined : String(socket.authorizationError ?? 'not verified');
    return { certificate, problem };
  }
}
