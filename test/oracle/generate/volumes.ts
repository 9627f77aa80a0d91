import type { Loose, Manifest } from '../case.js';
import { nodeTerm } from './selectors.js';
import type { World } from './world.js';

interface Wish {
  readonly storageClassName?: string | undefined;
  readonly claimRef?: Loose;
  readonly phase?: string;
  readonly accessModes?: readonly string[];
  readonly volumeMode?: string | undefined;
}

const lateClasses = ['standard', 'fast', 'zonal', 'split', 'local', 'gp2', 'pd'] as const;
const accessModes = [
  ['ReadWriteOnce'],
  ['ReadWriteMany'],
  ['ReadOnlyMany', 'ReadWriteOnce'],
  ['ReadWriteOncePod'],
] as const;

/** A volume; no two of a case have the same capacity, so that the smallest one that serves is not chance. */
export function volume(world: World, wish: Wish = {}): Manifest {
  const { dice } = world;
  const source = volumeSource(world);
  const affinity = volumeAffinity(world, 'local' in source);
  return world.object('v1', 'PersistentVolume', `pv-${world.serial()}`, {
    metadata: {
      labels: volumeLabels(world),
      ...(dice.chance(0.03) ? deletion : {}),
    },
    spec: {
      capacity: { storage: `${dice.int(1, 30) * 1024 + world.serial()}Mi` },
      accessModes: wish.accessModes ?? dice.pick(accessModes),
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName:
        wish.storageClassName ?? dice.pick([...lateClasses, 'local', 'local', 'immediate', '']),
      volumeMode: wish.volumeMode ?? (dice.chance(0.1) ? 'Block' : 'Filesystem'),
      ...source,
      ...(wish.claimRef === undefined ? {} : { claimRef: wish.claimRef }),
      ...(affinity === undefined ? {} : { nodeAffinity: { required: affinity } }),
    },
    status: {
      phase:
        wish.phase ??
        dice.weighted([
          [12, 'Available'],
          [1, 'Released'],
          [1, 'Failed'],
          [1, 'Pending'],
        ]),
    },
  });
}

const deletion = { deletionTimestamp: '2026-01-20T00:00:00Z', finalizers: ['kubernetes.io/pv-protection'] };

function volumeSource(world: World): Loose {
  const { dice } = world;
  const id = `vol-${dice.hex(6)}`;
  return dice.weighted<Loose>([
    [
      8,
      {
        csi: {
          driver: dice.pick(['disk.csi.example.com', 'fast.csi.example.com', 'ebs.csi.aws.com']),
          volumeHandle: id,
        },
      },
    ],
    [3, { local: { path: '/mnt/disk' } }],
    [2, { awsElasticBlockStore: { volumeID: dice.pick([id, `aws://us-east-1a/${id}`]) } }],
    [2, { gcePersistentDisk: { pdName: id } }],
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
    [1, { portworxVolume: { volumeID: id } }],
    [1, { vsphereVolume: { volumePath: `[store] ${id}` } }],
    [1, { azureFile: { secretName: 's', shareName: id } }],
    [1, { nfs: { server: '10.1.1.1', path: '/' } }],
    [1, { hostPath: { path: '/data' } }],
  ]);
}

function volumeAffinity(world: World, needed: boolean): Loose {
  const { dice } = world;
  const onNodes = (): Loose => ({
    nodeSelectorTerms: [
      {
        matchExpressions: [
          { key: 'kubernetes.io/hostname', operator: 'In', values: dice.some(world.nodeNames, 1, 3) },
        ],
      },
    ],
  });
  if (needed) return onNodes();
  return dice.weighted<() => Loose>([
    [6, () => undefined],
    [
      3,
      () => ({
        nodeSelectorTerms: [
          {
            matchExpressions: [
              {
                key: 'topology.kubernetes.io/zone',
                operator: 'In',
                values: dice.some(['z1', 'z2', 'z3'], 1, 2),
              },
            ],
          },
        ],
      }),
    ],
    [2, onNodes],
    [1, () => ({ nodeSelectorTerms: dice.times(1, 2, () => nodeTerm(world)) })],
  ])();
}

function volumeLabels(world: World): Record<string, string> {
  const { dice } = world;
  const labels: Record<string, string> = {};
  if (dice.chance(0.3)) labels.kind = dice.pick(['gold', 'silver']);
  if (dice.chance(0.2)) {
    const key = dice.pick(['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone']);
    labels[key] = dice.pick(['z1', 'z2', 'z3', 'z1__z2', 'z3__z2']);
  }
  if (dice.chance(0.08)) {
    const key = dice.pick(['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region']);
    labels[key] = dice.pick(['r1', 'r2']);
  }
  return labels;
}

/** A claim in one of the states that claims can be in, and the volume that is meant for it, if any. */
export function claim(world: World, namespace: string, name: string): { claim: Manifest; volume?: Manifest } {
  const { dice } = world;
  const state = dice.weighted([
    [8, 'bound'],
    [6, 'late'],
    [2, 'promised'],
    [1, 'immediate'],
    [1, 'bound-unfinished'],
    [0.4, 'lost'],
    [0.4, 'deleting'],
    [0.4, 'bound-to-nothing'],
    [0.3, 'odd-class'],
  ] as const);
  const storageClassName = state === 'immediate' ? 'immediate' : dice.pick(lateClasses);
  const modes = dice.pick(accessModes);
  const volumeMode = dice.chance(0.1) ? 'Block' : 'Filesystem';
  const object = world.object(
    'v1',
    'PersistentVolumeClaim',
    name,
    {
      spec: {
        accessModes: modes,
        storageClassName,
        volumeMode,
        resources: { requests: { storage: dice.pick(['1Gi', '2Gi', '500M', '5Gi', '8Gi', '20Gi', '1']) } },
      },
      status: { phase: 'Pending' },
    },
    namespace,
  );
  const { metadata, spec } = object;
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid: metadata.uid };
  const own = (wish: Wish): Manifest =>
    volume(world, { storageClassName, accessModes: modes, volumeMode, ...wish });
  const bindTo = (bound: Manifest): void => {
    spec.volumeName = bound.metadata.name;
    object.status = { phase: 'Bound', accessModes: modes, capacity: bound.spec.capacity };
    metadata.annotations = {
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    };
  };
  switch (state) {
    case 'bound': {
      const bound = own({ claimRef, phase: 'Bound' });
      bindTo(bound);
      return { claim: object, volume: bound };
    }
    case 'bound-unfinished': {
      const bound = own({ claimRef, phase: 'Available' });
      spec.volumeName = bound.metadata.name;
      return { claim: object, volume: bound };
    }
    case 'promised': {
      const { uid, ...unbound } = claimRef;
      const promised = own({
        claimRef: dice.chance(0.5) ? unbound : { ...unbound, uid },
        phase: 'Available',
      });
      return { claim: object, volume: promised };
    }
    case 'late':
      late(world, object);
      return { claim: object };
    case 'lost':
      spec.volumeName = 'pv-lost';
      object.status = { phase: 'Lost' };
      return { claim: object };
    case 'deleting':
      Object.assign(metadata, { ...deletion, finalizers: ['kubernetes.io/pvc-protection'] });
      return { claim: object };
    case 'bound-to-nothing':
      bindTo(own({}));
      return { claim: object };
    case 'odd-class':
      spec.storageClassName = dice.pick(['', 'no-such-class']);
      if (dice.chance(0.3)) delete spec.storageClassName;
      return { claim: object };
    default:
      return { claim: object };
  }
}

/** A claim that waits for its pod. */
function late(world: World, { metadata, spec }: Manifest): void {
  const { dice } = world;
  if (dice.chance(0.15)) spec.selector = { matchLabels: { kind: dice.pick(['gold', 'silver']) } };
  if (dice.chance(0.12))
    metadata.annotations = { 'volume.kubernetes.io/selected-node': dice.pick([...world.nodeNames, 'gone']) };
  // kube-scheduler crashes when it scores such a claim of a class that tracks capacity.
  if (dice.chance(0.05)) {
    const storageClass = dice.pick(['local', 'gp2', 'pd']);
    metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': storageClass };
    delete spec.storageClassName;
  }
  if (dice.chance(0.04)) spec.volumeAttributesClassName = 'gold';
}
