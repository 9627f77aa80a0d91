import { type JsonRecord, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';

/** The reference that makes `owner` the controller of an object. */
export function controllerReference(owner: KubeObject): JsonRecord {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** UID of the object's controller; empty without one. */
export function controllerUid(object: KubeObject): string {
  const reference = recordsAt(object.metadata, 'ownerReferences').find((owner) => owner.controller === true);
  return stringAt(reference, 'uid');
}

/** Name of the object's controller when that is of the given kind; empty otherwise. */
export function controllerName(object: KubeObject, kind: string): string {
  const reference = recordsAt(object.metadata, 'ownerReferences').find(
    (owner) => owner.controller === true && owner.kind === kind,
  );
  return stringAt(reference, 'name');
}
