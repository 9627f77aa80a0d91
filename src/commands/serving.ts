import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { BerthError } from '../errors.js';
import { ApiClient, type ClientObserver } from '../kube/api-client.js';
import { readClientCa } from '../kube/client-ca.js';
import { type CredentialsRequest, loadCredentials } from '../kube/credentials.js';
import { reviewPathAccess } from '../kube/subject-access-review.js';
import { reviewToken } from '../kube/token-review.js';
import type { ApiTransport } from '../kube/transport.js';
import { userAgent } from '../kube/user-agent.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { Authenticator } from '../serve/authenticator.js';
import { Authorizer } from '../serve/authorizer.js';
import { ClientAuthorities } from '../serve/client-authorities.js';
import { Guard, type GuardObserver } from '../serve/guard.js';
import { HttpServer } from '../serve/http-server.js';
import { Profiles } from '../serve/profiles.js';
import type { Content } from '../serve/routes.js';
import { SecureServer } from '../serve/secure-server.js';
import { ServingCertificate } from '../serve/serving-certificate.js';
import type { SecureServingOptions, ServingOptions } from './serving-options.js';

export interface ServingParts extends Omit<Content, 'profiles'> {
  readonly options: ServingOptions;
  /** Whether the configuration asks for profiles; asked again for each request. */
  readonly wantsProfiles: () => boolean;
  /** How the program itself connects. */
  readonly connection: CredentialsRequest;
  readonly guardMetrics: Pick<
    Metrics,
    'authenticationAttempts' | 'authenticationDuration' | 'authorizationAttempts' | 'authorizationDuration'
  >;
  readonly observe: ClientObserver;
  readonly log: Logger;
}

/**
 * Questions about callers a second, and at once. They go over connections of their own: whoever knocks at the port with a thousand made-up
 * tokens shall not keep a pod from being bound.
 */
const reviewRate = { qps: 50, burst: 100, connections: 4 };

/** What a running scheduler shows of itself: over TLS to those who may see it, over plain HTTP to this machine. */
export class Serving {
  readonly #parts: ServingParts;
  readonly #servers: (HttpServer | SecureServer)[] = [];
  readonly #clients: ApiClient[] = [];

  private constructor(parts: ServingParts) {
    this.#parts = parts;
  }

  /**
   * Listens where the options say, and keeps certificates up to date until the signal fires. Rejects with `BERTH_E_LISTEN` and
   * `BERTH_E_OPTIONS_INVALID`.
   */
  static async start(parts: ServingParts, options: { readonly signal: AbortSignal }): Promise<Serving> {
    const serving = new Serving(parts);
    try {
      const { plain, secure } = parts.options;
      if (secure !== undefined) await serving.#startSecure(secure, options);
      if (plain !== undefined) {
        const server = new HttpServer(serving.#content());
        serving.#servers.push(server);
        const port = await server.listen(plain);
        parts.log.info('serving health and metrics', { address: `http://${urlHost(plain.host)}:${port}` });
      }
      return serving;
    } catch (error) {
      await serving.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    await Promise.allSettled(this.#clients.map((client) => client.close()));
  }

  async #startSecure(
    options: SecureServingOptions,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    const { log, wantsProfiles } = this.#parts;
    const authentication = this.#reviewClient(options.authenticationKubeconfig);
    const authorization = this.#reviewClient(options.authorizationKubeconfig);
    const certificate = await ServingCertificate.load({
      source: options.certificate,
      names: ownNames(),
      log,
    });
    const authorities = await this.#loadAuthorities(options, authentication, signal);
    const profiles = new Profiles();
    const server = new SecureServer({
      ...this.#content(),
      profiles: () => (wantsProfiles() ? profiles : undefined),
      guard: this.#guard(options, { authentication, authorization, signal }),
      certificate,
      authorities,
      tls: options.tls,
    });
    this.#servers.push(server);
    const port = await server.listen(options);
    log.info('serving health and metrics to callers who may see them', {
      address: `https://${urlHost(options.host)}:${port}`,
      certificate: options.certificate.kind === 'files' ? options.certificate.certFile : 'self-made',
      expires: new Date(certificate.expiresAt).toISOString(),
    });
    void server.keepCurrent({ signal });
  }

  #content(): Content & { readonly onError: (error: unknown) => void } {
    const { checks, metrics, configz, log } = this.#parts;
    const onError = (error: unknown): void =>
      log.error('a request to the server failed', { error: String(error) });
    return { checks, metrics, configz, onError };
  }

  #reviewClient(kubeconfig: string | undefined): ApiClient {
    const { connection, observe } = this.#parts;
    const credentials = loadCredentials(kubeconfig === undefined ? connection : { kubeconfig });
    const client = new ApiClient(credentials, {
      ...reviewRate,
      userAgent: userAgent('serving'),
      observe,
      maxResponseBytes: 1024 * 1024,
    });
    this.#clients.push(client);
    return client;
  }

  #guard(
    options: SecureServingOptions,
    {
      authentication,
      authorization,
      signal,
    }: {
      readonly authentication: ApiTransport;
      readonly authorization: ApiTransport;
      readonly signal: AbortSignal;
    },
  ): Guard {
    return new Guard({
      authenticator: new Authenticator({
        reviewToken: (token) => reviewToken(authentication, token, { signal }),
        tokenTtlMs: options.tokenTtlMs,
      }),
      authorizer: new Authorizer({
        ...options,
        reviewAccess: (caller, access) => reviewPathAccess(authorization, caller, access, { signal }),
      }),
      log: this.#parts.log,
      observer: guardObserver(this.#parts.guardMetrics),
    });
  }

  async #loadAuthorities(
    { clientCaFile, skipLookup, tolerateLookupFailure }: SecureServingOptions,
    transport: ApiTransport,
    signal: AbortSignal,
  ): Promise<ClientAuthorities> {
    const { log } = this.#parts;
    if (clientCaFile !== undefined) {
      const read = (): Promise<string> => readFile(clientCaFile, 'utf8');
      const authorities = new ClientAuthorities({ read, source: clientCaFile, log });
      await authorities.load().catch((error: Error) => {
        const problem = `--client-ca-file: ${clientCaFile}: ${error.message}`;
        throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem }, { cause: error });
      });
      return authorities;
    }
    const authorities = new ClientAuthorities({
      read: async () => (skipLookup ? undefined : readClientCa(transport, { signal })),
      source: 'ConfigMap kube-system/extension-apiserver-authentication',
      log,
    });
    // Tolerated, it is said in the log, and tried again.
    await (tolerateLookupFailure ? authorities.refresh() : authorities.load());
    return authorities;
  }
}

/** Names and addresses by which callers reach this machine or pod. */
function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
  return [...new Set([hostname(), 'localhost', '127.0.0.1', '::1', ...addresses])];
}

function guardObserver(metrics: ServingParts['guardMetrics']): GuardObserver {
  return {
    authenticated: (result, seconds) => {
      metrics.authenticationAttempts.of(result).inc();
      metrics.authenticationDuration.of(result).observe(seconds);
    },
    authorized: (result, seconds) => {
      metrics.authorizationAttempts.of(result).inc();
      metrics.authorizationDuration.of(result).observe(seconds);
    },
  };
}

/** An IPv6 address stands in brackets in a URL. */
function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
