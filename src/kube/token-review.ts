import type { Caller } from './caller.js';
import type { ApiTransport } from './transport.js';

export interface ReviewOptions {
  /** Milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks the API server whose bearer token this is; undefined when it is nobody's. Rejects with `ApiError` when the question was not
 * answered.
 */
export async function reviewToken(
  transport: ApiTransport,
  token: string,
  { timeoutMs = 10_000, signal }: ReviewOptions = {},
): Promise<Caller | undefined> {
  const review = await transport.request<TokenReview>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    timeoutMs,
    retryThrottled: false,
    ...(signal === undefined ? {} : { signal }),
  });
  const { authenticated, user } = review?.status ?? {};
  if (authenticated !== true || typeof user?.username !== 'string') return undefined;
  const { username, uid = '', groups = [], extra = {} } = user;
  return { name: username, uid, groups, extra };
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}
