import type { Clock } from '../clock.js';
import type { KubeObject } from './object-store.js';
import { readPagedList } from './paged-list.js';
import { isOlder } from './resource-version.js';
import type { ApiTransport } from './transport.js';
import { type ObjectReference, referenceOf } from './watch-event.js';

/** A copy of a collection, as a reflector keeps it. */
export interface CollectionCopy {
  /** By UID. */
  readonly store: ReadonlyMap<string, KubeObject>;
  /** Everything up to this version has been taken in. */
  readonly lastResourceVersion: string;
}

export interface AuditOptions {
  readonly transport: ApiTransport;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** True for an object that is kept out of the copy on purpose. */
  readonly isLeftOut?: (uid: string) => boolean;
  readonly signal: AbortSignal;
}

/** An object that the copy should have otherwise, given how far it has read. */
export interface Divergence {
  readonly kind: 'missing' | 'outdated' | 'left-over';
  readonly object: ObjectReference;
}

const pageSize = 500;
/** A quiet collection hears of the server's newest version with the next bookmark, which comes once a minute. */
const catchUpMs = 90_000;
const catchUpCheckMs = 100;
/** The server sends metadata alone, where it can: versions are all that is compared. */
const metadataOnly = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

/**
 * Compares a copy with what the server says, without stopping its watch: lists names and versions, waits until the copy has read as far,
 * and looks what differs. What differs is listed once more, since objects go on changing: only what differs twice is told.
 * @returns undefined when the copy did not get as far as the list in time: then nothing can be said.
 */
export async function auditCollection(
  copy: CollectionCopy,
  options: AuditOptions,
): Promise<readonly Divergence[] | undefined> {
  const suspects = await compareOnce(copy, options);
  if (suspects === undefined || suspects.length === 0) return suspects;
  const again = await compareOnce(copy, options);
  return again?.filter(({ kind, object }) =>
    suspects.some((suspect) => suspect.kind === kind && suspect.object.uid === object.uid),
  );
}

async function compareOnce(copy: CollectionCopy, options: AuditOptions): Promise<Divergence[] | undefined> {
  const { transport, path, query, clock, signal, isLeftOut } = options;
  const ignore = (): void => {};
  const { objects: listed, resourceVersion } = await readPagedList({
    transport,
    path,
    ...(query === undefined ? {} : { query }),
    accept: metadataOnly,
    pageSize,
    project: referenceOf,
    onPage: ignore,
    onExpired: ignore,
    signal,
  });
  const deadline = clock.monotonic() + catchUpMs;
  while (isOlder(copy.lastResourceVersion, resourceVersion)) {
    if (clock.monotonic() > deadline) return undefined;
    await clock.sleep(catchUpCheckMs, { signal });
  }
  const seen = listed.filter(({ uid }) => !isLeftOut?.(uid));
  return [...notTakenIn(copy.store, seen), ...notLetGo(copy.store, listed, resourceVersion)];
}

function notTakenIn(store: CollectionCopy['store'], listed: readonly ObjectReference[]): Divergence[] {
  return listed.flatMap((object): Divergence[] => {
    const known = store.get(object.uid);
    if (known === undefined) return [{ kind: 'missing', object }];
    return isOlder(known.resourceVersion, object.resourceVersion) ? [{ kind: 'outdated', object }] : [];
  });
}

/** Objects no newer than the list that are not in it. */
function notLetGo(
  store: CollectionCopy['store'],
  listed: readonly ObjectReference[],
  resourceVersion: string,
): Divergence[] {
  const present = new Set(listed.map(({ uid }) => uid));
  return Array.from(store.values())
    .filter((known) => !present.has(known.uid) && !isOlder(resourceVersion, known.resourceVersion))
    .map(({ uid, namespace = '', name, resourceVersion: version }) => ({
      kind: 'left-over',
      object: { uid, namespace, name, resourceVersion: version },
    }));
}
