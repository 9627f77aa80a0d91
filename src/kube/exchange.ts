import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.js';
import { onAbort } from './on-abort.js';

/** One HTTP request as it goes over the wire. */
export interface WireRequest {
  readonly method: Dispatcher.HttpMethod;
  /** With the server's prefix and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface WireAnswer {
  readonly kind: 'answered';
  readonly code: number;
  readonly retryAfter: string | undefined;
  /** What the server's clock said, as it wrote it. */
  readonly date: string | undefined;
  readonly body: string;
}

/** `sent` is true once the request was being written: from then on the server may have acted. */
export type WireResult =
  | WireAnswer
  | { readonly kind: 'failed'; readonly sent: boolean; readonly cause: unknown }
  | { readonly kind: 'timed-out'; readonly sent: boolean }
  | { readonly kind: 'aborted'; readonly reason: unknown }
  | { readonly kind: 'too-large'; readonly code: number };

/**
 * Sends one request on a pooled connection and collects its answer. Speaks to undici through a handler of its own
 * because only there can be seen whether a request was written at all, which decides whether its outcome is known.
 */
export function exchange(dispatcher: Dispatcher, request: WireRequest, clock: Clock): Promise<WireResult> {
  return new Promise((resolve) => {
    const { signal } = request;
    if (signal?.aborted) {
      resolve({ kind: 'aborted', reason: signal.reason });
      return;
    }
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let code = 0;
    let retryAfter: string | undefined;
    let date: string | undefined;
    let length = 0;
    const chunks: Buffer[] = [];

    const finish = (): boolean => {
      if (settled) return false;
      settled = true;
      cancelTimer();
      cancelAbort?.();
      return true;
    };
    const settle = (result: WireResult): void => {
      if (finish()) resolve(result);
    };
    const giveUp = (result: WireResult): void => {
      settle(result);
      controller?.abort(new Error('given up'));
    };
    const cancelTimer = clock.after(request.timeoutMs, () =>
      giveUp({ kind: 'timed-out', sent: controller !== undefined }),
    );
    const cancelAbort = signal && onAbort(signal, () => giveUp({ kind: 'aborted', reason: signal.reason }));

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // Given up while it waited for a connection: it must not be written any more.
        if (settled) started.abort(new Error('given up'));
        else controller = started;
      },
      onResponseStart(_controller, statusCode, headers) {
        code = statusCode;
        retryAfter = typeof headers['retry-after'] === 'string' ? headers['retry-after'] : undefined;
        date = typeof headers.date === 'string' ? headers.date : undefined;
      },
      onResponseData(_controller, chunk) {
        length += chunk.length;
        if (length > request.maxResponseBytes) giveUp({ kind: 'too-large', code });
        else chunks.push(chunk);
      },
      onResponseEnd() {
        if (!finish()) return;
        const body = Buffer.concat(chunks, length).toString('utf8');
        // undici takes the connection for free one turn later: a caller told now would open another for its next request.
        queueMicrotask(() => setImmediate(resolve, { kind: 'answered', code, retryAfter, date, body }));
      },
      onResponseError(_controller, cause) {
        settle({ kind: 'failed', sent: controller !== undefined, cause });
      },
    };
    try {
      dispatcher.dispatch(
        { method: request.method, path: request.path, headers: request.headers, body: request.body ?? null },
        handler,
      );
    } catch (cause) {
      settle({ kind: 'failed', sent: false, cause });
    }
  });
}
