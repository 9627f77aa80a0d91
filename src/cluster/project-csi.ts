import { projectLabelSelector } from './project-constraints.js';
import { annotation, bytes, identity, namespacedIdentity, objectProjector } from './project-object.js';
import {
  flag,
  integer,
  mapObjects,
  optionalObject,
  type RawObject,
  requiredText,
  text,
} from './raw-field.js';
import type { CsiDriver, CsiNode, CsiStorageCapacity, VolumeAttachment } from './storage.js';

const migratedPlugins = 'storage.alpha.kubernetes.io/migrated-plugins';

/** Turns decoded storage.k8s.io/v1 CSINodes into `CsiNode`s. Throws `ProjectionError` alone. */
export const projectCsiNode = objectProjector<CsiNode>('CSINode', (raw, metadata) => {
  const spec = optionalObject(raw.spec, 'spec') ?? {};
  return {
    ...identity(metadata),
    drivers: new Map(mapObjects(spec.drivers, 'spec.drivers', driver)),
    migratedPlugins: new Set((annotation(metadata, migratedPlugins) ?? '').split(',').filter(Boolean)),
  };
});

/** Turns decoded storage.k8s.io/v1 CSIDrivers into `CsiDriver`s. Throws `ProjectionError` alone. */
export const projectCsiDriver = objectProjector<CsiDriver>('CSIDriver', (raw, metadata) => {
  const spec = optionalObject(raw.spec, 'spec') ?? {};
  return {
    ...identity(metadata),
    storageCapacity: flag(spec.storageCapacity, 'spec.storageCapacity'),
    preventPodSchedulingIfMissing: flag(
      spec.preventPodSchedulingIfMissing,
      'spec.preventPodSchedulingIfMissing',
    ),
  };
});

/** Turns decoded storage.k8s.io/v1 CSIStorageCapacities into `CsiStorageCapacity`s. Throws `ProjectionError` alone. */
export const projectCsiStorageCapacity = objectProjector<CsiStorageCapacity>(
  'CSIStorageCapacity',
  (raw, metadata) => ({
    ...namespacedIdentity(metadata),
    storageClass: text(raw.storageClassName, 'storageClassName'),
    capacity: bytes(raw.capacity, 'capacity'),
    maximumVolumeSize: bytes(raw.maximumVolumeSize, 'maximumVolumeSize'),
    nodeTopology: projectLabelSelector(raw.nodeTopology, 'nodeTopology'),
  }),
);

/** Turns decoded storage.k8s.io/v1 VolumeAttachments into `VolumeAttachment`s. Throws `ProjectionError` alone. */
export const projectVolumeAttachment = objectProjector<VolumeAttachment>(
  'VolumeAttachment',
  (raw, metadata) => {
    const spec = optionalObject(raw.spec, 'spec') ?? {};
    const source = optionalObject(spec.source, 'spec.source') ?? {};
    return {
      ...identity(metadata),
      attacher: text(spec.attacher, 'spec.attacher'),
      nodeName: text(spec.nodeName, 'spec.nodeName'),
      volumeName: text(source.persistentVolumeName, 'spec.source.persistentVolumeName'),
    };
  },
);

function driver(raw: RawObject, path: string): [name: string, limit: number | undefined] {
  const count = optionalObject(raw.allocatable, `${path}.allocatable`)?.count;
  const limit =
    count === undefined || count === null ? undefined : integer(count, `${path}.allocatable.count`);
  return [requiredText(raw.name, `${path}.name`), limit];
}
