import type { Disruption } from './disruption.js';
import { isOlder } from './resource-version.js';
import type { ObjectReference } from './watch-event.js';

/** The least a projected object must keep of itself. Objects are shared: nobody changes them. */
export interface KubeObject {
  readonly uid: string;
  /** Absent or '' for objects outside namespaces. */
  readonly namespace?: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/** Who is told of changes, in the order in which they happened. What a handler throws is reported, and harms nobody else. */
export interface ReflectorHandler<T> {
  added(object: T): void;
  updated(previous: T, current: T): void;
  /** `last` is the object as it was delivered last. */
  deleted(last: T): void;
  /** Once, after everything there was at the start has been delivered. */
  synced?(): void;
  disruption?(disruption: Disruption): void;
}

/** Deletions remembered so that a repeated older event does not bring the dead back. */
const MAX_TOMBSTONES = 4096;

/**
 * The objects of one kind as they are known now, keyed by UID. Decides what an event or a list means for its handler:
 * versions of an object only move forward, and a name that returns with another UID is a deletion and an addition.
 */
export class ObjectStore<T extends KubeObject> {
  readonly #handler: ReflectorHandler<T>;
  readonly #objects = new Map<string, T>();
  readonly #uidByName = new Map<string, string>();
  /** Version at which a UID was deleted, oldest deletion first. */
  readonly #tombstones = new Map<string, string>();

  constructor(handler: ReflectorHandler<T>) {
    this.#handler = handler;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** Takes in one ADDED or MODIFIED: which of the two it is, the store knows better than the server. */
  upsert(object: T): void {
    if (this.#isStale(object)) return;
    const namesake = this.#namesake(object);
    if (namesake !== undefined) this.#remove(namesake, object.resourceVersion);
    const known = this.#objects.get(object.uid);
    if (known !== undefined && !isSameName(known, object)) this.#remove(known, object.resourceVersion);
    this.#put(object);
  }

  /** Takes in one DELETED. */
  delete(reference: ObjectReference): void {
    const known = this.#objects.get(reference.uid);
    if (known === undefined) {
      this.#bury(reference.uid, reference.resourceVersion);
    } else if (!isOlder(reference.resourceVersion, known.resourceVersion)) {
      this.#remove(known, reference.resourceVersion);
    }
  }

  /** Drops an object whose newer version cannot be kept. */
  expel(reference: ObjectReference): void {
    for (const known of [this.#objects.get(reference.uid), this.#namesake(reference)]) {
      if (known !== undefined && !isOlder(reference.resourceVersion, known.resourceVersion)) {
        this.#remove(known, reference.resourceVersion);
      }
    }
  }

  /** Takes in a whole list: what vanished is deleted first, then the rest is added or updated. */
  replace(current: readonly T[], resourceVersion: string): void {
    const present = new Map(current.map((object) => [object.uid, object]));
    for (const known of [...this.#objects.values()]) {
      const now = present.get(known.uid);
      if (now === undefined || !isSameName(known, now)) this.#remove(known, resourceVersion);
    }
    for (const object of current) this.#put(object);
  }

  /** Tells the handler of something that is no object. */
  report(disruption: Disruption): void {
    try {
      this.#handler.disruption?.(disruption);
    } catch {
      // Whoever cannot even take a report cannot be told of it either.
    }
  }

  synced(): void {
    this.#deliver('synced', undefined, () => this.#handler.synced?.());
  }

  #put(object: T): void {
    const known = this.#objects.get(object.uid);
    if (known?.resourceVersion === object.resourceVersion) return;
    this.#objects.set(object.uid, object);
    this.#uidByName.set(nameKey(object), object.uid);
    this.#tombstones.delete(object.uid);
    if (known === undefined) this.#deliver('added', object, () => this.#handler.added(object));
    else this.#deliver('updated', object, () => this.#handler.updated(known, object));
  }

  #remove(known: T, resourceVersion: string): void {
    this.#bury(known.uid, resourceVersion);
    this.#objects.delete(known.uid);
    if (this.#uidByName.get(nameKey(known)) === known.uid) this.#uidByName.delete(nameKey(known));
    this.#deliver('deleted', known, () => this.#handler.deleted(known));
  }

  #bury(uid: string, resourceVersion: string): void {
    this.#tombstones.delete(uid);
    this.#tombstones.set(uid, resourceVersion);
    if (this.#tombstones.size <= MAX_TOMBSTONES) return;
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }

  #isStale(object: T): boolean {
    const { uid, resourceVersion } = object;
    const known = this.#objects.get(uid) ?? this.#namesake(object);
    if (known !== undefined && isOlder(resourceVersion, known.resourceVersion)) return true;
    const deletedAt = this.#tombstones.get(uid);
    return deletedAt !== undefined && (deletedAt === resourceVersion || isOlder(resourceVersion, deletedAt));
  }

  /** Another object under the same name. */
  #namesake(object: KubeObject): T | undefined {
    const uid = this.#uidByName.get(nameKey(object));
    return uid === undefined || uid === object.uid ? undefined : this.#objects.get(uid);
  }

  #deliver(
    operation: 'added' | 'updated' | 'deleted' | 'synced',
    object: T | undefined,
    call: () => void,
  ): void {
    try {
      call();
    } catch (error) {
      this.report({ kind: 'handler-failed', operation, object: object && referenceTo(object), error });
    }
  }
}

/** Who goes by name must not be left with the former one. */
function isSameName(a: KubeObject, b: KubeObject): boolean {
  return a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}

function nameKey({ namespace = '', name }: KubeObject): string {
  return `${namespace}/${name}`;
}

function referenceTo({ uid, namespace = '', name, resourceVersion }: KubeObject): ObjectReference {
  return { uid, namespace, name, resourceVersion };
}
