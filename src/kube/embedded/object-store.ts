import { type KubeObject, objectKey } from './kube-object.js';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One write. `previous` is the state before it; for `DELETED`, `object` is the last state under its new version. */
export interface Change {
  readonly bucket: string;
  readonly version: number;
  readonly type: ChangeType;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

export type ChangesSince =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  /** The history no longer reaches back to the version asked for. */
  | { readonly kind: 'expired'; readonly oldest: number };

class Bucket {
  readonly objects = new Map<string, KubeObject>();
  history: Change[] = [];
  /** Changes up to and including this version are no longer in `history`. */
  forgotten = 0;
  /** Keys in listing order; undefined after a key came or went. */
  #sortedKeys: string[] | undefined;

  set(key: string, object: KubeObject): void {
    if (!this.objects.has(key)) this.#sortedKeys = undefined;
    this.objects.set(key, object);
  }

  delete(key: string): void {
    if (this.objects.delete(key)) this.#sortedKeys = undefined;
  }

  sorted(): KubeObject[] {
    // Separator 0 sorts before every character of a name, so that namespace "a" comes before "a-b".
    this.#sortedKeys ??= [...this.objects.keys()]
      .map((key) => key.replace('/', '\0'))
      .sort()
      .map((key) => key.replace('\0', '/'));
    return this.#sortedKeys.map((key) => this.objects.get(key) as KubeObject);
  }
}

/**
 * All objects, by bucket (one per stored kind), under one global, increasing resourceVersion, with a bounded
 * history per bucket. Knows nothing of kinds or rules.
 */
export class ObjectStore {
  readonly #buckets = new Map<string, Bucket>();
  readonly #historySize: number;
  readonly #listeners = new Set<(change: Change) => void>();
  #version = 1;
  /** Where the history of a bucket that does not exist yet begins. */
  #forgotten = 0;

  /** @param options.historySize changes kept per bucket for watches that resume. */
  constructor(options: { readonly historySize: number }) {
    this.#historySize = Math.max(0, options.historySize);
  }

  /** The version of the latest write. */
  get version(): number {
    return this.#version;
  }

  get(bucket: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#bucket(bucket).objects.get(objectKey(namespace, name));
  }

  /** Objects in listing order; of one namespace, or of all. */
  list(bucket: string, namespace?: string): KubeObject[] {
    const all = this.#bucket(bucket).sorted();
    return namespace ? all.filter((object) => object.metadata.namespace === namespace) : all;
  }

  /** Stores the object under a new version and returns it as stored. */
  put(bucket: string, object: KubeObject): KubeObject {
    const { objects } = this.#bucket(bucket);
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = objects.get(key);
    const version = this.#nextVersion();
    const stored = stamped(object, version);
    this.#bucket(bucket).set(key, stored);
    this.#record({ bucket, version, type: previous ? 'MODIFIED' : 'ADDED', object: stored, previous });
    return stored;
  }

  /** Removes the object; returns its last state under the version of the removal. */
  remove(bucket: string, object: KubeObject): KubeObject {
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = this.#bucket(bucket).objects.get(key);
    const version = this.#nextVersion();
    const last = stamped(object, version);
    this.#bucket(bucket).delete(key);
    this.#record({ bucket, version, type: 'DELETED', object: last, previous });
    return last;
  }

  changesSince(bucket: string, version: number): ChangesSince {
    const { history, forgotten } = this.#bucket(bucket);
    if (version < forgotten) return { kind: 'expired', oldest: forgotten };
    return { kind: 'changes', changes: history.filter((change) => change.version > version) };
  }

  /** Forgets all history: every version seen so far becomes too old to resume from. */
  expireHistory(): void {
    const version = this.#nextVersion();
    this.#forgotten = version;
    for (const bucket of this.#buckets.values()) {
      bucket.history = [];
      bucket.forgotten = version;
    }
  }

  /** Called for each write, in order, before the write returns. The returned function ends it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #bucket(name: string): Bucket {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new Bucket();
      bucket.forgotten = this.#forgotten;
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  #nextVersion(): number {
    this.#version += 1;
    return this.#version;
  }

  #record(change: Change): void {
    const bucket = this.#bucket(change.bucket);
    bucket.history.push(change);
    const surplus = bucket.history.length - this.#historySize;
    if (surplus > 0) {
      bucket.forgotten = bucket.history[surplus - 1]?.version ?? bucket.forgotten;
      // Cut off in batches: shifting one by one would copy the array for each write.
      if (surplus > this.#historySize / 4) bucket.history.splice(0, surplus);
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function stamped(object: KubeObject, version: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}
