import { isRecord, numberAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type ListOptions, parseResourceVersion } from './list-options.js';
import type { ObjectStore } from './object-store.js';
import type { ResourceKind } from './resource-kind.js';
import { badRequest, expired, StatusError } from './status-error.js';

export interface ListPage {
  /** Stored objects. */
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly continueToken?: string;
  readonly remainingItemCount?: number;
}

interface Snapshot {
  readonly items: readonly KubeObject[];
  readonly version: number;
  /** What was listed; a token is good for that alone. */
  readonly identity: string;
}

/** Paged lists that can be under way at once; beyond that the oldest gets 410. */
const MAX_SNAPSHOTS = 256;

function tooLarge(wanted: number, current: number): StatusError {
  return new StatusError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  );
}

function encodeToken(snapshot: string, start: number): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', snapshot, start })).toString('base64url');
}

function decodeToken(token: string): { snapshot: string; start: number } {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isRecord(decoded))
      return { snapshot: stringAt(decoded, 'snapshot'), start: numberAt(decoded, 'start') };
  } catch {
    // Falls through to the one answer for every token that is none.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}

/**
 * Lists, whole or in pages. All pages of one list show the state of its first page: stored objects never change in
 * place, so a snapshot is just the array of them.
 */
export class PagedList {
  readonly #store: ObjectStore;
  readonly #snapshots = new Map<string, Snapshot>();
  #nextSnapshot = 1;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  list(kind: ResourceKind, namespace: string | undefined, options: ListOptions): ListPage {
    if (options.continueToken !== '') return this.#continue(kind, namespace, options);
    const { version } = this.#store;
    const wanted = options.resourceVersion === '' ? 0 : parseResourceVersion(options.resourceVersion);
    if (wanted > version) throw tooLarge(wanted, version);
    if (options.resourceVersionMatch === 'Exact' && wanted !== version) {
      throw expired(`The resourceVersion for the provided list is too old.`);
    }
    const all = this.#store.list(kind.bucket, namespace);
    const items = options.matches === undefined ? all : all.filter(options.matches);
    // As from the real server's cache: a list at version "0" is never paged.
    const isWhole = options.limit === 0 || items.length <= options.limit || options.resourceVersion === '0';
    if (isWhole) return { items, resourceVersion: String(version) };
    const snapshot = this.#keep({ items, version, identity: identityOf(kind, namespace, options) });
    return this.#page(snapshot, 0, options);
  }

  /** Every page still to come answers 410. */
  expire(): void {
    this.#snapshots.clear();
  }

  #continue(kind: ResourceKind, namespace: string | undefined, options: ListOptions): ListPage {
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const { snapshot, start } = decodeToken(options.continueToken);
    const found = this.#snapshots.get(snapshot);
    if (found === undefined) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. ' +
          'You must start a new list without the continue parameter.',
      );
    }
    if (found.identity !== identityOf(kind, namespace, options)) {
      throw badRequest('invalid continue token: it belongs to another list');
    }
    return this.#page(snapshot, start, options);
  }

  #page(snapshot: string, start: number, options: ListOptions): ListPage {
    const { items, version } = this.#snapshots.get(snapshot) as Snapshot;
    const end = options.limit === 0 ? items.length : Math.min(items.length, start + options.limit);
    const page = { items: items.slice(start, end), resourceVersion: String(version) };
    const remaining = items.length - end;
    if (remaining <= 0) return page;
    return {
      ...page,
      continueToken: encodeToken(snapshot, end),
      // With a selector the real server does not know the number.
      ...(options.matches === undefined ? { remainingItemCount: remaining } : {}),
    };
  }

  #keep(snapshot: Snapshot): string {
    const id = String(this.#nextSnapshot++);
    this.#snapshots.set(id, snapshot);
    if (this.#snapshots.size > MAX_SNAPSHOTS) {
      const [oldest] = this.#snapshots.keys();
      if (oldest !== undefined) this.#snapshots.delete(oldest);
    }
    return id;
  }
}

function identityOf(kind: ResourceKind, namespace: string | undefined, options: ListOptions): string {
  return [kind.group, kind.plural, namespace ?? '', options.selection].join('\n');
}
