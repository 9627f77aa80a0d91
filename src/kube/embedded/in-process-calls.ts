import type { DeleteOptions } from './deletion.js';
import { stringAt } from './json-value.js';
import type { KubeObject, ObjectInput, ObjectRef } from './kube-object.js';
import { parseListOptions } from './list-options.js';
import type { PagedList } from './paged-list.js';
import type { PatchType } from './patch-object.js';
import { bindPod } from './pod-binding.js';
import type { ResourceApi, WriteOptions } from './resource-api.js';
import type { ResourceKind } from './resource-kind.js';
import { badRequest, StatusError } from './status-error.js';

export interface ListRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** @default all namespaces */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface PatchCallOptions extends WriteOptions {
  /** @default 'strategic' */
  readonly type?: PatchType;
}

export interface PodToBind {
  /** @default 'default' */
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

/** The calls a process makes on its own server, over the same rules as HTTP. */
export class InProcessCalls {
  readonly #api: ResourceApi;
  readonly #lists: PagedList;

  constructor(api: ResourceApi, lists: PagedList) {
    this.#api = api;
    this.#lists = lists;
  }

  create(object: ObjectInput, options: WriteOptions = {}): KubeObject {
    const kind = this.#kind(object);
    const { resourceVersion: _version, ...metadata } = object.metadata;
    const body = { ...object, metadata };
    return structuredClone(this.#api.create(kind, this.#namespace(kind, metadata), body, options));
  }

  update(object: ObjectInput, options: WriteOptions = {}): KubeObject {
    const kind = this.#kind(object);
    const name = stringAt(object.metadata, 'name');
    return structuredClone(
      this.#api.update(kind, this.#namespace(kind, object.metadata), name, object, options),
    );
  }

  patch(ref: ObjectRef, patch: unknown, options: PatchCallOptions = {}): KubeObject {
    const { type = 'strategic', ...write } = options;
    const kind = this.#kind(ref);
    return structuredClone(this.#api.patch(kind, this.#namespace(kind, ref), ref.name, type, patch, write));
  }

  delete(ref: ObjectRef, options: DeleteOptions = {}): KubeObject | undefined {
    const kind = this.#kind(ref);
    return unlessMissing(() => this.#api.delete(kind, this.#namespace(kind, ref), ref.name, options));
  }

  get(ref: ObjectRef): KubeObject | undefined {
    const kind = this.#kind(ref);
    return unlessMissing(() => this.#api.get(kind, this.#namespace(kind, ref), ref.name));
  }

  list(ref: ListRef): KubeObject[] {
    const kind = this.#kind(ref);
    const query = new URLSearchParams({
      labelSelector: ref.labelSelector ?? '',
      fieldSelector: ref.fieldSelector ?? '',
    });
    const { items } = this.#lists.list(kind, ref.namespace, parseListOptions(query, kind));
    return items.map((stored) => structuredClone(kind.fromStored(stored)));
  }

  bind(pod: PodToBind, node: string): void {
    const kind = this.#kind({ apiVersion: 'v1', kind: 'Pod' });
    const metadata = { name: pod.name, ...(pod.uid === undefined ? {} : { uid: pod.uid }) };
    bindPod(this.#api, kind, pod.namespace ?? 'default', pod.name, {
      metadata,
      target: { kind: 'Node', name: node },
    });
  }

  #kind({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): ResourceKind {
    const found = this.#api.registry.byKind(apiVersion, kind);
    if (found === undefined) throw badRequest(`no kind "${kind}" is served in "${apiVersion}"`);
    return found;
  }

  #namespace(kind: ResourceKind, named: unknown): string | undefined {
    return kind.namespaced ? stringAt(named, 'namespace') || 'default' : undefined;
  }
}

function unlessMissing(read: () => KubeObject): KubeObject | undefined {
  try {
    return structuredClone(read());
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return undefined;
    throw error;
  }
}
