import { choiceProblems, fixedFieldProblems } from './field-rules.js';
import {
  ensureRecord,
  isRecord,
  type JsonRecord,
  jsonEqual,
  recordAt,
  setDefaults,
  stringAt,
} from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { checkQuantities, isPositive } from './quantity-check.js';
import type { AdmissionContext } from './resource-kind.js';
import {
  type FieldProblem,
  forbiddenField,
  invalidValue,
  required,
  unsupportedValue,
} from './status-error.js';
import { accessModeProblems, volumeModeProblems } from './volume-fields.js';

/** Where a volume can come from: exactly one of these fields is set. */
const SOURCES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

/** Throws 400 for a capacity that is no quantity. */
export function defaultPersistentVolume(volume: KubeObject): void {
  const spec = ensureRecord(volume, 'spec');
  checkQuantities(volume.kind, Object.values(recordAt(spec, 'capacity')));
  setDefaults(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' });
  if (isRecord(spec.hostPath)) setDefaults(spec.hostPath, { type: '' });
}

export function preparePersistentVolume(volume: KubeObject, context: AdmissionContext): void {
  volume.status ??= { phase: 'Pending', lastPhaseTransitionTime: context.now() };
}

const sourcesOf = (spec: JsonRecord): string[] => SOURCES.filter((source) => isRecord(spec[source]));

function capacityProblems(spec: JsonRecord): FieldProblem[] {
  const { capacity } = spec;
  const amounts = recordAt(spec, 'capacity');
  if (!isRecord(capacity) || Object.keys(amounts).length === 0) {
    return [required('spec.capacity'), unsupportedValue('spec.capacity', null, ['storage'])];
  }
  if (amounts.storage === undefined || Object.keys(amounts).length > 1) {
    return [unsupportedValue('spec.capacity', capacity, ['storage'])];
  }
  return isPositive(amounts.storage)
    ? []
    : [invalidValue('spec.capacity[storage]', String(amounts.storage), 'must be greater than zero')];
}

function affinityProblems(spec: JsonRecord): FieldProblem[] {
  if (!isRecord(spec.nodeAffinity)) {
    return isRecord(spec.local) ? [required('spec.nodeAffinity', 'Local volume requires node affinity')] : [];
  }
  return isRecord(spec.nodeAffinity.required)
    ? []
    : [required('spec.nodeAffinity.required', 'must specify required node constraints')];
}

function sourceProblems(spec: JsonRecord): FieldProblem[] {
  const [first, ...others] = sourcesOf(spec);
  if (first === undefined) return [required('spec', 'must specify a volume type')];
  const missing = first === 'csi' ? ['driver', 'volumeHandle'] : [];
  return [
    ...missing
      .filter((field) => stringAt(spec.csi, field) === '')
      .map((field) => required(`spec.csi.${field}`)),
    ...others.map((source) => forbiddenField(`spec.${source}`, 'may not specify more than 1 volume type')),
  ];
}

function updateProblems(spec: JsonRecord, current: JsonRecord): FieldProblem[] {
  const sources = [...new Set([...sourcesOf(spec), ...sourcesOf(current)])];
  const isMoved = sources.some((source) => !jsonEqual(spec[source] ?? null, current[source] ?? null));
  return [
    ...(isMoved
      ? [
          forbiddenField(
            'spec.persistentvolumesource',
            'spec.persistentvolumesource is immutable after creation',
          ),
        ]
      : []),
    ...fixedFieldProblems('', spec, current, ['volumeMode']),
    // Where a volume can be used may be said later, but said only once.
    ...(isRecord(current.nodeAffinity) ? fixedFieldProblems('', spec, current, ['nodeAffinity']) : []),
  ];
}

export function persistentVolumeProblems(
  volume: KubeObject,
  current: KubeObject | undefined,
): FieldProblem[] {
  const spec = recordAt(volume, 'spec');
  return [
    ...accessModeProblems(spec, required('spec.accessModes')),
    ...capacityProblems(spec),
    ...choiceProblems(
      'spec.persistentVolumeReclaimPolicy',
      spec.persistentVolumeReclaimPolicy,
      RECLAIM_POLICIES,
    ),
    ...affinityProblems(spec),
    ...sourceProblems(spec),
    ...volumeModeProblems(spec),
    ...(current === undefined ? [] : updateProblems(spec, recordAt(current, 'spec'))),
  ];
}
