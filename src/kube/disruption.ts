import type { ObjectReference } from './watch-event.js';

/**
 * Anything that kept a reflector from simply reading on, for logs and metrics. None of them loses an object: each is
 * followed by a resumed watch or a new list. `retryInMs` is the pause before that.
 */
export type Disruption =
  /** The server closed the watch in good order; it is opened again at once. */
  | { readonly kind: 'reconnect'; readonly resourceVersion: string }
  /** Everything is listed again. */
  | { readonly kind: 'relist'; readonly resourceVersion: string; readonly cause: RelistCause }
  /** The server no longer has the version we asked for (410). */
  | {
      readonly kind: 'expired';
      readonly during: 'list' | 'watch';
      readonly retryInMs: number;
      readonly error: Error;
    }
  /** A request failed, the server reported an error, the connection broke, or a watch ended before it began. */
  | {
      readonly kind: 'error';
      readonly during: 'list' | 'watch';
      readonly retryInMs: number;
      /** Status code, 0 when there was none. */
      readonly code: number;
      readonly error: Error;
    }
  /** Not a byte for so long that the connection must be dead. */
  | { readonly kind: 'idle'; readonly idleMs: number; readonly retryInMs: number }
  /** A frame was cut off or cannot be understood; it is read again from `resourceVersion`. */
  | {
      readonly kind: 'malformed';
      readonly resourceVersion: string;
      readonly retryInMs: number;
      readonly error: Error;
    }
  /** One object makes no sense to us; it is kept out, the others go on. */
  | { readonly kind: 'unprojectable'; readonly object: ObjectReference; readonly error: unknown }
  /** A handler threw; the object is in the store nevertheless. */
  | {
      readonly kind: 'handler-failed';
      readonly operation: 'added' | 'updated' | 'deleted' | 'synced';
      readonly object: ObjectReference | undefined;
      readonly error: unknown;
    };

export type RelistCause =
  /** Somebody has to be sure to know everything by now. */
  | 'asked'
  /** The version we had is gone on the server. */
  | 'expired'
  /** The same place in the stream was unreadable twice. */
  | 'malformed'
  /** The server will not watch from our version. */
  | 'refused'
  /** The server is at an older version than we are: it was restored from a backup. */
  | 'regressed'
  /** The server answered with errors several times in a row. */
  | 'failures';
