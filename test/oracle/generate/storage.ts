import type { Loose, Manifest } from '../case.js';
import { claim, volume } from './volumes.js';
import type { World } from './world.js';

export const drivers = [
  'disk.csi.example.com',
  'fast.csi.example.com',
  'ebs.csi.aws.com',
  'pd.csi.storage.gke.io',
  'disk.csi.azure.com',
] as const;

const inTreePlugins = [
  'kubernetes.io/aws-ebs',
  'kubernetes.io/gce-pd',
  'kubernetes.io/azure-disk',
  'kubernetes.io/cinder',
  'kubernetes.io/portworx-volume',
  'kubernetes.io/vsphere-volume',
  'kubernetes.io/azure-file',
] as const;

/** Classes, drivers, volumes and claims; the claims' names are noted in the world for pods to use. */
export function storage(world: World): Manifest[] {
  if (!world.likes('volumes', 0.1)) return [];
  const { dice } = world;
  const objects = [...classes(world), ...csiDrivers(world), ...csiNodes(world), ...capacities(world)];
  const volumes: Manifest[] = [];
  for (const namespace of world.namespaces) {
    const names: string[] = [];
    for (let index = dice.int(2, 12); index > 0; index -= 1) {
      const made = claim(world, namespace, `claim-${index}`);
      names.push(made.claim.metadata.name);
      if (!dice.chance(0.02)) objects.push(made.claim);
      if (made.volume !== undefined) volumes.push(made.volume);
    }
    world.claims.set(namespace, names);
  }
  for (let index = dice.int(0, 15); index > 0; index -= 1) volumes.push(volume(world));
  return [...objects, ...volumes, ...attachments(world, volumes)];
}

function classes(world: World): Manifest[] {
  const { dice } = world;
  const zones = (...values: string[]): Loose => [
    { matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values }] },
  ];
  const all: readonly (readonly [name: string, provisioner: string, mode: string, topologies?: Loose])[] = [
    ['standard', 'disk.csi.example.com', 'WaitForFirstConsumer'],
    ['fast', 'fast.csi.example.com', 'WaitForFirstConsumer'],
    ['zonal', 'disk.csi.example.com', 'WaitForFirstConsumer', zones(...dice.some(['z1', 'z2'], 1, 2))],
    [
      'split',
      'fast.csi.example.com',
      'WaitForFirstConsumer',
      [
        {
          matchLabelExpressions: [
            { key: 'disktype', values: ['ssd'] },
            { key: 'env', values: ['prod', 'staging'] },
          ],
        },
        ...zones('z3'),
      ],
    ],
    ['local', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer'],
    ['immediate', 'disk.csi.example.com', 'Immediate'],
    ['gp2', 'kubernetes.io/aws-ebs', 'WaitForFirstConsumer'],
    ['pd', 'kubernetes.io/gce-pd', dice.pick(['WaitForFirstConsumer', 'Immediate'])],
  ];
  return all
    .filter(() => !dice.chance(0.04))
    .map(([name, provisioner, volumeBindingMode, allowedTopologies]) =>
      world.object('storage.k8s.io/v1', 'StorageClass', name, {
        provisioner,
        reclaimPolicy: 'Delete',
        volumeBindingMode,
        ...(allowedTopologies === undefined ? {} : { allowedTopologies }),
      }),
    );
}

function csiDrivers(world: World): Manifest[] {
  const { dice } = world;
  // Of two that keep pods away, the one named would be chance.
  const strict = dice.chance(0.4) ? dice.pick(drivers) : undefined;
  return drivers
    .filter(() => !dice.chance(0.15))
    .map((name) =>
      world.object('storage.k8s.io/v1', 'CSIDriver', name, {
        spec: {
          attachRequired: true,
          storageCapacity: name === 'fast.csi.example.com' ? !dice.chance(0.2) : dice.chance(0.15),
          ...(name === strict ? { preventPodSchedulingIfMissing: true } : {}),
        },
      }),
    );
}

function csiNodes(world: World): Manifest[] {
  const { dice } = world;
  return world.nodeNames
    .filter(() => !dice.chance(0.1))
    .map((name) => {
      const migrated = dice.some(inTreePlugins, 0, inTreePlugins.length);
      return world.object('storage.k8s.io/v1', 'CSINode', name, {
        metadata: {
          ...(migrated.length === 0
            ? {}
            : { annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': migrated.join(',') } }),
        },
        spec: {
          drivers: drivers
            .filter(() => dice.chance(0.8))
            .map((driver) => ({
              name: driver,
              nodeID: name,
              ...(dice.chance(0.5) ? { topologyKeys: ['topology.kubernetes.io/zone'] } : {}),
              ...(dice.chance(0.7) ? { allocatable: { count: dice.int(0, 4) } } : {}),
            })),
        },
      });
    });
}

/** Of two that serve the same class on one node, the one taken would be chance: a class has one, or one a zone. */
function capacities(world: World): Manifest[] {
  const { dice } = world;
  const make = (storageClassName: string, suffix: string, nodeTopology: Loose): Manifest =>
    world.object(
      'storage.k8s.io/v1',
      'CSIStorageCapacity',
      `${storageClassName}-${suffix}`,
      {
        storageClassName,
        ...(nodeTopology === undefined ? {} : { nodeTopology }),
        // kube-scheduler panics where there is a maximum size without a capacity.
        ...(dice.chance(0.9)
          ? {
              capacity: dice.pick(['0', '1Gi', '10Gi', '50Gi', '100G', '1Ti']),
              ...(dice.chance(0.3) ? { maximumVolumeSize: dice.pick(['1Gi', '8Gi', '30Gi']) } : {}),
            }
          : {}),
      },
      dice.pick(world.namespaces),
    );
  return ['fast', 'split', 'standard', 'zonal'].flatMap((name) => {
    if (!dice.chance(0.7)) return [];
    if (dice.chance(0.2)) return [make(name, 'all', {})];
    if (dice.chance(0.1)) return [make(name, 'nowhere', undefined)];
    return dice
      .some(['z1', 'z2', 'z3'], 1, 3)
      .map((zone) => make(name, zone, { matchLabels: { 'topology.kubernetes.io/zone': zone } }));
  });
}

function attachments(world: World, volumes: readonly Manifest[]): Manifest[] {
  const { dice } = world;
  if (volumes.length === 0) return [];
  return dice.times(0, 8, (index) => {
    const { metadata, spec } = dice.pick(volumes);
    return world.object('storage.k8s.io/v1', 'VolumeAttachment', `attachment-${index}`, {
      spec: {
        attacher: spec.csi?.driver ?? dice.pick(drivers),
        nodeName: dice.pick(world.nodeNames),
        source: { persistentVolumeName: dice.chance(0.95) ? metadata.name : 'gone' },
      },
      status: { attached: true },
    });
  });
}
