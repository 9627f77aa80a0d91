import { recordAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { AGE_COLUMN, type Column, column, NAME_COLUMN, wideColumn } from './table-column.js';
import { accessModesOf, storageClassOf } from './volume-fields.js';

const SHORT_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

const shortModes = (holder: unknown): string =>
  accessModesOf(holder)
    .map((mode) => SHORT_MODES[mode] ?? mode)
    .join(',');

const specText = (field: string) => (object: KubeObject) => stringAt(object.spec, field);
const ownText = (field: string) => (object: KubeObject) => stringAt(object, field);
const specFlag = (field: string) => (object: KubeObject) => recordAt(object, 'spec')[field] === true;

const storageOf = (holder: unknown): string => {
  const { storage } = recordAt(holder, 'capacity');
  return storage === undefined ? '' : String(storage);
};

const phaseText = ({ metadata, status }: KubeObject): string =>
  metadata.deletionTimestamp === undefined ? stringAt(status, 'phase') : 'Terminating';

const listText = (value: unknown): string => (Array.isArray(value) ? value.join(',') : '');

function claimText(volume: KubeObject): string {
  const claim = recordAt(recordAt(volume, 'spec'), 'claimRef');
  return claim.name === undefined ? '' : `${stringAt(claim, 'namespace')}/${stringAt(claim, 'name')}`;
}

const ATTRIBUTES_CLASS_COLUMN = column(
  'VolumeAttributesClass',
  (object) => stringAt(object.spec, 'volumeAttributesClassName') || '<unset>',
);

/** Columns of the storage kinds, by `plural.group`; as the real server defines them, if not said otherwise. */
export const STORAGE_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  'persistentvolumes.': [
    NAME_COLUMN,
    column('Capacity', (volume) => storageOf(volume.spec)),
    column('Access Modes', (volume) => shortModes(volume.spec)),
    column('Reclaim Policy', specText('persistentVolumeReclaimPolicy')),
    column('Status', phaseText),
    column('Claim', claimText),
    column('StorageClass', storageClassOf),
    ATTRIBUTES_CLASS_COLUMN,
    column('Reason', (volume) => stringAt(volume.status, 'reason')),
    AGE_COLUMN,
    wideColumn('VolumeMode', specText('volumeMode')),
  ],
  'persistentvolumeclaims.': [
    NAME_COLUMN,
    column('Status', phaseText),
    column('Volume', specText('volumeName')),
    column('Capacity', (claim) => storageOf(claim.status)),
    column('Access Modes', (claim) => shortModes(claim.status)),
    column('StorageClass', storageClassOf),
    ATTRIBUTES_CLASS_COLUMN,
    AGE_COLUMN,
    wideColumn('VolumeMode', specText('volumeMode')),
  ],
  'storageclasses.storage.k8s.io': [
    NAME_COLUMN,
    column('Provisioner', ownText('provisioner')),
    column('ReclaimPolicy', ownText('reclaimPolicy')),
    column('VolumeBindingMode', ownText('volumeBindingMode')),
    column('AllowVolumeExpansion', (storageClass) => storageClass.allowVolumeExpansion === true),
    AGE_COLUMN,
  ],
  'csinodes.storage.k8s.io': [
    NAME_COLUMN,
    column('Drivers', (csiNode) => recordsAt(csiNode.spec, 'drivers').length, 'integer'),
    AGE_COLUMN,
  ],
  'csidrivers.storage.k8s.io': [
    NAME_COLUMN,
    column('AttachRequired', specFlag('attachRequired'), 'boolean'),
    column('PodInfoOnMount', specFlag('podInfoOnMount'), 'boolean'),
    column('StorageCapacity', specFlag('storageCapacity'), 'boolean'),
    column(
      'TokenRequests',
      (driver) =>
        recordsAt(driver.spec, 'tokenRequests')
          .map((request) => stringAt(request, 'audience'))
          .join(',') || '<unset>',
    ),
    column('RequiresRepublish', specFlag('requiresRepublish'), 'boolean'),
    column('Modes', (driver) => listText(recordAt(driver, 'spec').volumeLifecycleModes)),
    AGE_COLUMN,
  ],
  // The real server shows the name and the time alone.
  'csistoragecapacities.storage.k8s.io': [
    NAME_COLUMN,
    column('StorageClass', ownText('storageClassName')),
    column('Capacity', (capacity) => String(capacity.capacity ?? '<unset>')),
    column('Maximum Size', (capacity) => String(capacity.maximumVolumeSize ?? '<unset>')),
    AGE_COLUMN,
  ],
  'volumeattachments.storage.k8s.io': [
    NAME_COLUMN,
    column('Attacher', specText('attacher')),
    column('PV', (attachment) =>
      stringAt(recordAt(recordAt(attachment, 'spec'), 'source'), 'persistentVolumeName'),
    ),
    column('Node', specText('nodeName')),
    column('Attached', (attachment) => recordAt(attachment, 'status').attached === true, 'boolean'),
    AGE_COLUMN,
  ],
};
