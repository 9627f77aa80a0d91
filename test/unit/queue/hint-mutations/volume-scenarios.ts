import { Action } from '../../../../src/cluster/action.js';
import type { PodParts } from '../../../build-objects.js';
import type { HintWorld } from './hint-world.js';
import type { Scenario } from './scenario.js';
import {
  attachment,
  claim,
  csiDriver,
  csiNode,
  onNodes,
  pool,
  storageClass,
  using,
  volume,
} from './storage-objects.js';

const zone = 'topology.kubernetes.io/zone';
const driver = 'd.example';
const csi = (handle: string) => ({ csi: { driver, volumeHandle: handle } });
const disk: PodParts & { readonly spec: object } = {
  spec: { volumes: [{ name: 'v', gcePersistentDisk: { pdName: 'disk' } }] },
};
const onNode = (name: string, { spec }: { readonly spec: object }): PodParts => ({
  nodeName: name,
  spec: { nodeName: name, ...spec },
});

/** A claim and its volume of the driver. */
const stored = (world: HintWorld, name: string): void => {
  claim(world, name, { volumeName: `volume-of-${name}` });
  volume(world, `volume-of-${name}`, name, csi(name));
};

/** Node a takes so many volumes, one of them is used; one more is wanted. */
const full = (world: HintWorld): void => {
  world.node({ name: 'a' });
  csiNode(world, 'a', { [driver]: 1 });
  stored(world, 'mine');
  stored(world, 'theirs');
  world.pod({ name: 'taker', ...onNode('a', using('theirs')) });
  world.pod({ name: 'other', nodeName: 'a' });
};

/** A claim of the class `late` to be provisioned where the pod goes. */
const delayed = (world: HintWorld): void => {
  world.node({ name: 'a' });
  claim(world, 'mine', { storageClassName: 'late' });
};
const elsewhere = { allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['b'] }] }] };
const volumeBinding = { plugin: 'VolumeBinding', pod: using('mine') };

/** A volume in zone a, and a node in zone b. */
const apart = (world: HintWorld): void => {
  world.node({ name: 'n', labels: { [zone]: 'b' } });
  claim(world, 'mine', { volumeName: 'pv' });
  volume(world, 'pv', 'mine', {}, { labels: { [zone]: 'a' } });
};
// By default VolumeRestrictions and VolumeBinding refuse a pod before, whose claim, class or volume is missing.
const zoneAlone = { plugin: 'VolumeZone', pod: using('mine'), only: ['VolumeZone'] };

/** Refusals for volumes. */
export const volumeScenarios: readonly Scenario[] = [
  {
    plugin: 'VolumeRestrictions',
    resource: 'AssignedPod',
    action: Action.Delete,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'taker', ...onNode('a', disk) });
      world.pod({ name: 'other', nodeName: 'a' });
    },
    pod: disk,
    cure: (world) => world.removePod('taker'),
    idle: { 'a pod without the disk': (world) => world.removePod('other') },
  },
  {
    plugin: 'VolumeRestrictions',
    resource: 'Node',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'a' });
      world.pod({ name: 'taker', ...onNode('a', disk) });
    },
    pod: disk,
    cure: (world) => world.node({ name: 'b' }),
  },
  {
    plugin: 'VolumeRestrictions',
    resource: 'PersistentVolumeClaim',
    action: Action.Add,
    given: (world) => world.node({ name: 'a' }),
    pod: using('mine'),
    cure: (world) => {
      volume(world, 'volume-of-mine', 'mine', csi('mine'));
      claim(world, 'mine', { volumeName: 'volume-of-mine' });
    },
    idle: { 'another claim': (world) => claim(world, 'theirs') },
  },
  {
    plugin: 'NodeVolumeLimits',
    resource: 'storage.k8s.io/CSINode',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'a' });
      csiDriver(world, driver, { preventPodSchedulingIfMissing: true });
      stored(world, 'mine');
    },
    pod: using('mine'),
    cure: (world) => csiNode(world, 'a', { [driver]: 5 }),
  },
  {
    plugin: 'NodeVolumeLimits',
    resource: 'storage.k8s.io/CSINode',
    action: Action.Update,
    given: full,
    pod: using('mine'),
    cure: (world) => csiNode(world, 'a', { [driver]: 2 }),
    idle: { 'a lower limit': (world) => csiNode(world, 'a', { [driver]: 0 }) },
  },
  {
    plugin: 'NodeVolumeLimits',
    resource: 'AssignedPod',
    action: Action.Delete,
    given: full,
    pod: using('mine'),
    cure: (world) => world.removePod('taker'),
    idle: { 'a pod without volumes': (world) => world.removePod('other') },
  },
  {
    // By default VolumeBinding refuses a pod before, whose claim is missing.
    plugin: 'NodeVolumeLimits',
    resource: 'PersistentVolumeClaim',
    action: Action.Add,
    only: ['NodeVolumeLimits'],
    given: (world) => world.node({ name: 'a' }),
    pod: using('mine'),
    cure: (world) => claim(world, 'mine'),
    idle: { 'another claim': (world) => claim(world, 'theirs') },
  },
  {
    plugin: 'NodeVolumeLimits',
    resource: 'storage.k8s.io/VolumeAttachment',
    action: Action.Delete,
    given: (world) => {
      world.node({ name: 'a' });
      csiNode(world, 'a', { [driver]: 1 });
      stored(world, 'mine');
      stored(world, 'theirs');
      attachment(world, 'attached', 'volume-of-theirs', 'a');
    },
    pod: using('mine'),
    cure: (world) => world.remove('VolumeAttachment', 'attached'),
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/StorageClass',
    action: Action.Add,
    given: (world) => {
      delayed(world);
      storageClass(world, 'other');
    },
    // A claim of a class that is not there counts as one to be bound at once.
    cure: (world) => storageClass(world, 'late'),
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/StorageClass',
    action: Action.Update,
    given: (world) => {
      delayed(world);
      storageClass(world, 'late', elsewhere);
    },
    cure: (world) => storageClass(world, 'late'),
    idle: {
      'another parameter': (world) => storageClass(world, 'late', { ...elsewhere, parameters: { a: 'b' } }),
    },
  },
  {
    ...volumeBinding,
    resource: 'PersistentVolumeClaim',
    action: Action.Add,
    // By default VolumeRestrictions refuses the pod before.
    only: ['VolumeBinding'],
    given: (world) => {
      world.node({ name: 'a' });
      volume(world, 'pv', 'mine');
    },
    cure: (world) => claim(world, 'mine', { volumeName: 'pv' }),
    idle: { 'another claim': (world) => claim(world, 'theirs') },
  },
  {
    ...volumeBinding,
    resource: 'PersistentVolumeClaim',
    action: Action.Update,
    given: (world) => {
      world.node({ name: 'a' });
      volume(world, 'pv', 'mine');
      claim(world, 'mine');
      claim(world, 'theirs');
    },
    cure: (world) => claim(world, 'mine', { volumeName: 'pv' }),
    idle: { 'another claim': (world) => claim(world, 'theirs', { volumeName: 'x' }) },
  },
  {
    ...volumeBinding,
    resource: 'PersistentVolume',
    action: Action.Add,
    given: (world) => {
      delayed(world);
      storageClass(world, 'late', { provisioner: 'kubernetes.io/no-provisioner' });
    },
    cure: (world) => volume(world, 'pv', undefined, { storageClassName: 'late' }),
  },
  {
    ...volumeBinding,
    resource: 'PersistentVolume',
    action: Action.Update,
    given: (world) => {
      delayed(world);
      storageClass(world, 'late', { provisioner: 'kubernetes.io/no-provisioner' });
      volume(world, 'pv', undefined, { storageClassName: 'late', capacity: { storage: '1Gi' } });
    },
    cure: (world) => volume(world, 'pv', undefined, { storageClassName: 'late' }),
  },
  {
    ...volumeBinding,
    resource: 'Node',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'a' });
      claim(world, 'mine', { volumeName: 'pv' });
      volume(world, 'pv', 'mine', onNodes('disk', 'here'));
    },
    cure: (world) => world.node({ name: 'b', labels: { disk: 'here' } }),
  },
  {
    ...volumeBinding,
    resource: 'Node',
    action: Action.UpdateNodeLabel,
    given: (world) => {
      world.node({ name: 'a' });
      claim(world, 'mine', { volumeName: 'pv' });
      volume(world, 'pv', 'mine', onNodes('disk', 'here'));
    },
    cure: (world) => world.node({ name: 'a', labels: { disk: 'here' } }),
    idle: { 'more room': (world) => world.node({ name: 'a', allocatable: { cpu: '8' } }) },
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/CSINode',
    action: Action.Add,
    ...migrated(undefined),
    cure: (world) =>
      csiNode(world, 'a', {}, { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/gce-pd' }),
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/CSINode',
    action: Action.Update,
    ...migrated(''),
    cure: (world) =>
      csiNode(world, 'a', {}, { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/gce-pd' }),
    idle: {
      'another limit': (world) =>
        csiNode(world, 'a', { [driver]: 7 }, { 'storage.alpha.kubernetes.io/migrated-plugins': '' }),
    },
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/CSIDriver',
    action: Action.Update,
    given: (world) => {
      delayed(world);
      storageClass(world, 'late');
      csiDriver(world, driver, { storageCapacity: true });
    },
    cure: (world) => csiDriver(world, driver, { storageCapacity: false }),
    idle: {
      'something else': (world) =>
        csiDriver(world, driver, {
          storageCapacity: true,
          preventPodSchedulingIfMissing: false,
          attachRequired: false,
        }),
    },
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/CSIStorageCapacity',
    action: Action.Add,
    given: (world) => {
      delayed(world);
      storageClass(world, 'late');
      csiDriver(world, driver, { storageCapacity: true });
    },
    cure: (world) => pool(world, 'pool', 'late', '100Gi'),
  },
  {
    ...volumeBinding,
    resource: 'storage.k8s.io/CSIStorageCapacity',
    action: Action.Update,
    given: (world) => {
      delayed(world);
      storageClass(world, 'late');
      csiDriver(world, driver, { storageCapacity: true });
      pool(world, 'pool', 'late', '1Gi');
    },
    cure: (world) => pool(world, 'pool', 'late', '100Gi'),
    idle: { 'less room': (world) => pool(world, 'pool', 'late', '512Mi') },
  },
  {
    ...zoneAlone,
    resource: 'storage.k8s.io/StorageClass',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'n', labels: { [zone]: 'b' } });
      claim(world, 'mine', { storageClassName: 'late' });
    },
    cure: (world) => storageClass(world, 'late'),
    idle: {
      'a class that binds at once': (world) => storageClass(world, 'now', { volumeBindingMode: 'Immediate' }),
    },
  },
  {
    ...zoneAlone,
    resource: 'Node',
    action: Action.Add,
    given: apart,
    cure: (world) => world.node({ name: 'm', labels: { [zone]: 'a' } }),
  },
  {
    ...zoneAlone,
    resource: 'Node',
    action: Action.UpdateNodeLabel,
    given: apart,
    cure: (world) => world.node({ name: 'n', labels: { [zone]: 'a' } }),
    idle: {
      'more room': (world) => world.node({ name: 'n', labels: { [zone]: 'b' }, allocatable: { cpu: '8' } }),
    },
  },
  {
    ...zoneAlone,
    resource: 'PersistentVolumeClaim',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'n', labels: { [zone]: 'a' } });
      volume(world, 'pv', 'mine', {}, { labels: { [zone]: 'a' } });
    },
    cure: (world) => claim(world, 'mine', { volumeName: 'pv' }),
    idle: { 'another claim': (world) => claim(world, 'theirs') },
  },
  {
    ...zoneAlone,
    resource: 'PersistentVolumeClaim',
    action: Action.Update,
    given: (world) => {
      world.node({ name: 'n', labels: { [zone]: 'a' } });
      storageClass(world, 'now', { volumeBindingMode: 'Immediate' });
      volume(world, 'pv', 'mine', {}, { labels: { [zone]: 'a' } });
      claim(world, 'mine', { storageClassName: 'now' });
      claim(world, 'theirs');
    },
    cure: (world) => claim(world, 'mine', { storageClassName: 'now', volumeName: 'pv' }),
    idle: { 'another claim': (world) => claim(world, 'theirs', { volumeName: 'x' }) },
  },
  {
    ...zoneAlone,
    resource: 'PersistentVolume',
    action: Action.Add,
    given: (world) => {
      world.node({ name: 'n', labels: { [zone]: 'a' } });
      claim(world, 'mine', { volumeName: 'pv' });
    },
    cure: (world) => volume(world, 'pv', 'mine', {}, { labels: { [zone]: 'a' } }),
  },
  {
    ...zoneAlone,
    resource: 'PersistentVolume',
    action: Action.Update,
    given: apart,
    cure: (world) => volume(world, 'pv', 'mine', {}, { labels: { [zone]: 'b' } }),
    idle: {
      'another label': (world) => volume(world, 'pv', 'mine', {}, { labels: { [zone]: 'a', more: 'x' } }),
    },
  },
];

/** A disk of zone a, told by its label alone: a CSI driver that took over looks for its own label on the node. */
function migrated(plugins: string | undefined): Pick<Scenario, 'given'> {
  return {
    given: (world) => {
      world.node({ name: 'a', labels: { 'topology.gke.io/zone': 'a' } });
      if (plugins !== undefined)
        csiNode(world, 'a', {}, { 'storage.alpha.kubernetes.io/migrated-plugins': plugins });
      claim(world, 'mine', { volumeName: 'pv' });
      volume(world, 'pv', 'mine', { gcePersistentDisk: { pdName: 'd' }, ...onNodes(zone, 'a') });
    },
  };
}
