import type { Clock } from '../../clock.js';
import { onAbort } from '../on-abort.js';
import type { AnswerHead } from './answer-parser.js';
import { BodyStream } from './body-stream.js';
import type { Connection } from './connection.js';
import type { ConnectionPool } from './connection-pool.js';
import type { WireRequest } from './request-text.js';

export interface StreamOptions {
  /** Until the head of the answer; its body may take for ever. */
  readonly timeoutMs: number;
  /** Ends the body as well. */
  readonly signal?: AbortSignal | undefined;
}

/** `sent` is true once the request was being written. */
export type StreamResult =
  | {
      readonly kind: 'opened';
      readonly code: number;
      readonly mediaType: string;
      readonly retryAfter: string | undefined;
      readonly body: BodyStream;
    }
  | { readonly kind: 'failed'; readonly sent: boolean; readonly cause: unknown }
  | { readonly kind: 'timed-out'; readonly sent: boolean }
  | { readonly kind: 'aborted'; readonly reason: unknown };

/** Sends one request on a pooled connection and gives out its answer as it comes. Never rejects; the body may. */
export function openStream(
  pool: ConnectionPool,
  request: WireRequest,
  clock: Clock,
  { timeoutMs, signal }: StreamOptions,
): Promise<StreamResult> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve({ kind: 'aborted', reason: signal.reason });
      return;
    }
    let connection: Connection | undefined;
    let body: BodyStream | undefined;
    let settled = false;
    const settle = (result: StreamResult): void => {
      if (settled) return;
      settled = true;
      cancelTimer();
      if (result.kind !== 'opened') cancelAbort?.();
      resolve(result);
    };
    const giveUp = (result: StreamResult): void => {
      settle(result);
      connection?.cut();
    };
    const cancelTimer = clock.after(timeoutMs, () =>
      giveUp({ kind: 'timed-out', sent: connection !== undefined }),
    );
    const cancelAbort =
      signal &&
      onAbort(signal, () => {
        if (body === undefined) giveUp({ kind: 'aborted', reason: signal.reason });
        else body.cut(signal.reason);
      });
    const failed = (cause: unknown): void => {
      body?.end(cause);
      settle({ kind: 'failed', sent: connection !== undefined, cause });
    };
    try {
      pool.dispatch(request, {
        started(on: Connection): boolean {
          if (!settled) connection = on;
          return !settled;
        },
        head({ code, mediaType, retryAfter }: AnswerHead): void {
          body = new BodyStream(connection as Connection, () => cancelAbort?.());
          settle({ kind: 'opened', code, mediaType, retryAfter, body });
        },
        data: (bytes) => body?.push(bytes),
        ended: () => body?.end(),
        failed,
      });
    } catch (cause) {
      failed(cause);
    }
  });
}
