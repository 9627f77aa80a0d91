import type { JsonRecord } from './json-value.js';

export interface ObjectMeta extends JsonRecord {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Any API object. Stored objects are never changed in place: a write stores a new one. */
export interface KubeObject extends JsonRecord {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Names one object, as in-process callers do. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** What an in-process caller hands in: the server fills in the rest. */
export interface ObjectInput extends JsonRecord {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonRecord;
}

/** The key of an object among its kind; sorts as the real server lists: by namespace, then name. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** Kubernetes `Time`: RFC 3339, whole seconds, UTC. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
