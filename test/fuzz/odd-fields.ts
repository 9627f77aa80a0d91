import type { Dice } from '../oracle/dice.js';
import { define, type Json } from './json-place.js';
import {
  oddNodeAffinity,
  oddNodeSelector,
  oddPodAffinity,
  oddSelector,
  oddSpread,
  oddTaints,
  oddTolerations,
} from './odd-constraints.js';
import { oddLabels, oddNumber, oddQuantity, oddResources, oddText, oddValue, orOdd } from './odd-values.js';
import { rawJson } from './raw-json.js';

/** Makes something odd to stand in a field. */
type Maker = (dice: Dice) => unknown;

/** Fields that decisions read, with what may stand there by mistake or malice, by kind. */
export const oddFields: Readonly<Record<string, readonly (readonly [path: string, make: Maker])[]>> = {
  Pod: [
    ['spec.containers', containers],
    ['spec.containers.0.resources.requests.cpu', amount],
    ['spec.containers.0.resources.requests.memory', amount],
    ['spec.containers.0.ports', (dice) => [{ hostPort: dice.int(1, 5), containerPort: 1 }]],
    ['spec.initContainers', containers],
    ['spec.ephemeralContainers', containers],
    ['spec.volumes', volumes],
    ['spec.topologySpreadConstraints', oddSpread],
    ['spec.affinity.nodeAffinity', oddNodeAffinity],
    ['spec.affinity.podAffinity', oddPodAffinity],
    ['spec.affinity.podAntiAffinity', oddPodAffinity],
    ['spec.affinity', oddValue],
    ['spec.nodeSelector', oddLabels],
    ['spec.tolerations', oddTolerations],
    ['spec.resources', (dice) => ({ requests: oddResources(dice), limits: oddResources(dice) })],
    ['spec.overhead', oddResources],
    ['spec.resourceClaims', (dice) => dice.pick<unknown>([[{ name: 'a' }], [null], {}, [{}], [7]])],
    [
      'spec.schedulingGates',
      (dice) => dice.pick<unknown>([[{ name: 'g' }], [{ name: '' }], [{}], [null], 'g', []]),
    ],
    [
      'spec.priority',
      (dice) => dice.pick<unknown>([0, -1, -2_147_483_648, 999_999_999, 1.5, '5', null, true]),
    ],
    [
      'spec.preemptionPolicy',
      (dice) => dice.pick<unknown>(['Never', 'PreemptLowerPriority', 'x', '', 1, null]),
    ],
    [
      'spec.schedulerName',
      (dice) => dice.pick<unknown>(['berth', 'berth', 'nobody', '', 5, null, '__proto__']),
    ],
    [
      'spec.nodeName',
      (dice) => dice.pick<unknown>(['', 'nowhere', '__proto__', 'constructor', 'x'.repeat(5_000), 7]),
    ],
    ['spec.hostNetwork', oddValue],
    ['spec.hostUsers', oddValue],
    ['metadata.labels', oddLabels],
    ['metadata.annotations', oddLabels],
    ['metadata.deletionTimestamp', timestamp],
    ['metadata.creationTimestamp', timestamp],
    ['metadata.generation', oddNumber],
    ['metadata.ownerReferences', owners],
    ['status', oddValue],
    ['status.phase', (dice) => dice.pick<unknown>(['Pending', 'Running', 'Odd', '', 3])],
    ['status.startTime', timestamp],
    [
      'status.nominatedNodeName',
      (dice) => dice.pick<unknown>(['nowhere', '', '__proto__', 'node-1', 'node-2', 7]),
    ],
    ['status.conditions', conditions],
    ['status.containerStatuses', containerStatuses],
    ['status.initContainerStatuses', containerStatuses],
    ['status.resize', (dice) => dice.pick<unknown>(['Proposed', 'Infeasible', 'x', '', {}])],
    ['status.resources', (dice) => ({ requests: oddResources(dice) })],
    ['status.allocatedResources', oddResources],
    ['status.resourceClaimStatuses', oddValue],
    ['status.extendedResourceClaimStatus', oddValue],
  ],
  Node: [
    ['metadata.labels', oddLabels],
    ['metadata.annotations', oddLabels],
    ['spec', oddValue],
    ['spec.taints', oddTaints],
    ['spec.unschedulable', (dice) => dice.pick<unknown>([true, false, 'true', 1, null, {}])],
    ['spec.podPreemptionPolicy', oddValue],
    ['status', oddValue],
    ['status.allocatable', oddResources],
    ['status.capacity', oddResources],
    ['status.allocatable.pods', oddQuantity],
    ['status.allocatable.cpu', oddQuantity],
    ['status.allocatable.memory', oddQuantity],
    ['status.images', images],
    [
      'status.declaredFeatures',
      (dice) => dice.pick<unknown>([['a', 'b'], ['a', 'a'], [''], [null], 'a', {}, ['__proto__']]),
    ],
    ['status.conditions', conditions],
  ],
  PersistentVolume: [
    ['spec', oddValue],
    ['spec.capacity', oddResources],
    ['spec.accessModes', modes],
    ['spec.claimRef', claimReference],
    ['spec.storageClassName', oddText],
    ['spec.nodeAffinity', (dice) => orOdd(dice, { required: oddNodeSelector(dice) })],
    ['spec.csi', driver],
    ['spec.gcePersistentDisk', source],
    ['spec.awsElasticBlockStore', source],
    ['spec.azureDisk', source],
    ['spec.cinder', source],
    ['spec.vsphereVolume', source],
    ['spec.portworxVolume', source],
    [
      'metadata.labels',
      (dice) => ({ 'topology.kubernetes.io/zone': dice.pick<unknown>(['a__b', '__', 'a__', 1, null]) }),
    ],
    ['metadata.annotations', oddLabels],
    ['metadata.deletionTimestamp', timestamp],
    ['status.phase', oddValue],
  ],
  PersistentVolumeClaim: [
    ['spec', oddValue],
    ['spec.accessModes', modes],
    ['spec.resources', (dice) => orOdd(dice, { requests: oddResources(dice) })],
    ['spec.selector', oddSelector],
    ['spec.storageClassName', oddValue],
    ['spec.volumeName', oddText],
    ['metadata.annotations', (dice) => ({ 'pv.kubernetes.io/bind-completed': oddValue(dice) })],
    ['metadata.ownerReferences', owners],
    ['metadata.deletionTimestamp', timestamp],
    ['status.phase', oddValue],
  ],
  StorageClass: [
    ['provisioner', oddText],
    [
      'volumeBindingMode',
      (dice) => dice.pick<unknown>(['Immediate', 'WaitForFirstConsumer', 'Later', '', null, 1]),
    ],
    ['allowedTopologies', topologies],
    ['parameters', oddLabels],
  ],
  CSINode: [
    ['spec', oddValue],
    ['spec.drivers', drivers],
    [
      'metadata.annotations',
      (dice) => ({
        'storage.alpha.kubernetes.io/migrated-plugins': dice.pick<unknown>([
          '',
          ',',
          'kubernetes.io/aws-ebs,,',
          7,
          null,
        ]),
      }),
    ],
  ],
  CSIDriver: [
    ['spec', oddValue],
    ['spec.storageCapacity', oddValue],
    ['spec.attachRequired', oddValue],
    ['spec.preventPodSchedulingIfMissing', oddValue],
  ],
  CSIStorageCapacity: [
    ['capacity', oddQuantity],
    ['maximumVolumeSize', oddQuantity],
    ['nodeTopology', oddSelector],
    ['storageClassName', oddText],
  ],
  VolumeAttachment: [
    ['spec', oddValue],
    ['spec.source', oddValue],
    ['spec.nodeName', oddText],
    ['spec.attacher', oddText],
  ],
  PodDisruptionBudget: [
    ['spec', oddValue],
    ['spec.selector', oddSelector],
    ['spec.minAvailable', oddValue],
    ['status', oddValue],
    ['status.disruptionsAllowed', oddNumber],
    ['status.disruptedPods', oddLabels],
  ],
  Service: [
    ['spec', oddValue],
    ['spec.selector', oddLabels],
  ],
  ReplicaSet: [
    ['spec', oddValue],
    ['spec.selector', oddSelector],
    ['metadata.ownerReferences', owners],
  ],
  StatefulSet: [
    ['spec', oddValue],
    ['spec.selector', oddSelector],
  ],
  ReplicationController: [
    ['spec', oddValue],
    ['spec.selector', oddLabels],
  ],
  Namespace: [
    ['metadata.labels', oddLabels],
    ['status', oddValue],
  ],
};

/** Absurd, and a quantity all the same. */
function amount(dice: Dice): unknown {
  return dice.pick<unknown>([
    '-100',
    '-8Ei',
    '8Ei',
    '9e15',
    '1e400',
    '0',
    rawJson('9007199254740993'),
    '0.000000001n',
    '1e-400',
    -1,
  ]);
}

function containers(dice: Dice): unknown {
  const port = (): unknown =>
    orOdd(dice, {
      containerPort: oddNumber(dice),
      hostPort: dice.chance(0.5) ? dice.int(1, 70_000) : oddNumber(dice),
      protocol: dice.pick<unknown>(['TCP', 'UDP', 'SCTP', 'tcp', '', null, 6]),
      hostIP: dice.pick<unknown>(['', '0.0.0.0', '::', '127.0.0.1', 'not an address', null]),
    });
  const container = (): unknown =>
    orOdd(dice, {
      name: oddText(dice),
      image: orOdd(dice, dice.pick(['', 'a', 'a:1', 'r:5000/a', ':', 'x'.repeat(3_000)])),
      ...(dice.chance(0.7)
        ? { resources: orOdd(dice, { requests: oddResources(dice), limits: oddResources(dice) }) }
        : {}),
      ...(dice.chance(0.4) ? { ports: orOdd(dice, dice.times(0, 3, port)) } : {}),
      ...(dice.chance(0.2) ? { restartPolicy: dice.pick<unknown>(['Always', 'Never', '', 1, null]) } : {}),
      ...(dice.chance(0.1) ? { restartPolicyRules: [orOdd(dice, { action: 'RestartAllContainers' })] } : {}),
      ...(dice.chance(0.1) ? { volumeMounts: [orOdd(dice, { bindMountOptions: oddValue(dice) })] } : {}),
    });
  return orOdd(dice, dice.times(0, 4, container));
}

const sources = [
  'persistentVolumeClaim',
  'ephemeral',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'rbd',
  'iscsi',
  'azureDisk',
  'azureFile',
  'cinder',
  'vsphereVolume',
  'portworxVolume',
  'csi',
  'image',
  'emptyDir',
  '__proto__',
];

function volumes(dice: Dice): unknown {
  return orOdd(
    dice,
    dice.times(0, 4, () => {
      const volume: Json = { name: orOdd(dice, dice.pick(['v', 'w', ''])) };
      for (const name of dice.some(sources, 1, 2)) define(volume, name, orOdd(dice, source(dice)));
      return orOdd(dice, volume);
    }),
  );
}

/** Whatever field any source has. */
function source(dice: Dice): unknown {
  const fields: Json = {
    claimName: dice.pick(['claim', 'pvc-1', '', 'nobody']),
    pdName: 'disk',
    volumeID: dice.pick(['vol-1', 'aws://eu-west-1a/vol-1', 'aws://', '//']),
    monitors: ['m1', 'm2'],
    pool: 'p',
    image: 'i',
    iqn: 'iqn',
    diskURI: '/subscriptions/x',
    diskName: 'd',
    volumePath: '[ds] v',
    driver: 'd.example',
    volumeHandle: 'h',
    reference: 'a:1',
    readOnly: dice.chance(0.5),
    volumeClaimTemplate: { spec: { storageClassName: 'fast' } },
  };
  for (const key of dice.some(Object.keys(fields), 0, 3)) fields[key] = oddValue(dice);
  return fields;
}

function driver(dice: Dice): unknown {
  return orOdd(dice, { driver: orOdd(dice, 'd.example'), volumeHandle: orOdd(dice, oddText(dice)) });
}

function drivers(dice: Dice): unknown {
  return orOdd(
    dice,
    dice.times(0, 3, () =>
      orOdd(dice, {
        name: orOdd(dice, dice.pick(['d.example', 'ebs.csi.aws.com', ''])),
        nodeID: 'n',
        topologyKeys: dice.pick<unknown>([[], ['zone'], null, [null], 'zone']),
        allocatable: orOdd(dice, { count: dice.chance(0.5) ? dice.int(0, 3) : oddNumber(dice) }),
      }),
    ),
  );
}

function claimReference(dice: Dice): unknown {
  return orOdd(dice, {
    namespace: orOdd(dice, 'default'),
    name: orOdd(dice, dice.pick(['claim', 'pvc-1'])),
    uid: orOdd(dice, ''),
  });
}

function modes(dice: Dice): unknown {
  return dice.pick<unknown>([
    ['ReadWriteOnce'],
    ['ReadWriteOncePod'],
    [],
    ['Odd'],
    [null],
    'ReadWriteOnce',
    {},
  ]);
}

function topologies(dice: Dice): unknown {
  const expression = (): unknown =>
    orOdd(dice, { key: orOdd(dice, 'zone'), values: orOdd(dice, ['a', oddText(dice)]) });
  return orOdd(
    dice,
    dice.times(0, 2, () => orOdd(dice, { matchLabelExpressions: orOdd(dice, dice.times(0, 2, expression)) })),
  );
}

function images(dice: Dice): unknown {
  return orOdd(
    dice,
    dice.times(0, 5, () =>
      orOdd(dice, {
        names: dice.pick<unknown>([
          ['a:1'],
          ['a:1', 'a:1', 'a@sha256:1'],
          [],
          null,
          [null],
          'a:1',
          ['__proto__', ''],
        ]),
        sizeBytes: dice.chance(0.5) ? dice.int(0, 2_000_000_000) : oddNumber(dice),
      }),
    ),
  );
}

function owners(dice: Dice): unknown {
  return orOdd(
    dice,
    dice.times(0, 3, () =>
      orOdd(dice, {
        apiVersion: orOdd(dice, dice.pick(['apps/v1', 'v1', ''])),
        kind: orOdd(dice, dice.pick(['ReplicaSet', 'StatefulSet', 'ReplicationController', 'Odd'])),
        name: orOdd(dice, dice.pick(['rs', 'rs-1', ''])),
        uid: orOdd(dice, 'u'),
        controller: orOdd(dice, dice.chance(0.7)),
      }),
    ),
  );
}

function conditions(dice: Dice): unknown {
  return orOdd(
    dice,
    dice.times(0, 3, () =>
      orOdd(dice, {
        type: orOdd(
          dice,
          dice.pick(['Ready', 'PodScheduled', 'DisruptionTarget', '__proto__', 'PodResizePending']),
        ),
        status: orOdd(dice, dice.pick(['True', 'False', 'Unknown', ''])),
        reason: orOdd(dice, dice.pick(['PreemptionByScheduler', 'Unschedulable', ''])),
        message: oddText(dice),
        lastTransitionTime: timestamp(dice),
      }),
    ),
  );
}

function containerStatuses(dice: Dice): unknown {
  return orOdd(
    dice,
    dice.times(0, 3, () =>
      orOdd(dice, {
        name: dice.pick(['app', 'main', 'c1', '']),
        allocatedResources: oddResources(dice),
        resources: orOdd(dice, { requests: oddResources(dice) }),
      }),
    ),
  );
}

function timestamp(dice: Dice): unknown {
  return dice.pick<unknown>([
    '2026-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2026-13-45T99:99:99Z',
    'yesterday',
    '',
    null,
    0,
    {},
  ]);
}
