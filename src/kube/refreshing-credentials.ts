import { createSecureContext } from 'node:tls';
import type { Clock } from '../clock.js';
import { ApiError } from './api-error.js';
import type { TlsMaterial } from './http/tls-material.js';

/** Which API server to talk to, and how to prove who we are. Every failure is an `ApiError` of kind 'credentials'. */
export interface Credentials {
  /** Base address; its path, if any, comes before every request's path. */
  readonly server: URL;
  /** The namespace of the context or of the service account, `default` where neither names one. */
  readonly namespace: string;
  /** Where these credentials come from, for people: `kubeconfig /home/x/.kube/config (context minikube)`. */
  readonly source: string;
  /** What `connect()` and `headers()` would resolve to, where nothing has to be read for it. */
  current(): AuthenticationMaterial | undefined;
  /** TLS material; the same object as before for as long as nothing changed. */
  connect(): Promise<TlsMaterial>;
  /** Headers that authenticate a request; the same object for up to 60 s. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /**
   * To be called when the server refused `refused`: the next `headers()` reads files and runs plugins again.
   * Nothing happens when newer headers are there already.
   */
  invalidate(refused?: Readonly<Record<string, string>>): void;
}

/** Everything that proves who we are, read at one moment. */
export interface AuthenticationMaterial {
  readonly tls: TlsMaterial;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RefreshingCredentialsOptions {
  readonly server: URL;
  readonly namespace: string;
  readonly source: string;
  /** Reads files and runs plugins; rejects with an `ApiError` of kind 'credentials'. */
  readonly authenticate: () => Promise<AuthenticationMaterial>;
  readonly clock: Clock;
}

/** A rotated token or certificate is noticed at the latest after this long. */
const KEEP_MS = 60_000;

/** Credentials that are read again every minute and whenever the server refuses them. */
export class RefreshingCredentials implements Credentials {
  readonly server: URL;
  readonly namespace: string;
  readonly source: string;
  readonly #authenticate: () => Promise<AuthenticationMaterial>;
  readonly #clock: Clock;
  #current: AuthenticationMaterial | undefined;
  #tls: TlsMaterial = {};
  #expiresAt = 0;
  #refreshing: Promise<AuthenticationMaterial> | undefined;

  constructor(options: RefreshingCredentialsOptions) {
    this.server = options.server;
    this.namespace = options.namespace;
    this.source = options.source;
    this.#authenticate = options.authenticate;
    this.#clock = options.clock;
  }

  current(): AuthenticationMaterial | undefined {
    const current = this.#current;
    if (current === undefined || this.#clock.monotonic() >= this.#expiresAt) return undefined;
    return { tls: this.#tls, headers: current.headers };
  }

  async connect(): Promise<TlsMaterial> {
    await this.#fresh();
    return this.#tls;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    return (await this.#fresh()).headers;
  }

  invalidate(refused?: Readonly<Record<string, string>>): void {
    if (refused === undefined || this.#current?.headers === refused) this.#current = undefined;
  }

  #fresh(): Promise<AuthenticationMaterial> {
    const current = this.#current;
    if (current !== undefined && this.#clock.monotonic() < this.#expiresAt) return Promise.resolve(current);
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<AuthenticationMaterial> {
    const material = await this.#authenticate();
    if (!sameTls(material.tls, this.#tls)) {
      requireUsable(material.tls, this.source);
      this.#tls = material.tls;
    }
    this.#current = material;
    this.#expiresAt = this.#clock.monotonic() + KEEP_MS;
    return material;
  }
}

function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return (
    sameBytes(a.ca, b.ca) &&
    sameBytes(a.cert, b.cert) &&
    sameBytes(a.key, b.key) &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  );
}

function sameBytes(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.from(a).equals(Buffer.from(b));
}

/** Finds a broken or mismatched certificate here, where its origin is known, and not in the middle of a handshake. */
function requireUsable({ ca, cert, key }: TlsMaterial, source: string): void {
  try {
    createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApiError(
      `a certificate or key of ${source} cannot be used: ${reason}; replace it with valid PEM data`,
      {
        failure: 'credentials',
        cause: error,
      },
    );
  }
}
