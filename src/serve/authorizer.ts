import { type Clock, systemClock } from '../clock.js';
import type { Caller } from '../kube/caller.js';
import type { PathAccess, PathVerdict } from '../kube/subject-access-review.js';
import { AnswerCache } from './answer-cache.js';

export interface AuthorizerOptions {
  /** Whether the caller may. */
  readonly reviewAccess: (caller: Caller, access: PathAccess) => Promise<PathVerdict>;
  /** Paths that everybody may ask for; one that ends in `*` stands for all that begin so. */
  readonly alwaysAllowPaths: readonly string[];
  /** How long a yes and a no are good for, in milliseconds. */
  readonly allowedTtlMs: number;
  readonly deniedTtlMs: number;
  readonly clock?: Clock;
}

/** Verdicts that are remembered, and reviews under way at a time. */
const capacity = 1_024;
const maxPending = 64;

/** May do everything in every Kubernetes server. */
const superusers = 'system:masters';

/** Decides who may ask for which path, by asking the API server. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #verdicts: AnswerCache<PathVerdict>;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    const { allowedTtlMs, deniedTtlMs, clock = systemClock } = options;
    this.#verdicts = new AnswerCache({
      keepMs: ({ allowed }) => (allowed ? allowedTtlMs : deniedTtlMs),
      capacity,
      maxPending,
      clock,
    });
  }

  /** Whether a path is open: to be asked before anybody is asked who he is. */
  isOpen(path: string): boolean {
    return this.#options.alwaysAllowPaths.some((allowed) =>
      allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : path === allowed,
    );
  }

  /** Rejects when nobody could be asked. */
  async authorize(caller: Caller, access: PathAccess): Promise<PathVerdict> {
    if (caller.groups.includes(superusers)) return { allowed: true, reason: '' };
    return this.#verdicts.get(JSON.stringify([caller, access]), () =>
      this.#options.reviewAccess(caller, access),
    );
  }
}
