import type { LeaseObject, NodeObject, PodObject } from './api-objects.js';

/** What an API server's watch says happened; version and time of arrival belong to it. */
export interface Change<T> {
  readonly version: number;
  /** When the checker heard of it, in milliseconds of the records' clock. */
  readonly at: number;
  readonly uid: string;
  /** The object from now on; undefined when it is gone. */
  readonly object: T | undefined;
  /** Seen by a list after a gap: it happened at this version or before, together with others. */
  readonly approximate: boolean;
}

interface Life<T> {
  readonly changes: Change<T>[];
}

/** All states of all objects of one kind, in the order of their versions. */
export class ObjectHistory<
  T extends { readonly metadata: { readonly uid: string; readonly resourceVersion: string } },
> {
  readonly changes: Change<T>[] = [];
  readonly #lives = new Map<string, Life<T>>();

  record(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T, at: number): void {
    const { uid, resourceVersion } = object.metadata;
    const present = type === 'DELETED' ? undefined : object;
    this.#add({ version: Number(resourceVersion), at, uid, object: present, approximate: false });
  }

  /** The watch has lost its place: takes in what a list of this version shows instead. */
  relisted(objects: readonly T[], version: number, at: number): void {
    const present = new Set(objects.map(({ metadata }) => metadata.uid));
    for (const object of objects) {
      const { uid, resourceVersion } = object.metadata;
      this.#add({ version: Number(resourceVersion), at, uid, object, approximate: true });
    }
    for (const [uid, { changes }] of this.#lives)
      if (!present.has(uid) && changes.at(-1)?.object !== undefined)
        this.#add({ version, at, uid, object: undefined, approximate: true });
  }

  #add(change: Change<T>): void {
    const life = this.#lives.get(change.uid) ?? { changes: [] };
    // A list and a watch may tell of the same version.
    if ((life.changes.at(-1)?.version ?? 0) >= change.version) return;
    this.#lives.set(change.uid, life);
    life.changes.push(change);
    this.changes.push(change);
  }

  /** Changes of one object, oldest first. */
  lifeOf(uid: string): readonly Change<T>[] {
    return this.#lives.get(uid)?.changes ?? [];
  }

  /** Each object as it is now. */
  current(): T[] {
    return [...this.#lives.values()].flatMap(({ changes }) => changes.at(-1)?.object ?? []);
  }

  /**
   * For each object: the states that somebody can have taken for the present one just before version `end`, who had been told of
   * everything up to `version` but for the changes `missing`. `undefined` among them says that it was not there; `last` is what it
   * really was.
   */
  *statesBetween(version: number, end: number, missing: ReadonlySet<number>): Generator<ObjectStates<T>> {
    for (const [uid, { changes }] of this.#lives) {
      const past = changes.filter((change) => change.version < end);
      const known = past.findLastIndex((change) => change.version <= version && !missing.has(change.version));
      const states = past.slice(known + 1).map(({ object }) => object);
      yield { uid, states: [past[known]?.object, ...states], last: past.at(-1)?.object };
    }
  }
}

export interface ObjectStates<T> {
  readonly uid: string;
  readonly states: readonly (T | undefined)[];
  readonly last: T | undefined;
}

/** The history of a cluster as an undisturbed watch shows it. */
export class ClusterHistory {
  readonly pods = new ObjectHistory<PodObject>();
  readonly nodes = new ObjectHistory<NodeObject>();
  readonly leases = new ObjectHistory<LeaseObject>();
}

/** A pod that got a node. */
export interface BoundPod {
  readonly pod: PodObject;
  readonly node: string;
  readonly version: number;
  readonly at: number;
  /** When exactly is not known. */
  readonly approximate: boolean;
}

/** Every passage of a pod from one node name to another; more than one for a pod is one too many. */
export function bindingsIn(
  pods: ObjectHistory<PodObject>,
): { readonly from: string; readonly bound: BoundPod }[] {
  const nodeOf = new Map<string, string>();
  const found: { from: string; bound: BoundPod }[] = [];
  for (const { uid, object, version, at, approximate } of pods.changes) {
    const before = nodeOf.get(uid);
    if (object === undefined) continue;
    const node = object.spec.nodeName ?? '';
    nodeOf.set(uid, node);
    // Created with a node: nobody bound it.
    if (before === undefined || node === before) continue;
    found.push({ from: before, bound: { pod: object, node, version, at, approximate } });
  }
  return found;
}
