import type { PodParts } from '../../../build-objects.js';
import type { HintWorld } from './hint-world.js';

type Json = Readonly<Record<string, unknown>>;

/* Storage as the API server has it, for scenarios: each object of one name, every put is a newer version. */

let version = 0;

function metadata(name: string, { namespace, ...more }: Json = {}): Json {
  version += 1;
  const place = namespace === undefined ? {} : { namespace };
  return { name, uid: `uid-of-${name}`, resourceVersion: String(version), ...place, ...more };
}

/** Without a volume: still to be bound. */
export function claim(world: HintWorld, name: string, spec: Json = {}, more: Json = {}): void {
  const isBound = spec.volumeName !== undefined;
  world.put('PersistentVolumeClaim', {
    metadata: metadata(name, {
      namespace: 'default',
      annotations: isBound ? { 'pv.kubernetes.io/bind-completed': 'yes' } : {},
      ...more,
    }),
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, ...spec },
    status: { phase: isBound ? 'Bound' : 'Pending' },
  });
}

/** Bound to the claim, if one is named. */
export function volume(
  world: HintWorld,
  name: string,
  claimName?: string,
  spec: Json = {},
  more: Json = {},
): void {
  const claimRef = { namespace: 'default', name: claimName, uid: `uid-of-${claimName}` };
  world.put('PersistentVolume', {
    metadata: metadata(name, more),
    spec: {
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      ...(claimName === undefined ? {} : { claimRef }),
      ...spec,
    },
    status: { phase: claimName === undefined ? 'Available' : 'Bound' },
  });
}

export function storageClass(world: HintWorld, name: string, fields: Json = {}): void {
  const provisioner = 'd.example';
  const volumeBindingMode = 'WaitForFirstConsumer';
  world.put('StorageClass', { metadata: metadata(name), provisioner, volumeBindingMode, ...fields });
}

/** With the limit of each driver. */
export function csiNode(
  world: HintWorld,
  name: string,
  limits: Readonly<Record<string, number>>,
  annotations: Json = {},
): void {
  const drivers = Object.entries(limits).map(([driver, count]) => ({
    name: driver,
    nodeID: name,
    allocatable: { count },
  }));
  world.put('CSINode', { metadata: metadata(name, { annotations }), spec: { drivers } });
}

export function csiDriver(world: HintWorld, name: string, spec: Json): void {
  world.put('CSIDriver', { metadata: metadata(name), spec });
}

/** Of the class, on every node. */
export function pool(world: HintWorld, name: string, storageClassName: string, capacity: string): void {
  world.put('CSIStorageCapacity', {
    metadata: metadata(name, { namespace: 'default' }),
    storageClassName,
    nodeTopology: {},
    capacity,
  });
}

export function attachment(world: HintWorld, name: string, volumeName: string, nodeName: string): void {
  const source = { persistentVolumeName: volumeName };
  world.put('VolumeAttachment', {
    metadata: metadata(name),
    spec: { attacher: 'd.example', nodeName, source },
  });
}

/** The parts of a pod that uses claims. */
export function using(...claims: readonly string[]): PodParts & { readonly spec: Json } {
  const volumes = claims.map((claimName, index) => ({
    name: `v${index}`,
    persistentVolumeClaim: { claimName },
  }));
  return { spec: { volumes } };
}

/** Terms of a volume's node affinity. */
export function onNodes(key: string, value: string): Json {
  const terms = [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }];
  return { nodeAffinity: { required: { nodeSelectorTerms: terms } } };
}
