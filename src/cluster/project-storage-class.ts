import { annotation, identity, objectProjector } from './project-object.js';
import { mapObjects, type RawObject, text, texts } from './raw-field.js';
import type { StorageClass } from './storage.js';

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** Turns decoded storage.k8s.io/v1 StorageClasses into `StorageClass`es. Throws `ProjectionError` alone. */
export const projectStorageClass = objectProjector<StorageClass>('StorageClass', (raw, metadata) => ({
  ...identity(metadata),
  provisioner: text(raw.provisioner, 'provisioner'),
  volumeBindingMode: text(raw.volumeBindingMode, 'volumeBindingMode'),
  allowedTopologies: mapObjects(raw.allowedTopologies, 'allowedTopologies', topologyTerm),
}));

/** Class of a volume or claim: the annotation of old wins, even an empty one, as in k8s.io/component-helpers/storage. */
export function storageClassName(metadata: RawObject, spec: RawObject): string {
  return annotation(metadata, classAnnotation) ?? text(spec.storageClassName, 'spec.storageClassName');
}

function topologyTerm(raw: RawObject, path: string): StorageClass['allowedTopologies'][number] {
  return mapObjects(raw.matchLabelExpressions, `${path}.matchLabelExpressions`, (expression, at) => ({
    key: text(expression.key, `${at}.key`),
    values: texts(expression.values, `${at}.values`),
  }));
}
