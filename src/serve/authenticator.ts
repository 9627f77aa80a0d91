import type { IncomingHttpHeaders } from 'node:http';
import type { PeerCertificate } from 'node:tls';
import { type Clock, systemClock } from '../clock.js';
import { anonymous, type Caller } from '../kube/caller.js';
import { AnswerCache } from './answer-cache.js';

/** A certificate that a client showed in the handshake. */
export interface ShownCertificate {
  readonly certificate: PeerCertificate;
  /** Undefined when one of the cluster's client CAs stands behind it; otherwise why not. */
  readonly problem: string | undefined;
}

/** What a request brings to prove who sends it. */
export interface Proofs {
  readonly headers: Pick<IncomingHttpHeaders, 'authorization'>;
  /** Undefined when there is none, or no CA to judge it by. */
  readonly certificate: ShownCertificate | undefined;
}

export type Authentication =
  | { readonly kind: 'known'; readonly caller: Caller }
  /** Proved nothing, and did not try. */
  | { readonly kind: 'anonymous'; readonly caller: Caller }
  /** Tried, and failed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Tried, and nobody could be asked. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface AuthenticatorOptions {
  /** Whose token it is; undefined when nobody's. */
  readonly reviewToken: (token: string) => Promise<Caller | undefined>;
  /** How long the answer about a token is good for, in milliseconds. */
  readonly tokenTtlMs: number;
  readonly clock?: Clock;
}

/** Tokens that are remembered, and reviews under way at a time. */
const capacity = 1_024;
const maxPending = 64;

/** Finds out who sends a request, in the order of Kubernetes servers: client certificate, bearer token, nobody. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #clock: Clock;
  readonly #tokens: AnswerCache<Caller | undefined>;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { tokenTtlMs } = options;
    this.#tokens = new AnswerCache({ keepMs: () => tokenTtlMs, capacity, maxPending, clock: this.#clock });
  }

  async authenticate({ certificate, headers }: Proofs): Promise<Authentication> {
    const shown = certificate && callerOfCertificate(certificate, this.#clock.now());
    if (shown?.kind === 'known') return shown;
    const token = bearerToken(headers.authorization);
    if (token !== undefined) return this.#judgeToken(token);
    return shown ?? { kind: 'anonymous', caller: anonymous };
  }

  async #judgeToken(token: string): Promise<Authentication> {
    try {
      const caller = await this.#tokens.get(token, () => this.#options.reviewToken(token));
      return caller === undefined
        ? { kind: 'refused', reason: 'invalid bearer token' }
        : { kind: 'known', caller: authenticated(caller) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }
}

function bearerToken(header: string | undefined): string | undefined {
  const [scheme = '', token] = header?.trim().split(' ') ?? [];
  return scheme.toLowerCase() === 'bearer' ? token || undefined : undefined;
}

/** Common name and organizations are user and groups. A certificate without a name says nothing. */
function callerOfCertificate(
  { certificate, problem }: ShownCertificate,
  now: number,
): Authentication | undefined {
  if (problem !== undefined) return { kind: 'refused', reason: `client certificate: ${problem}` };
  // The handshake may have been a while ago.
  if (now > Date.parse(certificate.valid_to))
    return { kind: 'refused', reason: 'client certificate: expired' };
  const name = listOf(certificate.subject.CN).at(-1) ?? '';
  if (name === '') return undefined;
  const groups = listOf(certificate.subject.O);
  return { kind: 'known', caller: authenticated({ name, uid: '', groups, extra: {} }) };
}

/** Node.js makes a list of what is there several times, although its types do not say so. */
function listOf(value: unknown): string[] {
  return [value].flat().filter((item): item is string => typeof item === 'string');
}

function authenticated(caller: Caller): Caller {
  const group = 'system:authenticated';
  return caller.groups.includes(group) ? caller : { ...caller, groups: [...caller.groups, group] };
}
