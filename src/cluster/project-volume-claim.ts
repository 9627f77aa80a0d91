import { projectLabelSelector } from './project-constraints.js';
import { annotation, bytes, namespacedIdentity, objectProjector } from './project-object.js';
import { storageClassName } from './project-storage-class.js';
import { instant, itemObject, list, optionalObject, text, texts } from './raw-field.js';
import type { PersistentVolumeClaim } from './storage.js';

const bindCompleted = 'pv.kubernetes.io/bind-completed';
const selectedNode = 'volume.kubernetes.io/selected-node';

/** Turns decoded core/v1 PersistentVolumeClaims into `PersistentVolumeClaim`s. Throws `ProjectionError` alone. */
export const projectPersistentVolumeClaim = objectProjector<PersistentVolumeClaim>(
  'PersistentVolumeClaim',
  (raw, metadata) => {
    const spec = optionalObject(raw.spec, 'spec') ?? {};
    const status = optionalObject(raw.status, 'status') ?? {};
    const resources = optionalObject(spec.resources, 'spec.resources') ?? {};
    const requests = optionalObject(resources.requests, 'spec.resources.requests') ?? {};
    return {
      ...namespacedIdentity(metadata),
      storageClass: storageClassName(metadata, spec),
      requested: bytes(requests.storage, 'spec.resources.requests.storage'),
      accessModes: texts(spec.accessModes, 'spec.accessModes'),
      volumeMode: text(spec.volumeMode, 'spec.volumeMode'),
      volumeAttributesClass: text(spec.volumeAttributesClassName, 'spec.volumeAttributesClassName'),
      selector: projectLabelSelector(spec.selector, 'spec.selector'),
      volumeName: text(spec.volumeName, 'spec.volumeName'),
      phase: text(status.phase, 'status.phase'),
      terminating: instant(metadata.deletionTimestamp, 'metadata.deletionTimestamp') !== undefined,
      bindCompleted: annotation(metadata, bindCompleted) !== undefined,
      selectedNode: annotation(metadata, selectedNode) ?? '',
      controllerUid: controllerUid(metadata.ownerReferences),
    };
  },
);

function controllerUid(value: unknown): string {
  const owners = list(value, 'metadata.ownerReferences');
  for (let i = 0; i < owners.length; i++) {
    const owner = itemObject(owners, i, 'metadata.ownerReferences');
    if (owner.controller === true) return text(owner.uid, `metadata.ownerReferences[${i}].uid`);
  }
  return '';
}
