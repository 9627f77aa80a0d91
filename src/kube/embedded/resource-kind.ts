import type { FieldReader, FieldReaders } from './field-selector.js';
import { type JsonRecord, valueAtPath } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import type { FieldProblem } from './status-error.js';

/** What admission may ask of the rest of the server. */
export interface AdmissionContext {
  /** Now, as a Kubernetes `Time`. */
  now(): string;
  priorityClass(name: string): KubeObject | undefined;
  /** The class pods get that name none, where there is one. */
  globalDefaultPriorityClass(): KubeObject | undefined;
  /** The class claims get that name none, where there is one: of several, the youngest. */
  defaultStorageClass(): KubeObject | undefined;
}

/** One entry of the registry: what a kind is called and which rules hold for it. */
export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Where objects are kept; two kinds that are views of the same objects share one. */
  readonly bucket: string;
  readonly hasStatus: boolean;
  /** A DELETE is answered with the object even when it is gone at once; otherwise with a Status. */
  readonly returnsDeleted: boolean;
  /** Status given at creation is kept; only nodes do so. */
  readonly keepsStatusOnCreate: boolean;
  readonly hasGeneration: boolean;
  readonly hasScale: boolean;
  /** A PUT without resourceVersion overwrites whatever is there. */
  readonly allowsUnconditionalUpdate: boolean;
  /** What `fieldSelector` can compare, read from the stored form. */
  readonly fields: FieldReaders;
  /** Paths that hold a MicroTime: RFC 3339 with exactly six fractional digits. */
  readonly microTimes: readonly string[];
  /**
   * Fills in defaults of the spec, at creation and at each update of it; changes the draft in place. `current` is
   * undefined at creation.
   */
  readonly applyDefaults: (draft: KubeObject, current?: KubeObject) => void;
  /** What happens at creation only: admission, and the status an object begins with. Changes the draft in place. */
  readonly prepareCreate: (draft: KubeObject, context: AdmissionContext) => void;
  /** Which rules the object breaks; `current` is undefined at creation. Works on this kind's own form. */
  readonly validate: (object: KubeObject, current: KubeObject | undefined) => readonly FieldProblem[];
  readonly toStored: (object: KubeObject) => KubeObject;
  readonly fromStored: (object: KubeObject) => KubeObject;
}

/** What an entry of the table must say; the rest has ordinary defaults. */
export type KindEntry = Pick<ResourceKind, 'kind' | 'plural'> &
  Partial<Omit<ResourceKind, 'kind' | 'plural'>>;

export function apiVersionOf({ group, version }: Pick<ResourceKind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** A field compared as text: absent is empty, booleans are `true` and `false`. */
export function fieldAt(path: string): FieldReader {
  return (object) => {
    const value = valueAtPath(object, path);
    return value === undefined || value === null ? '' : String(value);
  };
}

export function fieldsAt(...paths: string[]): FieldReaders {
  return Object.fromEntries(paths.map((path) => [path, fieldAt(path)]));
}

const METADATA_FIELDS = fieldsAt('metadata.name', 'metadata.namespace');
const nothing = (): void => {};
const unchanged = (object: KubeObject): KubeObject => object;

export function defineKind(entry: KindEntry): ResourceKind {
  return {
    group: '',
    version: 'v1',
    singular: entry.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    bucket: entry.plural,
    hasStatus: false,
    returnsDeleted: false,
    keepsStatusOnCreate: false,
    hasGeneration: false,
    hasScale: false,
    allowsUnconditionalUpdate: true,
    microTimes: [],
    applyDefaults: nothing,
    prepareCreate: nothing,
    validate: () => [],
    toStored: unchanged,
    fromStored: unchanged,
    ...entry,
    fields: { ...METADATA_FIELDS, ...entry.fields },
  };
}

/** Finds kinds by path (`group/version/plural`) and by `apiVersion` and `kind`. */
export class KindRegistry {
  readonly kinds: readonly ResourceKind[];
  readonly #byPath = new Map<string, ResourceKind>();
  readonly #byKind = new Map<string, ResourceKind>();

  constructor(kinds: readonly ResourceKind[]) {
    this.kinds = kinds;
    for (const kind of kinds) {
      this.#byPath.set(`${apiVersionOf(kind)}/${kind.plural}`, kind);
      this.#byKind.set(`${apiVersionOf(kind)}/${kind.kind}`, kind);
    }
  }

  byPath(apiVersion: string, plural: string): ResourceKind | undefined {
    return this.#byPath.get(`${apiVersion}/${plural}`);
  }

  byKind(apiVersion: string, kind: string): ResourceKind | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }
}

/** The kind's objects carry their own `apiVersion` and `kind` first, as the real server writes them. */
export function withTypeMeta(kind: ResourceKind, object: JsonRecord): JsonRecord {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), ...rest };
}
