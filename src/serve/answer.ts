import type { Readable } from 'node:stream';

/** What a request is answered. */
export interface Answer {
  readonly status: number;
  /** @default plain text */
  readonly contentType?: string;
  readonly body: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How Kubernetes servers say no: a `Status` object, which kubectl and client libraries understand. */
export function statusAnswer(
  code: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    // Kubernetes servers say so where they refuse by right, with nothing in it for a path.
    ...(code === 403 && { details: {} }),
    code,
  };
  return {
    status: code,
    contentType: 'application/json',
    body: `${JSON.stringify(status)}\n`,
    headers,
  };
}
