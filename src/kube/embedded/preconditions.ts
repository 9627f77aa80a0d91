import type { DeleteOptions } from './deletion.js';
import type { KubeObject, ObjectMeta } from './kube-object.js';
import type { ResourceKind } from './resource-kind.js';
import { conflict, invalid, invalidValue } from './status-error.js';

const MODIFIED_MESSAGE =
  'the object has been modified; please apply your changes to the latest version and try again';

/** Throws 409 when an update was made for another object or another version than the current one. */
export function checkUpdatePreconditions(kind: ResourceKind, given: ObjectMeta, current: KubeObject): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (given.uid && given.uid !== uid) {
    throw conflict(
      kind.plural,
      kind.group,
      name,
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${uid}`,
    );
  }
  if (given.resourceVersion) {
    if (given.resourceVersion !== resourceVersion)
      throw conflict(kind.plural, kind.group, name, MODIFIED_MESSAGE);
  } else if (!kind.allowsUnconditionalUpdate) {
    throw invalid({ group: kind.group, kind: kind.plural }, name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
}

/** Throws 409 when a deletion was meant for another object or another version. */
export function checkDeletePreconditions(
  kind: ResourceKind,
  current: KubeObject,
  options: DeleteOptions,
): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    throw conflict(
      kind.kind,
      kind.group,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). ` +
        'The object might have been deleted and then recreated',
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw conflict(
      kind.kind,
      kind.group,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ` +
        `ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}
