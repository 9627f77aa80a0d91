import {
  checkCsiStorageCapacity,
  csiDriverProblems,
  csiNodeProblems,
  csiStorageCapacityProblems,
  defaultCsiDriver,
  defaultCsiNode,
} from './csi-rules.js';
import { startWith } from './kind-status.js';
import {
  defaultPersistentVolumeClaim,
  persistentVolumeClaimProblems,
  preparePersistentVolumeClaim,
} from './persistent-volume-claim-rules.js';
import {
  defaultPersistentVolume,
  persistentVolumeProblems,
  preparePersistentVolume,
} from './persistent-volume-rules.js';
import type { KindEntry } from './resource-kind.js';
import { defaultStorageClass, storageClassProblems } from './storage-class-rules.js';
import { volumeAttachmentProblems } from './volume-attachment-rules.js';

const CORE: readonly KindEntry[] = [
  {
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    shortNames: ['pvc'],
    hasStatus: true,
    returnsDeleted: true,
    applyDefaults: defaultPersistentVolumeClaim,
    prepareCreate: preparePersistentVolumeClaim,
    validate: persistentVolumeClaimProblems,
  },
  {
    kind: 'PersistentVolume',
    plural: 'persistentvolumes',
    shortNames: ['pv'],
    namespaced: false,
    hasStatus: true,
    returnsDeleted: true,
    applyDefaults: defaultPersistentVolume,
    prepareCreate: preparePersistentVolume,
    validate: persistentVolumeProblems,
  },
];

const STORAGE: readonly KindEntry[] = [
  {
    kind: 'CSIDriver',
    plural: 'csidrivers',
    namespaced: false,
    returnsDeleted: true,
    applyDefaults: defaultCsiDriver,
    validate: csiDriverProblems,
  },
  {
    kind: 'CSINode',
    plural: 'csinodes',
    namespaced: false,
    hasStatus: true,
    returnsDeleted: true,
    applyDefaults: defaultCsiNode,
    prepareCreate: startWith({}),
    validate: csiNodeProblems,
  },
  {
    kind: 'CSIStorageCapacity',
    plural: 'csistoragecapacities',
    applyDefaults: checkCsiStorageCapacity,
    validate: csiStorageCapacityProblems,
  },
  {
    kind: 'StorageClass',
    plural: 'storageclasses',
    shortNames: ['sc'],
    namespaced: false,
    allowsUnconditionalUpdate: true,
    returnsDeleted: true,
    applyDefaults: defaultStorageClass,
    validate: storageClassProblems,
  },
  {
    kind: 'VolumeAttachment',
    plural: 'volumeattachments',
    namespaced: false,
    hasStatus: true,
    returnsDeleted: true,
    prepareCreate: startWith({ attached: false }),
    validate: volumeAttachmentProblems,
  },
].map((entry) => ({ group: 'storage.k8s.io', allowsUnconditionalUpdate: false, ...entry }));

/** Volumes, claims, and what says how they can be had. */
export const STORAGE_KINDS: readonly KindEntry[] = [...CORE, ...STORAGE];
