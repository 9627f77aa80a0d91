import type { ApiClient, ApiObject } from '../controlplane/api-client.js';
import { until } from './until.js';
import type { PodVolume } from './workload.js';

export const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
export const VOLUMES = '/api/v1/persistentvolumes';
export const CAPACITIES = '/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities';
const STORAGE = '/apis/storage.k8s.io/v1';

export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const HOSTNAME = 'kubernetes.io/hostname';

/** A PersistentVolumeClaim as the tests read it. */
export interface Claim extends ApiObject {
  readonly metadata: ApiObject['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status: { readonly phase: string };
}

/** A PersistentVolume as the tests read it. */
export interface Volume extends ApiObject {
  readonly metadata: ApiObject['metadata'] & { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly claimRef?: { readonly namespace: string; readonly name: string; readonly uid?: string };
    readonly nodeAffinity?: {
      readonly required: {
        readonly nodeSelectorTerms: readonly { matchExpressions: readonly Expression[] }[];
      };
    };
  };
  readonly status: { readonly phase: string };
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface StorageClassOrder {
  readonly name: string;
  /** Left out: one for which nobody makes volumes. */
  readonly provisioner?: string;
  readonly immediate?: boolean;
}

export async function createStorageClass(api: ApiClient, order: StorageClassOrder): Promise<void> {
  const { name, provisioner = 'kubernetes.io/no-provisioner', immediate = false } = order;
  await api.create(`${STORAGE}/storageclasses`, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner,
    volumeBindingMode: immediate ? 'Immediate' : 'WaitForFirstConsumer',
  });
}

export interface ClaimOrder {
  readonly name: string;
  /** Left out: none, so that only the volume named can be bound. */
  readonly storageClass?: string;
  readonly storage?: string;
  readonly accessMode?: string;
  /** Of the volume that the claim is to have and no other. */
  readonly volume?: string;
}

export async function createClaim(api: ApiClient, order: ClaimOrder): Promise<void> {
  await api.create(CLAIMS, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: order.name },
    spec: claimSpec(order),
  });
}

export function claimSpec({
  storageClass = '',
  storage = '1Gi',
  accessMode,
  volume,
}: Omit<ClaimOrder, 'name'>): object {
  return {
    storageClassName: storageClass,
    accessModes: [accessMode ?? 'ReadWriteOnce'],
    resources: { requests: { storage } },
    ...(volume === undefined ? {} : { volumeName: volume }),
  };
}

export interface VolumeOrder {
  readonly name: string;
  readonly storageClass?: string;
  readonly storage?: string;
  readonly accessMode?: string;
  /** The one node on which it can be used; any when left out. */
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of a claim in namespace `default` to which the volume is promised; a UID makes it that claim and no later one. */
  readonly claim?: { readonly name: string; readonly uid?: string };
  /** Makes it a volume of this CSI driver; on a directory of the node when left out. */
  readonly driver?: string;
  readonly provisionedBy?: string;
}

export async function createVolume(api: ApiClient, order: VolumeOrder): Promise<void> {
  const { name, node, claim, provisionedBy } = order;
  const terms = [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [node] }] }];
  await api.create(VOLUMES, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      labels: order.labels ?? {},
      annotations: provisionedBy === undefined ? {} : { 'pv.kubernetes.io/provisioned-by': provisionedBy },
    },
    spec: {
      capacity: { storage: order.storage ?? '1Gi' },
      accessModes: [order.accessMode ?? 'ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: order.storageClass ?? '',
      ...(node === undefined ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } }),
      ...(claim === undefined
        ? {}
        : { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', ...claim } }),
      ...source(order),
    },
  });
}

function source({ name, node, driver }: VolumeOrder): object {
  if (driver !== undefined) return { csi: { driver, volumeHandle: name } };
  return node === undefined
    ? { hostPath: { path: `/volumes/${name}` } }
    : { local: { path: `/volumes/${name}` } };
}

/** A volume and a claim that are made for each other, and bound when this returns. */
export async function createBoundPair(api: ApiClient, order: VolumeOrder): Promise<void> {
  const { name } = order;
  await createVolume(api, { ...order, claim: { name } });
  await createClaim(api, {
    name,
    volume: name,
    ...(order.accessMode === undefined ? {} : { accessMode: order.accessMode }),
  });
  await until(`claim ${name} bound`, async () => {
    const { status } = await api.get<Claim>(`${CLAIMS}/${name}`);
    return status.phase === 'Bound';
  });
}

/** `limit` is how many volumes of the driver the node can have. */
export async function createCsiNode(
  api: ApiClient,
  node: string,
  { driver, limit }: { readonly driver: string; readonly limit: number },
): Promise<void> {
  await api.create(`${STORAGE}/csinodes`, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: node },
    spec: {
      drivers: [{ name: driver, nodeID: node, topologyKeys: [HOSTNAME], allocatable: { count: limit } }],
    },
  });
}

/** A driver that says how much room it has where. */
export async function createCapacityDriver(api: ApiClient, name: string): Promise<void> {
  await api.create(`${STORAGE}/csidrivers`, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name },
    spec: { storageCapacity: true, attachRequired: false },
  });
}

/** How much room there is on a node for volumes of a class. */
export async function createCapacity(
  api: ApiClient,
  {
    node,
    storageClass,
    capacity,
  }: { readonly node: string; readonly storageClass: string; readonly capacity: string },
): Promise<void> {
  await api.create(CAPACITIES, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: { name: `${storageClass}-${node}` },
    storageClassName: storageClass,
    nodeTopology: { matchLabels: { [HOSTNAME]: node } },
    capacity,
  });
}

/** Says that a volume is attached to a node, whether a pod uses it there or not. Returns the path of what says so. */
export async function createAttachment(
  api: ApiClient,
  { volume, node, driver }: { readonly volume: string; readonly node: string; readonly driver: string },
): Promise<string> {
  const name = `${volume}-${node}`;
  await api.create(`${STORAGE}/volumeattachments`, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name },
    spec: { attacher: driver, nodeName: node, source: { persistentVolumeName: volume } },
  });
  return `${STORAGE}/volumeattachments/${name}`;
}

/** Part of a pod's spec: it uses these claims. */
export function withClaims(...claims: readonly string[]): { readonly volumes: readonly PodVolume[] } {
  return {
    volumes: claims.map((claimName, index) => ({ name: `v${index}`, persistentVolumeClaim: { claimName } })),
  };
}

/** The names of the claims that a pod uses, those that were made for it included. */
export function claimNames(pod: string, volumes: readonly PodVolume[]): string[] {
  return volumes.flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [persistentVolumeClaim.claimName];
    return ephemeral === undefined ? [] : [`${pod}-${name}`];
  });
}
