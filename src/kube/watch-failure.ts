import { ApiError } from './api-error.js';
import type { RelistCause } from './disruption.js';
import { FrameTooLargeError } from './frame-splitter.js';
import { MalformedError, type WatchEvent } from './watch-event.js';

/** The stream ended in the middle of a frame. */
export class TruncatedError extends Error {
  constructor(pendingBytes: number) {
    super(`the watch was cut off ${pendingBytes} bytes into a frame`);
    this.name = 'TruncatedError';
  }
}

/** Nothing came for too long. */
export class SilenceError extends Error {
  readonly silentMs: number;

  constructor(silentMs: number) {
    super(`nothing came for ${silentMs} ms`);
    this.name = 'SilenceError';
    this.silentMs = silentMs;
  }
}

/** The server says it is at a version older than one it has already told us of. */
export class RegressedError extends Error {
  constructor(resourceVersion: string) {
    super(`the server went back to version ${resourceVersion}`);
    this.name = 'RegressedError';
  }
}

/** A list shows an older state than was known already. */
export class StaleListError extends Error {
  constructor(resourceVersion: string, known: string) {
    super(`the list is of version ${resourceVersion}, ${known} is known already`);
    this.name = 'StaleListError';
  }
}

/** What is remembered of the watches before. */
export interface WatchHistory {
  /** This watch brought something new, or lived for a while: opening another at once is no storm. */
  readonly worthwhile: boolean;
  /** The stream was unreadable at this same version before. */
  readonly malformedBefore: boolean;
  /** Errors answered in a row before this one. */
  readonly refusals: number;
}

interface Consequence {
  /** No pause before going on. */
  readonly atOnce: boolean;
  /** The server answered, with an error. */
  readonly refused: boolean;
  /** Everything is to be listed again, and why. */
  readonly relist: RelistCause | undefined;
}

export type WatchVerdict = Consequence &
  ({ readonly kind: 'idle'; readonly idleMs: number } | { readonly kind: 'malformed' | 'expired' | 'error' });

/** A server that was restored from a backup may answer one version with errors for ever: then a list helps. */
const MAX_REFUSALS = 5;

/** The error that the server reported inside a watch. */
export function watchError(event: Extract<WatchEvent, { type: 'ERROR' }>, path: string): ApiError {
  const { code, reason, message, retryAfterMs } = event;
  const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ApiError(message, { failure: 'status', code, reason, method: 'GET', path, ...asked });
}

/** True when the server no longer has the version or the page asked for. */
export function isExpired(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.failure !== 'status') return false;
  return error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone';
}

/** What follows from the failure of a watch: resume at once, resume after a pause, or list again. */
export function judgeWatchFailure(error: unknown, history: WatchHistory): WatchVerdict {
  const calm = { atOnce: false, refused: false, relist: undefined } as const;
  // Silence took minutes: whoever comes back after that causes no storm.
  if (error instanceof SilenceError) return { ...calm, kind: 'idle', idleMs: error.silentMs, atOnce: true };
  if (error instanceof RegressedError) return { ...calm, kind: 'error', relist: 'regressed' };
  if (
    error instanceof TruncatedError ||
    error instanceof MalformedError ||
    error instanceof FrameTooLargeError
  ) {
    if (history.malformedBefore) return { ...calm, kind: 'malformed', relist: 'malformed' };
    return { ...calm, kind: 'malformed', atOnce: error instanceof TruncatedError && history.worthwhile };
  }
  if (isExpired(error)) return { ...calm, kind: 'expired', relist: 'expired' };
  if (!(error instanceof ApiError)) return { ...calm, kind: 'error' };
  // A connection lost after a good while is as good as closed.
  if (error.failure === 'ambiguous') return { ...calm, kind: 'error', atOnce: history.worthwhile };
  if (error.failure !== 'status' || isAboutUs(error.code)) return { ...calm, kind: 'error' };
  const relist = refusesVersion(error.code)
    ? 'refused'
    : history.refusals + 1 >= MAX_REFUSALS
      ? 'failures'
      : undefined;
  return { ...calm, kind: 'error', refused: true, relist };
}

/** Too many requests, or not allowed: says nothing about the version. */
function isAboutUs(code: number): boolean {
  return code === 429 || code === 401 || code === 403;
}

/** The request itself was refused, or the server waited in vain to reach a version it does not have (504). */
function refusesVersion(code: number): boolean {
  return (code >= 400 && code < 500) || code === 504;
}
