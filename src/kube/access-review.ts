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

/** Somebody else whose rights are asked about; asking needs the right to create SubjectAccessReviews. */
export interface AccessSubject {
  readonly user: string;
  readonly groups: readonly string[];
}

/** A ServiceAccount as the API server names it. */
export function serviceAccountSubject(namespace: string, name: string): AccessSubject {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

export interface AccessReviewOptions {
  /** @default whoever asks */
  readonly subject?: AccessSubject;
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
  { signal, subject, clock = systemClock }: AccessReviewOptions,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(transport, access, { signal, subject });
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
  {
    signal,
    subject,
  }: { readonly signal: AbortSignal | undefined; readonly subject: AccessSubject | undefined },
): Promise<boolean> {
  const kind = subject === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  try {
    const review = await transport.request<{ status?: { allowed?: boolean } }>({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind,
        spec: { ...subject, resourceAttributes: access },
      },
      ...(signal === undefined ? {} : { signal }),
    });
    return review.status?.allowed === true;
  } catch (error) {
    const isRefused =
      error instanceof ApiError && error.failure === 'status' && (error.code === 403 || error.code === 404);
    // Of oneself one finds out by doing; of somebody else not.
    if (isRefused && subject === undefined) return true;
    throw error;
  }
}
