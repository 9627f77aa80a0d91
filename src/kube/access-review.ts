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
  options: { readonly signal?: AbortSignal } = {},
): Promise<NeededAccess[]> {
  const granted = await Promise.all(needed.map((access) => isGranted(transport, access, options.signal)));
  return needed.filter((_access, index) => !granted[index]);
}

async function isGranted(
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
