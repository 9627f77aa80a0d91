import type { Loose, Manifest } from '../case.js';
import { claim } from './volumes.js';
import type { World } from './world.js';

/** Volumes of all kinds; claims that the pod owns go to `also`. */
export function podVolumes(world: World, pod: Manifest, also: Manifest[]): void {
  const { dice } = world;
  const count = dice.int(1, 4);
  const volumes: Loose[] = [];
  for (let index = 0; index < count; index += 1)
    volumes.push({ name: `v${index}`, ...source(world, pod, index, also) });
  pod.spec.volumes = volumes;
}

function source(world: World, pod: Manifest, index: number, also: Manifest[]): Loose {
  const { dice } = world;
  const claims = world.claims.get(pod.metadata.namespace!) ?? [];
  return dice.weighted<() => Loose>([
    [
      claims.length > 0 ? 8 : 0,
      () => ({ persistentVolumeClaim: { claimName: dice.pick(claims), ...readOnly(world) } }),
    ],
    [0.3, () => ({ persistentVolumeClaim: { claimName: 'no-such-claim' } })],
    [claims.length > 0 ? 1.5 : 0, () => ephemeral(world, pod, index, also)],
    [4, () => inline(world)],
    [1, () => ({ emptyDir: {} })],
    [0.5, () => ({ configMap: { name: 'c' } })],
    [0.7, () => ({ csi: { driver: dice.pick(['disk.csi.example.com', 'secrets.csi.example.com']) } })],
    [0.7, () => ({ image: { reference: dice.pick(world.images), pullPolicy: 'IfNotPresent' } })],
  ])();
}

function readOnly({ dice }: World): Loose {
  return dice.chance(0.3) ? { readOnly: true } : {};
}

function ephemeral(world: World, pod: Manifest, index: number, also: Manifest[]): Loose {
  const { dice } = world;
  const { name, namespace, uid } = pod.metadata;
  const made = claim(world, namespace!, `${name}-v${index}`);
  if (!dice.chance(0.1)) {
    const owner = dice.chance(0.05) ? dice.uid() : uid;
    if (!dice.chance(0.03))
      made.claim.metadata.ownerReferences = [
        { apiVersion: 'v1', kind: 'Pod', name, uid: owner, controller: true, blockOwnerDeletion: true },
      ];
    also.push(made.claim, ...(made.volume === undefined ? [] : [made.volume]));
  }
  const { accessModes, resources, storageClassName } = made.claim.spec;
  return {
    ephemeral: {
      volumeClaimTemplate: {
        spec: { accessModes, resources, ...(storageClassName === undefined ? {} : { storageClassName }) },
      },
    },
  };
}

/** Few names, so that pods want the same disks. */
function inline(world: World): Loose {
  const { dice } = world;
  const id = dice.pick(['one', 'two', 'three']);
  return dice.weighted<Loose>([
    [3, { gcePersistentDisk: { pdName: id, ...readOnly(world) } }],
    [3, { awsElasticBlockStore: { volumeID: `vol-${id}`, ...readOnly(world) } }],
    [
      2,
      {
        iscsi: {
          targetPortal: dice.pick(['10.0.0.1:3260', '10.0.0.2:3260']),
          iqn: `iqn.2026-01.com.example:${id}`,
          lun: dice.int(0, 1),
          ...readOnly(world),
        },
      },
    ],
    [
      2,
      {
        rbd: {
          monitors: dice.some(['m1', 'm2', 'm3'], 1, 2),
          image: id,
          pool: dice.pick(['rbd', 'other']),
          ...readOnly(world),
        },
      },
    ],
    [
      1,
      {
        azureDisk: {
          diskName: id,
          diskURI: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/${id}`,
          kind: 'Managed',
        },
      },
    ],
    [1, { cinder: { volumeID: id } }],
    [0.5, { portworxVolume: { volumeID: id } }],
    [0.5, { vsphereVolume: { volumePath: `[store] ${id}` } }],
    [0.5, { azureFile: { secretName: 's', shareName: id } }],
    [0.5, { nfs: { server: 's', path: '/' } }],
  ]);
}
