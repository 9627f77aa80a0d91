/*
 * Objects beside pods and nodes as an API server sends them, with some of the fields that nothing reads.
 */

type Json = Record<string, unknown>;

const metadata = (name: string, namespace?: string): Json => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: `uid-of-${name}`,
  resourceVersion: '7',
  creationTimestamp: '2026-01-02T03:04:05Z',
  labels: { team: 'a' },
  annotations: { 'example.com/note': 'x' },
  managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
});

const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }],
};

export const rawVolume = (): Json => ({
  kind: 'PersistentVolume',
  metadata: metadata('pv-1'),
  spec: {
    capacity: { storage: '10Gi' },
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
    volumeMode: 'Filesystem',
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'fast',
    volumeAttributesClassName: 'gold',
    claimRef: {
      kind: 'PersistentVolumeClaim',
      namespace: 'team-a',
      name: 'data',
      uid: 'uid-of-data',
      resourceVersion: '5',
    },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          {
            matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['z1'] }],
            matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }],
          },
        ],
      },
    },
    csi: { driver: 'csi.example.com', volumeHandle: 'vol-1', fsType: 'ext4', volumeAttributes: { a: 'b' } },
  },
  status: { phase: 'Bound', lastPhaseTransitionTime: '2026-01-02T03:04:05Z' },
});

/** A volume of the time before CSI. */
export const rawInTreeVolume = (): Json => ({
  kind: 'PersistentVolume',
  metadata: metadata('pv-2'),
  spec: {
    capacity: { storage: '1Ti' },
    accessModes: ['ReadWriteOnce'],
    gcePersistentDisk: { pdName: 'disk-1', fsType: 'ext4' },
  },
  status: { phase: 'Available' },
});

export const rawClaim = (): Json => ({
  kind: 'PersistentVolumeClaim',
  metadata: {
    ...metadata('data', 'team-a'),
    annotations: {
      'pv.kubernetes.io/bind-completed': 'yes',
      'volume.kubernetes.io/selected-node': 'n1',
      'volume.kubernetes.io/storage-provisioner': 'csi.example.com',
    },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Other', name: 'x', uid: 'u0' },
      { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u1', controller: true },
    ],
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '5Gi' }, limits: { storage: '6Gi' } },
    selector,
    storageClassName: 'fast',
    volumeMode: 'Block',
    volumeAttributesClassName: 'gold',
    volumeName: 'pv-1',
  },
  status: { phase: 'Bound', capacity: { storage: '10Gi' } },
});

export const rawStorageClass = (): Json => ({
  kind: 'StorageClass',
  metadata: metadata('fast'),
  provisioner: 'csi.example.com',
  parameters: { type: 'ssd' },
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowedTopologies: [
    { matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values: ['z1', 'z2'] }] },
  ],
});

export const rawCsiNode = (): Json => ({
  kind: 'CSINode',
  metadata: {
    ...metadata('n1'),
    annotations: {
      'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs,kubernetes.io/gce-pd',
    },
  },
  spec: {
    drivers: [
      { name: 'csi.example.com', nodeID: 'n1', topologyKeys: ['zone'], allocatable: { count: 12 } },
      { name: 'free.example.com', nodeID: 'n1', topologyKeys: null },
    ],
  },
});

export const rawCsiDriver = (): Json => ({
  kind: 'CSIDriver',
  metadata: metadata('csi.example.com'),
  spec: { attachRequired: true, storageCapacity: true, preventPodSchedulingIfMissing: true },
});

export const rawCsiStorageCapacity = (): Json => ({
  kind: 'CSIStorageCapacity',
  metadata: metadata('csisc-1', 'kube-system'),
  storageClassName: 'fast',
  capacity: '100Gi',
  maximumVolumeSize: '10Gi',
  nodeTopology: { matchLabels: { zone: 'z1' } },
});

export const rawVolumeAttachment = (): Json => ({
  kind: 'VolumeAttachment',
  metadata: metadata('csi-1'),
  spec: { attacher: 'csi.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv-1' } },
  status: { attached: true },
});

export const rawNamespace = (): Json => ({
  kind: 'Namespace',
  metadata: metadata('team-a'),
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
});

export const rawService = (): Json => ({
  kind: 'Service',
  metadata: metadata('web', 'team-a'),
  spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }], selector: { app: 'web' } },
});

export const rawReplicationController = (): Json => ({
  kind: 'ReplicationController',
  metadata: metadata('old', 'team-a'),
  spec: { replicas: 3, selector: { app: 'old' }, template: { spec: { containers: [] } } },
  status: { replicas: 3 },
});

export const rawReplicaSet = (): Json => ({
  kind: 'ReplicaSet',
  metadata: metadata('web-7d4b9c', 'team-a'),
  spec: { replicas: 3, selector, template: { spec: { containers: [] } } },
  status: { replicas: 3 },
});

export const rawStatefulSet = (): Json => ({
  kind: 'StatefulSet',
  metadata: metadata('db', 'team-a'),
  spec: { replicas: 3, selector: { matchLabels: { app: 'db' } }, serviceName: 'db' },
});

export const rawDisruptionBudget = (): Json => ({
  kind: 'PodDisruptionBudget',
  metadata: metadata('web', 'team-a'),
  spec: { minAvailable: 1, selector },
  status: {
    disruptionsAllowed: 2,
    currentHealthy: 3,
    disruptedPods: { 'web-1': '2026-01-02T03:04:05Z', 'web-2': null },
  },
});

/** One of each kind. */
export const rawObjects = (): Json[] => [
  rawVolume(),
  rawClaim(),
  rawStorageClass(),
  rawCsiNode(),
  rawCsiDriver(),
  rawCsiStorageCapacity(),
  rawVolumeAttachment(),
  rawNamespace(),
  rawService(),
  rawReplicationController(),
  rawReplicaSet(),
  rawStatefulSet(),
  rawDisruptionBudget(),
];

/** The object with one field replaced (`spec.selector`, `metadata.annotations`), or removed by undefined. */
export function withField(raw: Json, path: string, value: unknown): Json {
  const copy = structuredClone(raw);
  const keys = path.split('.');
  const last = keys.pop()!;
  let at = copy;
  for (const key of keys) {
    at[key] ??= {};
    at = at[key] as Json;
  }
  at[last] = value;
  return JSON.parse(JSON.stringify(copy)) as Json;
}
