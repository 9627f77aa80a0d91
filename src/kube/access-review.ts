import { type Clock, systemClock } from '../clock.js';
import { ApiError } from './api-error.js';
import type { ApiTransport } from './transport.js';

/** One thing that a program needs to be allowed to do. */
export interface NeededAccess {
  readonly verb: string;
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface AccessReviewOptions {
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** `create pods/binding`, `update leases.coordination.k8s.io in namespace x`: as administrators speak of it. */
export function describeAccess({ verb, group, resource, subresource, namespace }: NeededAccess): string {
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  return `${verb} ${what}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

/**
 * Asks the API server which of the accesses are not granted, in the order given. A server that does not answer such questions
 * leaves it to the calls themselves to find out.
 */
export async function missingAccess(
  transport: ApiTransport,
  needed: readonly NeededAccess[],
  options: AccessReviewOptions = {},
): Promise<NeededAccess[]> {
  const granted = await Promise.all(needed.map((access) => isGranted(transport, access, options)));
  return needed.filter((_access, index) => !granted[index]);
}

/** Asking changes nothing: whatever goes wrong on the way, it may be done again. */
const maxTries = 4;
const firstPauseMs = 100;
const pauseGrowth = 4;

async function isGranted(
  transport: ApiTransport,
  access: NeededAccess,
  { signal, clock = systemClock }: AccessReviewOptions,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(transport, access, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || !mayPass(error) || tries >= maxTries) throw error;
      const pauseMs = Math.max(error.retryAfterMs ?? 0, firstPauseMs * pauseGrowth ** (tries - 1));
      await clock.sleep(pauseMs, signal === undefined ? {} : { signal });
    }
  }
}

/** Trouble of the moment: a connection that was reset, a server that is busy or about to start. */
function mayPass({ isAmbiguous, failure, code }: ApiError): boolean {
  return isAmbiguous || failure === 'malformed' || code === 429 || code >= 500;
}

async function ask(
  transport: ApiTransport,
  access: NeededAccess,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const review = await transport.request<{ status?: { allowed?: boolean } }>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: access },
      },
      ...(signal === undefined ? {} : { signal }),
    });
    return review.status?.allowed === true;
  } catch (error) {
    if (error instanceof ApiError && error.failure === 'status' && (error.code === 403 || error.code === 404))
      return true;
    throw error;
  }
}
