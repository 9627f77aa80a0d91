import { choiceProblems } from './field-rules.js';
import { type JsonRecord, recordAt, stringAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type FieldProblem, forbiddenField, unsupportedValue } from './status-error.js';

/** Annotations by which whoever binds claims and volumes tells the others how far it is. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const STORAGE_PROVISIONER_OF_OLD = 'volume.beta.kubernetes.io/storage-provisioner';
const STORAGE_CLASS_OF_OLD = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

export function accessModesOf(holder: unknown): string[] {
  const modes = recordAt({ holder }, 'holder').accessModes;
  return Array.isArray(modes) ? modes.map(String) : [];
}

/** The class of a claim or a volume: the annotation of old before the field; empty for none. */
export function storageClassOf(object: KubeObject): string {
  const annotations = stringMapAt(object.metadata, 'annotations');
  return annotations[STORAGE_CLASS_OF_OLD] ?? stringAt(object.spec, 'storageClassName');
}

/** Whether a claim says itself which class it wants, be it none. */
export function namesClass(claim: KubeObject): boolean {
  const annotations = stringMapAt(claim.metadata, 'annotations');
  return (
    annotations[STORAGE_CLASS_OF_OLD] !== undefined ||
    typeof recordAt(claim, 'spec').storageClassName === 'string'
  );
}

export const isDefaultClass = (storageClass: KubeObject): boolean =>
  stringMapAt(storageClass.metadata, 'annotations')[DEFAULT_CLASS] === 'true';

/** Rules that claims and volumes share; `missing` is what to say when there are no access modes. */
export function accessModeProblems(spec: JsonRecord, missing: FieldProblem): FieldProblem[] {
  const modes = accessModesOf(spec);
  if (modes.length === 0) return [missing];
  const unknown = modes.filter((mode) => !ACCESS_MODES.includes(mode));
  return [
    ...unknown.map((mode) => unsupportedValue('spec.accessModes', mode, ACCESS_MODES)),
    ...(modes.includes('ReadWriteOncePod') && modes.length > 1
      ? [forbiddenField('spec.accessModes', 'may not use ReadWriteOncePod with other access modes')]
      : []),
  ];
}

export function volumeModeProblems(spec: JsonRecord): FieldProblem[] {
  return choiceProblems('spec.volumeMode', spec.volumeMode, VOLUME_MODES);
}
