import type { Clock } from '../../clock.js';
import type { Random } from '../../random.js';
import { type DeleteOptions, deletionOf, finishesDeletion } from './deletion.js';
import { jsonEqual, stringAt } from './json-value.js';
import { formatTime, type KubeObject, type ObjectMeta } from './kube-object.js';
import { decodeObject } from './object-decoding.js';
import { checkName } from './object-name.js';
import { desiredState, SERVER_METADATA, updatedMetadata, withStatusOf } from './object-parts.js';
import type { ObjectStore } from './object-store.js';
import { type PatchType, patchObject } from './patch-object.js';
import { checkDeletePreconditions, checkUpdatePreconditions } from './preconditions.js';
import type { AdmissionContext, KindRegistry, ResourceKind } from './resource-kind.js';
import { alreadyExists, badRequest, forbidden, invalid, notFound, StatusError } from './status-error.js';
import { isDefaultClass } from './volume-fields.js';

export interface ResourceApiOptions {
  readonly store: ObjectStore;
  readonly registry: KindRegistry;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes the UID of a new object. */
  readonly newUid: () => string;
  /** Bound pods linger with a deletionTimestamp until somebody (a kubelet) deletes them with grace 0. */
  readonly gracefulDeletion: boolean;
}

export interface WriteOptions {
  /** Check and answer, but store nothing. */
  readonly dryRun?: boolean;
  /** `status`: change status alone. Otherwise everything but status. */
  readonly subresource?: 'status';
  /** At creation: keep the status given, as no real server would; for setting up a cluster in one go. */
  readonly keepStatus?: boolean;
}

/** Of two objects the one that was made later; of the same second, the one listed first. */
function youngerOf(found: KubeObject | undefined, other: KubeObject): KubeObject {
  if (found === undefined) return other;
  return (other.metadata.creationTimestamp ?? '') > (found.metadata.creationTimestamp ?? '') ? other : found;
}

const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The rules of the API, without HTTP: create, update, patch and delete over the store, synchronously. Objects go in
 * and come out in the form of the kind addressed. Every refusal is a `StatusError`.
 */
export class ResourceApi {
  readonly registry: KindRegistry;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly #random: Random;
  readonly #newUid: () => string;
  readonly #gracefulDeletion: boolean;
  readonly #admission: AdmissionContext;

  constructor(options: ResourceApiOptions) {
    this.registry = options.registry;
    this.store = options.store;
    this.clock = options.clock;
    this.#random = options.random;
    this.#newUid = options.newUid;
    this.#gracefulDeletion = options.gracefulDeletion;
    const classes = (): KubeObject[] => this.store.list('priorityclasses');
    this.#admission = {
      now: () => this.now(),
      priorityClass: (name) => this.store.get('priorityclasses', undefined, name),
      globalDefaultPriorityClass: () => classes().find((found) => found.globalDefault === true),
      defaultStorageClass: () =>
        this.store
          .list('storageclasses')
          .filter(isDefaultClass)
          .reduce<KubeObject | undefined>(youngerOf, undefined),
    };
  }

  /** Now, as a Kubernetes `Time`. */
  now(): string {
    return formatTime(this.clock.now());
  }

  get(kind: ResourceKind, namespace: string | undefined, name: string): KubeObject {
    return kind.fromStored(this.#stored(kind, namespace, name));
  }

  create(
    kind: ResourceKind,
    namespace: string | undefined,
    body: unknown,
    options: WriteOptions = {},
  ): KubeObject {
    const draft = kind.toStored(decodeObject(kind, body));
    if (draft.metadata.resourceVersion) {
      throw new StatusError(500, undefined, 'resourceVersion should not be set on objects to be created');
    }
    this.#settleNamespace(kind, draft.metadata, namespace);
    this.#settleName(kind, draft.metadata);
    checkName(kind, draft.metadata.name);
    if (!kind.keepsStatusOnCreate && !options.keepStatus && kind.hasStatus) delete draft.status;
    draft.metadata = this.#newMetadata(kind, draft.metadata);
    kind.applyDefaults(draft);
    kind.prepareCreate(draft, this.#admission);
    this.#validate(kind, draft, undefined);
    if (this.store.get(kind.bucket, draft.metadata.namespace, draft.metadata.name) !== undefined) {
      throw alreadyExists(kind, draft.metadata.name);
    }
    return kind.fromStored(options.dryRun ? draft : this.store.put(kind.bucket, draft));
  }

  update(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    body: unknown,
    options: WriteOptions = {},
  ): KubeObject {
    const current = this.#stored(kind, namespace, name);
    const draft = kind.toStored(decodeObject(kind, body));
    if (draft.metadata.name === undefined) draft.metadata.name = name;
    if (draft.metadata.name !== name) {
      throw badRequest(
        `the name of the object (${draft.metadata.name}) does not match the name on the URL (${name})`,
      );
    }
    this.#settleNamespace(kind, draft.metadata, namespace);
    checkUpdatePreconditions(kind, draft.metadata, current);
    return kind.fromStored(this.#replace(kind, current, draft, options));
  }

  /** A patch is applied to the latest state, so it conflicts only when it names a resourceVersion itself. */
  patch(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    type: PatchType,
    patch: unknown,
    options: WriteOptions = {},
  ): KubeObject {
    const current = kind.fromStored(this.#stored(kind, namespace, name));
    return this.update(kind, namespace, name, patchObject(current, type, patch), options);
  }

  /** Deletes, or marks for deletion what must linger. Returns the object in its last or its marked state. */
  delete(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): KubeObject {
    const current = this.#stored(kind, namespace, name);
    checkDeletePreconditions(kind, current, options);
    if (kind.plural === 'namespaces' && !options.dryRun) this.#emptyNamespace(name);
    const plan = deletionOf(current, {
      isPod: kind.plural === 'pods',
      graceful: this.#gracefulDeletion,
      options,
      nowMs: this.clock.now(),
    });
    if (options.dryRun || plan.kind === 'unchanged') return kind.fromStored(plan.object);
    const result =
      plan.kind === 'mark'
        ? this.store.put(kind.bucket, plan.object)
        : this.store.remove(kind.bucket, plan.object);
    return kind.fromStored(result);
  }

  /**
   * Replaces the stored object by what `change` makes of it, with no rule applied: for subresources and controllers
   * that are part of the cluster. `change` must return a new object.
   */
  modify(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    change: (current: KubeObject) => KubeObject,
  ): KubeObject {
    const current = this.#stored(kind, namespace, name);
    const next = change(current);
    return jsonEqual(next, current) ? current : this.store.put(kind.bucket, next);
  }

  #stored(kind: ResourceKind, namespace: string | undefined, name: string): KubeObject {
    const found = this.store.get(kind.bucket, kind.namespaced ? namespace : undefined, name);
    if (found === undefined) throw notFound(kind, name);
    return found;
  }

  #replace(kind: ResourceKind, current: KubeObject, draft: KubeObject, options: WriteOptions): KubeObject {
    const next =
      options.subresource === 'status'
        ? withStatusOf(current, draft)
        : this.#mainUpdate(kind, current, draft);
    if (jsonEqual(next, current) || options.dryRun) return next;
    return finishesDeletion(next) ? this.store.remove(kind.bucket, next) : this.store.put(kind.bucket, next);
  }

  #mainUpdate(kind: ResourceKind, current: KubeObject, draft: KubeObject): KubeObject {
    const next: KubeObject = { ...draft, metadata: updatedMetadata(draft.metadata, current.metadata) };
    if (kind.hasStatus) {
      delete next.status;
      if (current.status !== undefined) next.status = current.status;
    }
    kind.applyDefaults(next, current);
    this.#validate(kind, next, current);
    if (kind.hasGeneration && !jsonEqual(desiredState(next), desiredState(current))) {
      next.metadata.generation = (current.metadata.generation ?? 0) + 1;
    }
    return next;
  }

  #validate(kind: ResourceKind, stored: KubeObject, current: KubeObject | undefined): void {
    const view = kind.fromStored(stored);
    const problems = kind.validate(view, current === undefined ? undefined : kind.fromStored(current));
    // Old event forms are reported without their group; so are core kinds, which have none.
    const named = kind.group === 'events.k8s.io' ? { ...kind, group: '' } : kind;
    if (problems.length > 0) throw invalid(named, stored.metadata.name, problems);
  }

  #settleNamespace(kind: ResourceKind, metadata: ObjectMeta, namespace: string | undefined): void {
    if (!kind.namespaced) {
      delete metadata.namespace;
      return;
    }
    metadata.namespace ??= namespace ?? 'default';
    if (namespace !== undefined && metadata.namespace !== namespace) {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
    const found = this.store.get('namespaces', undefined, metadata.namespace);
    if (found === undefined)
      throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, metadata.namespace);
    if (found.metadata.deletionTimestamp !== undefined) {
      throw forbidden(
        kind,
        metadata.name,
        `unable to create new content in namespace ${metadata.namespace} because it is being terminated`,
      );
    }
  }

  #settleName(kind: ResourceKind, metadata: ObjectMeta): void {
    const prefix = stringAt(metadata, 'generateName');
    metadata.name ??= '';
    if (metadata.name !== '' || prefix === '') return;
    do {
      const letters = Array.from(
        { length: 5 },
        () => NAME_LETTERS[Math.floor(this.#random() * NAME_LETTERS.length)],
      );
      metadata.name = prefix.slice(0, 248) + letters.join('');
    } while (this.store.get(kind.bucket, metadata.namespace, metadata.name) !== undefined);
  }

  #newMetadata(kind: ResourceKind, given: ObjectMeta): ObjectMeta {
    const { name, generateName, namespace, ...rest } = given;
    for (const field of SERVER_METADATA) delete rest[field];
    delete rest.resourceVersion;
    return {
      name,
      ...(generateName === undefined ? {} : { generateName }),
      ...(namespace === undefined ? {} : { namespace }),
      uid: this.#newUid(),
      ...(kind.hasGeneration ? { generation: 1 } : {}),
      creationTimestamp: this.now(),
      ...rest,
    };
  }

  /** The real server leaves this to a controller; here the content goes at once, before the namespace does. */
  #emptyNamespace(namespace: string): void {
    const buckets = new Set(
      this.registry.kinds.filter((kind) => kind.namespaced).map(({ bucket }) => bucket),
    );
    for (const bucket of buckets) {
      for (const object of this.store.list(bucket, namespace)) this.store.remove(bucket, object);
    }
  }
}
