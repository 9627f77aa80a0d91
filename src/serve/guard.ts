import { type Clock, systemClock } from '../clock.js';
import { ApiError } from '../kube/api-error.js';
import type { Caller } from '../kube/caller.js';
import type { Logger } from '../observe/logger.js';
import { type Answer, statusAnswer } from './answer.js';
import { BusyError } from './answer-cache.js';
import type { Authentication, Authenticator, Proofs } from './authenticator.js';
import type { Authorizer } from './authorizer.js';

/** A request as far as the question goes who sends it and whether he may. */
export interface GuardedRequest extends Proofs {
  /** As in the URL, without the query. */
  readonly path: string;
  readonly method: string;
}

/** How questions about callers end; for metrics. Durations are in seconds. */
export interface GuardObserver {
  authenticated(result: 'success' | 'failure' | 'error', seconds: number): void;
  authorized(result: 'allowed' | 'denied' | 'error', seconds: number): void;
}

export interface GuardOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly log: Pick<Logger, 'warn'>;
  readonly observer?: GuardObserver;
  readonly clock?: Clock;
}

export type GuardVerdict =
  /** `caller` is undefined where nobody had to say who he is. */
  | { readonly kind: 'admitted'; readonly caller: Caller | undefined }
  | { readonly kind: 'refused'; readonly answer: Answer };

/** Trouble with the API server is worth a line in the log, not one for each scrape. */
const logEveryMs = 60_000;

/** Lets through who may, and answers the others as kube-scheduler does. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #clock: Clock;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async judge(request: GuardedRequest): Promise<GuardVerdict> {
    // Nobody is asked for these: a probe has to be answered while the API server is away.
    if (this.#options.authorizer.isOpen(request.path)) return { kind: 'admitted', caller: undefined };
    const authentication = await this.#authenticate(request);
    switch (authentication.kind) {
      case 'known':
      case 'anonymous':
        return this.#authorize(authentication.caller, request);
      case 'refused':
        return refuse(statusAnswer(401, 'Unauthorized', 'Unauthorized'));
      case 'failed':
        this.#complain('tokens of callers cannot be reviewed', authentication.error);
        return refuse(
          authentication.error instanceof BusyError
            ? busyAnswer
            : statusAnswer(401, 'Unauthorized', `Unauthorized: ${tokenTrouble(authentication.error)}`),
        );
    }
  }

  async #authenticate(request: GuardedRequest): Promise<Authentication> {
    const startedAt = this.#clock.monotonic();
    const authentication = await this.#options.authenticator.authenticate(request);
    const seconds = (this.#clock.monotonic() - startedAt) / 1000;
    const results = { known: 'success', anonymous: 'success', refused: 'failure', failed: 'error' } as const;
    this.#options.observer?.authenticated(results[authentication.kind], seconds);
    return authentication;
  }

  async #authorize(caller: Caller, { path, method }: GuardedRequest): Promise<GuardVerdict> {
    const { authorizer, observer } = this.#options;
    const startedAt = this.#clock.monotonic();
    const seconds = (): number => (this.#clock.monotonic() - startedAt) / 1000;
    const verb = method.toLowerCase();
    try {
      const { allowed, reason } = await authorizer.authorize(caller, { path, verb });
      observer?.authorized(allowed ? 'allowed' : 'denied', seconds());
      if (allowed) return { kind: 'admitted', caller };
      const message = `forbidden: User "${caller.name}" cannot ${verb} path "${path}"`;
      return refuse(statusAnswer(403, 'Forbidden', reason === '' ? message : `${message}: ${reason}`));
    } catch (error) {
      observer?.authorized('error', seconds());
      this.#complain('rights of callers cannot be reviewed', error);
      return refuse(
        error instanceof BusyError ? busyAnswer : statusAnswer(500, 'InternalError', accessTrouble(error)),
      );
    }
  }

  #complain(message: string, error: unknown): void {
    const now = this.#clock.monotonic();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log.warn(message, {
      reason,
      remedy: isForbidden(error) ? delegatorRemedy : 'the API server has to answer',
    });
  }
}

const delegatorRemedy =
  'bind the ClusterRole system:auth-delegator to the user that Berth is (its ServiceAccount in the cluster)';
const busyAnswer = statusAnswer(
  429,
  'TooManyRequests',
  'too many callers are being looked up; try again later',
  { 'Retry-After': '1' },
);

/** The details are in the log: a stranger is told no more than whom to ask. */
function tokenTrouble(error: unknown): string {
  return isForbidden(error)
    ? `Berth may not review tokens; ${delegatorRemedy}`
    : 'the API server did not say whose token this is; the log of Berth tells why';
}

function accessTrouble(error: unknown): string {
  return isForbidden(error)
    ? `Berth may not ask what callers may do; ${delegatorRemedy}`
    : 'the API server did not say whether the caller may; the log of Berth tells why';
}

function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.failure === 'status' && error.code === 403;
}

function refuse(answer: Answer): GuardVerdict {
  return { kind: 'refused', answer };
}
