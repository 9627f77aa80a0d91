import type { Caller } from './caller.js';
import type { ReviewOptions } from './token-review.js';
import type { ApiTransport } from './transport.js';

/** What a caller wants of a server that is not an API of objects. */
export interface PathAccess {
  /** As in the URL, without the query. */
  readonly path: string;
  /** The HTTP method in small letters. */
  readonly verb: string;
}

export interface PathVerdict {
  readonly allowed: boolean;
  /** What the authorizer says about it; often nothing. */
  readonly reason: string;
}

/** Asks the API server whether the caller may. Rejects with `ApiError` when the question was not answered. */
export async function reviewPathAccess(
  transport: ApiTransport,
  { name, uid, groups, extra }: Caller,
  { path, verb }: PathAccess,
  { timeoutMs = 10_000, signal }: ReviewOptions = {},
): Promise<PathVerdict> {
  const review = await transport.request<SubjectAccessReview>({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: name, uid, groups, extra, nonResourceAttributes: { path, verb } },
    },
    timeoutMs,
    retryThrottled: false,
    ...(signal === undefined ? {} : { signal }),
  });
  const { allowed, reason } = review?.status ?? {};
  return { allowed: allowed === true, reason: typeof reason === 'string' ? reason : '' };
}

interface SubjectAccessReview {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string };
}
