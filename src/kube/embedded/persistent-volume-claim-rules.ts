import { ensureRecord, type JsonRecord, jsonEqual, recordAt, setDefaults, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { nameProblem } from './object-name.js';
import { checkQuantities, isPositive } from './quantity-check.js';
import type { AdmissionContext } from './resource-kind.js';
import { type FieldProblem, forbiddenField, invalidValue, required } from './status-error.js';
import { accessModeProblems, namesClass, volumeModeProblems } from './volume-fields.js';

const requestsOf = (spec: JsonRecord): JsonRecord => recordAt(recordAt(spec, 'resources'), 'requests');

/** Throws 400 for a request that is no quantity. */
export function defaultPersistentVolumeClaim(claim: KubeObject): void {
  const spec = ensureRecord(claim, 'spec');
  const limits = recordAt(recordAt(spec, 'resources'), 'limits');
  checkQuantities(claim.kind, [...Object.values(requestsOf(spec)), ...Object.values(limits)]);
  setDefaults(spec, { volumeMode: 'Filesystem' });
}

/** A claim that names no class gets the default one, where there is one. */
export function preparePersistentVolumeClaim(claim: KubeObject, context: AdmissionContext): void {
  const byDefault = namesClass(claim) ? undefined : context.defaultStorageClass();
  if (byDefault !== undefined) ensureRecord(claim, 'spec').storageClassName = byDefault.metadata.name;
  claim.status ??= { phase: 'Pending' };
}

function requestProblems(spec: JsonRecord): FieldProblem[] {
  const { storage } = requestsOf(spec);
  if (storage === undefined) return [required('spec.resources[storage]')];
  return isPositive(storage)
    ? []
    : [invalidValue('spec.resources[storage]', String(storage), 'must be greater than zero')];
}

function classProblems(spec: JsonRecord): FieldProblem[] {
  const name = stringAt(spec, 'storageClassName');
  const problem = name === '' ? undefined : nameProblem('spec.storageClassName', name);
  return problem === undefined ? [] : [problem];
}

/** The spec without what an update of the claim may change as it stands. */
function fixedPart(spec: JsonRecord, current: KubeObject): JsonRecord {
  const before = recordAt(current, 'spec');
  const fixed: JsonRecord = { ...spec };
  if (stringAt(current.status, 'phase') === 'Bound') {
    delete fixed.resources;
    delete fixed.volumeAttributesClassName;
  }
  if (stringAt(before, 'volumeName') === '') delete fixed.volumeName;
  if (before.storageClassName === undefined) delete fixed.storageClassName;
  return fixed;
}

export function persistentVolumeClaimProblems(
  claim: KubeObject,
  current: KubeObject | undefined,
): FieldProblem[] {
  const spec = recordAt(claim, 'spec');
  const isChanged =
    current !== undefined &&
    !jsonEqual(fixedPart(spec, current), fixedPart(recordAt(current, 'spec'), current));
  return [
    ...accessModeProblems(spec, required('spec.accessModes', 'at least 1 access mode is required')),
    ...requestProblems(spec),
    ...classProblems(spec),
    ...volumeModeProblems(spec),
    ...(isChanged
      ? [
          forbiddenField(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        ]
      : []),
  ];
}
