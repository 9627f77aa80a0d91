import type { ObjectInput } from '../../../../src/kube/embedded/kube-object.js';

/** A kind the server keeps, and an object of it with no more than what it must have. */
export interface SampleKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The collection in namespace `default`, or the cluster's. */
  readonly collection: string;
  /** The collection over all namespaces. */
  readonly everywhere: string;
  readonly hasStatus: boolean;
  body(name: string): ObjectInput;
  /** A merge patch that is allowed, and changes something. */
  readonly change: object;
}

const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const workload = { selector: { matchLabels: { app: 'x' } }, template };
const storage = { accessModes: ['ReadWriteOnce'], storageClassName: 'none' };

function sample(
  apiVersion: string,
  kind: string,
  plural: string,
  options: {
    readonly namespaced?: boolean;
    readonly hasStatus?: boolean;
    readonly fields?: object;
    readonly change?: object;
  } = {},
): SampleKind {
  const { namespaced = true, hasStatus = true, fields = {} } = options;
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return {
    apiVersion,
    kind,
    hasStatus,
    everywhere: `${root}/${plural}`,
    collection: namespaced ? `${root}/namespaces/default/${plural}` : `${root}/${plural}`,
    body: (name) => ({ apiVersion, kind, metadata: { name }, ...structuredClone(fields) }),
    change: options.change ?? { metadata: { labels: { changed: 'yes' } } },
  };
}

const STORAGE = 'storage.k8s.io/v1';
const inCluster = { namespaced: false };
const withoutStatus = { hasStatus: false };

/** What decisions ask about beside pods and nodes. */
export const ASKED_KINDS: readonly SampleKind[] = [
  sample('v1', 'Namespace', 'namespaces', inCluster),
  sample('v1', 'Service', 'services', {
    fields: { spec: { ports: [{ port: 80 }] } },
    change: { spec: { selector: { app: 'x' } } },
  }),
  sample('v1', 'ReplicationController', 'replicationcontrollers', {
    fields: { spec: { template } },
    change: { spec: { replicas: 3 } },
  }),
  sample('apps/v1', 'ReplicaSet', 'replicasets', {
    fields: { spec: workload },
    change: { spec: { replicas: 3 } },
  }),
  sample('apps/v1', 'StatefulSet', 'statefulsets', {
    fields: { spec: workload },
    change: { spec: { replicas: 3 } },
  }),
  sample('v1', 'PersistentVolume', 'persistentvolumes', {
    ...inCluster,
    fields: { spec: { ...storage, capacity: { storage: '1Gi' }, hostPath: { path: '/data' } } },
    change: { spec: { claimRef: { namespace: 'default', name: 'a' } } },
  }),
  sample('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', {
    fields: { spec: { ...storage, resources: { requests: { storage: '1Gi' } } } },
    change: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n1' } } },
  }),
  sample(STORAGE, 'StorageClass', 'storageclasses', {
    ...inCluster,
    ...withoutStatus,
    fields: { provisioner: 'example.com/disk' },
    change: { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] },
  }),
  sample(STORAGE, 'CSINode', 'csinodes', {
    ...inCluster,
    change: { spec: { drivers: [{ name: 'disk.example.com', nodeID: 'n', allocatable: { count: 3 } }] } },
  }),
  sample(STORAGE, 'CSIDriver', 'csidrivers', {
    ...inCluster,
    ...withoutStatus,
    change: { spec: { storageCapacity: true } },
  }),
  sample(STORAGE, 'CSIStorageCapacity', 'csistoragecapacities', {
    ...withoutStatus,
    fields: { storageClassName: 'none' },
    change: { capacity: '5Gi' },
  }),
  sample(STORAGE, 'VolumeAttachment', 'volumeattachments', {
    ...inCluster,
    fields: {
      spec: { attacher: 'disk.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } },
    },
  }),
  sample('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    change: { spec: { minAvailable: 2 } },
  }),
];

export const SAMPLE_KINDS: readonly SampleKind[] = [
  ...ASKED_KINDS,
  sample('v1', 'ConfigMap', 'configmaps', withoutStatus),
  sample('v1', 'Event', 'events', {
    ...withoutStatus,
    fields: { involvedObject: { namespace: 'default' } },
  }),
  sample('v1', 'Node', 'nodes', inCluster),
  sample('v1', 'Pod', 'pods', { fields: { spec: template.spec } }),
  sample('v1', 'Secret', 'secrets', withoutStatus),
  sample('v1', 'ServiceAccount', 'serviceaccounts', withoutStatus),
  sample('apps/v1', 'DaemonSet', 'daemonsets', { fields: { spec: workload } }),
  sample('apps/v1', 'Deployment', 'deployments', { fields: { spec: workload } }),
  sample('coordination.k8s.io/v1', 'Lease', 'leases', withoutStatus),
  sample('events.k8s.io/v1', 'Event', 'events', {
    ...withoutStatus,
    fields: {
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'c',
      reportingInstance: 'i',
      action: 'a',
      reason: 'r',
      type: 'Normal',
      regarding: { namespace: 'default' },
    },
  }),
  sample('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', { ...inCluster, ...withoutStatus }),
];

/** The sample of a kind; of the two kinds of events, the one of core. */
export function sampleOf(kind: string): SampleKind {
  const found = SAMPLE_KINDS.find((known) => known.kind === kind);
  if (found === undefined) throw new Error(`no sample of ${kind}`);
  return found;
}
