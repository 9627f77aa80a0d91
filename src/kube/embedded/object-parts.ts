import type { JsonRecord } from './json-value.js';
import type { KubeObject, ObjectMeta } from './kube-object.js';

/** Metadata that belongs to the server: what a client sends there is ignored. */
export const SERVER_METADATA = [
  'uid',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
] as const;

/** Metadata after an update: the client's, except for what is the server's. */
export function updatedMetadata(given: ObjectMeta, current: ObjectMeta): ObjectMeta {
  const { name, namespace, ...rest } = given;
  const metadata: ObjectMeta = { name, ...(namespace === undefined ? {} : { namespace }), ...rest };
  for (const field of [...SERVER_METADATA, 'resourceVersion']) {
    delete metadata[field];
    if (current[field] !== undefined) metadata[field] = current[field];
  }
  return metadata;
}

/** The current object with the status of another. */
export function withStatusOf(current: KubeObject, draft: KubeObject): KubeObject {
  const { status: _old, ...rest } = current;
  return { ...rest, ...(draft.status === undefined ? {} : { status: draft.status }) } as KubeObject;
}

/** What the user asked for: everything but metadata and status. */
export function desiredState(object: KubeObject): JsonRecord {
  const { metadata: _metadata, status: _status, ...desired } = object;
  return desired;
}
