import { isDeeperThan, isRecord, type JsonRecord, valueAtPath } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { apiVersionOf, type ResourceKind, withTypeMeta } from './resource-kind.js';
import { badRequest } from './status-error.js';

/** Deeper than any API type nests; bounds every recursive walk over stored objects. */
const MAX_DEPTH = 100;

const MICRO_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** Maps of strings that every object has the same way. */
const STRING_MAPS = ['labels', 'annotations'] as const;

/** Fields that hold objects wherever they occur; anything else there would not decode. */
const OBJECT_FIELDS = ['metadata', 'spec', 'status'] as const;
const LIST_PATHS = [
  'spec.containers',
  'spec.initContainers',
  'spec.tolerations',
  'spec.taints',
  'spec.volumes',
];

function cannotDecode(kind: ResourceKind, problem: string): Error {
  return badRequest(
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${problem}`,
  );
}

const jsonTypeOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;

function checkShape(kind: ResourceKind, body: JsonRecord): void {
  for (const field of OBJECT_FIELDS) {
    const value = body[field];
    if (value !== undefined && value !== null && !isRecord(value)) {
      throw cannotDecode(
        kind,
        `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ${kind.kind}.${field}`,
      );
    }
  }
  for (const path of LIST_PATHS) {
    const value = valueAtPath(body, path);
    const isList = Array.isArray(value) && value.every(isRecord);
    if (value !== undefined && value !== null && !isList) {
      const found = jsonTypeOf(Array.isArray(value) ? value.find((item) => !isRecord(item)) : value);
      throw cannotDecode(kind, `json: cannot unmarshal ${found} into Go struct field ${kind.kind}.${path}`);
    }
  }
}

function checkMetadata(kind: ResourceKind, metadata: JsonRecord): void {
  for (const field of ['name', 'namespace', 'generateName', 'uid', 'resourceVersion']) {
    const value = metadata[field];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw cannotDecode(
        kind,
        `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ObjectMeta.metadata.${field} of type string`,
      );
    }
  }
  for (const field of STRING_MAPS) {
    const map = metadata[field];
    if (map === undefined || map === null) continue;
    const wrong = isRecord(map) ? Object.values(map).find((value) => typeof value !== 'string') : map;
    if (wrong !== undefined) {
      throw cannotDecode(
        kind,
        `json: cannot unmarshal ${jsonTypeOf(wrong)} into Go struct field ObjectMeta.metadata.${field} of type string`,
      );
    }
  }
}

function checkMicroTimes(kind: ResourceKind, body: JsonRecord): void {
  for (const path of kind.microTimes) {
    const value = valueAtPath(body, path);
    if (value === undefined || value === null) continue;
    if (typeof value === 'string' && MICRO_TIME.test(value)) continue;
    const text = String(value);
    const rest = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? text.slice(19) : text;
    throw cannotDecode(
      kind,
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.000000Z07:00": ` +
        `cannot parse ${JSON.stringify(rest)} as ".000000"`,
    );
  }
}

const COLLECTIONS = ['labels', 'annotations', 'finalizers', 'ownerReferences'];

/** Nulls, and empty maps and lists, are as good as absent in metadata and are not kept. */
function withoutEmpty(metadata: JsonRecord): JsonRecord {
  const isKept = ([key, value]: [string, unknown]): boolean => {
    if (value === null || value === undefined) return false;
    return !(COLLECTIONS.includes(key) && typeof value === 'object' && Object.keys(value).length === 0);
  };
  return Object.fromEntries(Object.entries(metadata).filter(isKept));
}

/**
 * Turns a request body into an object of the kind, in the kind's own form, as a copy that may be changed. Throws 400
 * for what the real server could not decode: a wrong kind, a wrong shape, a time of the wrong precision.
 */
export function decodeObject(kind: ResourceKind, body: unknown): KubeObject {
  if (!isRecord(body)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; ` +
        `json parse error: json: cannot unmarshal ${jsonTypeOf(body)} into Go value of type struct`,
    );
  }
  if (isDeeperThan(body, MAX_DEPTH)) throw cannotDecode(kind, 'exceeded max depth');
  const [bodyKind, bodyVersion] = [body.kind ?? kind.kind, body.apiVersion ?? apiVersionOf(kind)];
  if (bodyKind !== kind.kind || bodyVersion !== apiVersionOf(kind)) {
    throw badRequest(
      `${bodyKind} in version "${bodyVersion}" cannot be handled as a ${kind.kind}: unknown conversion`,
    );
  }
  checkShape(kind, body);
  const copy = structuredClone(body);
  const metadata = isRecord(copy.metadata) ? withoutEmpty(copy.metadata) : {};
  // Who owns which field is not tracked.
  delete metadata.managedFields;
  checkMetadata(kind, metadata);
  checkMicroTimes(kind, body);
  for (const field of ['spec', 'status']) {
    if (copy[field] === null) delete copy[field];
  }
  return withTypeMeta(kind, { ...copy, metadata }) as KubeObject;
}
