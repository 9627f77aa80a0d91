/** Which object, without its contents. */
export interface ObjectReference {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/** What one frame of a watch says. */
export type WatchEvent =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly reference: ObjectReference;
      readonly object: unknown;
    }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | {
      readonly type: 'ERROR';
      readonly code: number;
      readonly reason: string;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    };

/** A frame or a list that is not what the API promises. */
export class MalformedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MalformedError';
  }
}

/** Reads a decoded frame. @throws MalformedError for anything that is not one of the five events. */
export function readWatchEvent(frame: unknown): WatchEvent {
  const { type, object } = fieldsOf(frame);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      const reference = referenceOf(object);
      if (reference === undefined)
        throw new MalformedError('the object of a watch frame has no uid, name or version');
      return { type, reference, object };
    }
    case 'BOOKMARK':
      return { type, resourceVersion: versionOf(object) };
    case 'ERROR':
      return decodeError(object);
    default:
      throw new MalformedError('a watch frame is of no known type');
  }
}

/** Reads an object's identity; `undefined` where it has none. */
export function referenceOf(object: unknown): ObjectReference | undefined {
  const { uid, namespace = '', name, resourceVersion } = fieldsOf(fieldsOf(object).metadata);
  const complete =
    isFilled(uid) && isFilled(name) && isFilled(resourceVersion) && typeof namespace === 'string';
  return complete ? { uid, namespace, name, resourceVersion } : undefined;
}

/** One page of a list. */
export interface ListPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** '' on the last page. */
  readonly continueToken: string;
}

/** @throws MalformedError when the answer is not a list. */
export function decodeListPage(decoded: unknown): ListPage {
  const { items, metadata } = fieldsOf(decoded);
  // Go writes an empty list of items as null in some answers.
  if (items !== null && items !== undefined && !Array.isArray(items)) {
    throw new MalformedError('the answer to a list has no items');
  }
  const { continue: token } = fieldsOf(metadata);
  return {
    items: items ?? [],
    resourceVersion: versionOf(decoded),
    continueToken: typeof token === 'string' ? token : '',
  };
}

function versionOf(object: unknown): string {
  const { resourceVersion } = fieldsOf(fieldsOf(object).metadata);
  if (!isFilled(resourceVersion)) throw new MalformedError('a list or bookmark has no resourceVersion');
  return resourceVersion;
}

function decodeError(object: unknown): WatchEvent {
  const { code, reason, message, details } = fieldsOf(object);
  const { retryAfterSeconds } = fieldsOf(details);
  return {
    type: 'ERROR',
    code: typeof code === 'number' ? code : 0,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : 'the watch ended with an error',
    retryAfterMs: typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : undefined,
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
