import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import {
  projectCsiDriver,
  projectCsiNode,
  projectCsiStorageCapacity,
} from '../../../src/cluster/project-csi.js';
import { projectStorageClass } from '../../../src/cluster/project-storage-class.js';
import { projectPersistentVolume } from '../../../src/cluster/project-volume.js';
import { projectPersistentVolumeClaim } from '../../../src/cluster/project-volume-claim.js';
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../src/cluster/storage.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { statusMessage } from '../../../src/framework/status.js';
import type { VolumeBinding } from '../../../src/plugins/volume-binding.js';
import { makePod } from '../../build-objects.js';

/* Storage objects for tests of VolumeBinding, made from what the API server would send. Everything is of the class `late`. */

type Json = Record<string, unknown>;
type Affinity = readonly Json[];

export const late = 'late';

export interface VolumeParts {
  readonly class?: string;
  readonly storage?: string;
  readonly phase?: string;
  readonly labels?: Record<string, string>;
  readonly modes?: readonly string[];
  /** Terms of the required node affinity. */
  readonly nodes?: Affinity;
  readonly claimRef?: Json;
  readonly terminating?: boolean;
  readonly version?: string;
  readonly uid?: string;
  readonly spec?: Json;
}

/** 10Gi, available, ReadWriteOnce, for every node. */
export function volume(name: string, parts: VolumeParts = {}): PersistentVolume {
  const { modes = ['ReadWriteOnce'], nodes, claimRef } = parts;
  return projectPersistentVolume({
    metadata: {
      name,
      uid: parts.uid ?? `uid-of-${name}`,
      resourceVersion: parts.version ?? '1',
      labels: parts.labels,
      ...(parts.terminating && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      storageClassName: parts.class ?? late,
      capacity: { storage: parts.storage ?? '10Gi' },
      accessModes: modes,
      claimRef,
      ...(nodes && { nodeAffinity: { required: { nodeSelectorTerms: nodes } } }),
      ...parts.spec,
    },
    status: { phase: parts.phase ?? 'Available' },
  });
}

export interface ClaimParts {
  readonly class?: string;
  /** null: the claim asks for no storage. */
  readonly storage?: string | null;
  readonly modes?: readonly string[];
  readonly phase?: string;
  readonly volumeName?: string;
  /** The volume controller is done with it. */
  readonly bound?: boolean;
  readonly selectedNode?: string;
  readonly terminating?: boolean;
  readonly owner?: string;
  readonly version?: string;
  readonly uid?: string;
  readonly namespace?: string;
  readonly spec?: Json;
}

/** Asks for 5Gi, ReadWriteOnce. */
export function claim(name: string, parts: ClaimParts = {}): PersistentVolumeClaim {
  const { storage = '5Gi', modes = ['ReadWriteOnce'], selectedNode, owner } = parts;
  return projectPersistentVolumeClaim({
    metadata: {
      name,
      namespace: parts.namespace ?? 'default',
      uid: parts.uid ?? `uid-of-${name}`,
      resourceVersion: parts.version ?? '1',
      annotations: {
        ...(parts.bound && { 'pv.kubernetes.io/bind-completed': 'yes' }),
        ...(selectedNode && { 'volume.kubernetes.io/selected-node': selectedNode }),
      },
      ...(owner && { ownerReferences: [{ kind: 'Pod', name: 'p', uid: owner, controller: true }] }),
      ...(parts.terminating && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      storageClassName: parts.class ?? late,
      accessModes: modes,
      volumeName: parts.volumeName,
      ...(storage !== null && { resources: { requests: { storage } } }),
      ...parts.spec,
    },
    status: { phase: parts.phase ?? (parts.bound ? 'Bound' : 'Pending') },
  });
}

/** A claim that has its volume, ready for use. */
export function boundClaim(name: string, volumeName: string): PersistentVolumeClaim {
  return claim(name, { volumeName, bound: true });
}

/** Waits for the first consumer and makes no volumes. */
export function storageClass(name = late, fields: Json = {}): StorageClass {
  return projectStorageClass({
    metadata: { name },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...fields,
  });
}

export function pool(name: string, fields: Json = {}): CsiStorageCapacity {
  return projectCsiStorageCapacity({
    metadata: { name, namespace: 'kube-system' },
    storageClassName: late,
    nodeTopology: {},
    capacity: '100Gi',
    ...fields,
  });
}

export function csiDriver(name: string, spec: Json = { storageCapacity: true }): CsiDriver {
  return projectCsiDriver({ metadata: { name }, spec });
}

export function csiNode(name: string, ...migratedPlugins: string[]): CsiNode {
  const annotations = { 'storage.alpha.kubernetes.io/migrated-plugins': migratedPlugins.join(',') };
  return projectCsiNode({ metadata: { name, annotations }, spec: { drivers: [] } });
}

/** A term of a volume's node affinity: the label has one of the values. */
export function where(key: string, ...values: string[]): Json {
  return { matchExpressions: [{ key, operator: 'In', values }] };
}

/** A pod with a volume for each: the name of a claim, or a volume as the API has it. */
export function podUsing(...volumes: readonly (string | Json)[]): Pod {
  return makePod({
    name: 'web',
    uid: 'uid-of-web',
    spec: {
      volumes: volumes.map((source, i) =>
        typeof source === 'string'
          ? { name: `v${i}`, persistentVolumeClaim: { claimName: source } }
          : { name: `v${i}`, ...source },
      ),
    },
  });
}

export interface World {
  readonly nodes?: readonly Node[];
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  /** Default: `late`, which makes no volumes. */
  readonly classes?: readonly StorageClass[];
  readonly pools?: readonly CsiStorageCapacity[];
  readonly csiDrivers?: readonly CsiDriver[];
  readonly csiNodes?: readonly CsiNode[];
}

export function clusterWith(world: World): ClusterState {
  const cluster = new ClusterState();
  for (const node of world.nodes ?? []) cluster.setNode(node);
  const { storage } = cluster;
  for (const object of world.claims ?? []) storage.claims.set(object);
  for (const object of world.volumes ?? []) storage.volumes.set(object);
  for (const object of world.classes ?? [storageClass()]) storage.classes.set(object);
  for (const object of world.pools ?? []) storage.capacities.set(object);
  for (const object of world.csiDrivers ?? []) storage.csiDrivers.set(object);
  for (const object of world.csiNodes ?? []) storage.csiNodes.set(object);
  return cluster;
}

/** A pod that has been through PreFilter without being refused, or `code: reasons` of the refusal. */
export function prepared(plugin: VolumeBinding, pod: Pod, { nodes }: ClusterState): Cycle | string {
  const cycle = new Cycle(pod, nodes);
  const result = plugin.preFilter(cycle, pod, nodes);
  if (result.kind === 'rejected') return `${result.status.code}: ${statusMessage(result.status)}`;
  return result.kind === 'skip' ? 'skip' : cycle;
}

/** As `prepared`, with all nodes judged by Filter. */
export function filtered(plugin: VolumeBinding, pod: Pod, cluster: ClusterState): Cycle | string {
  const cycle = prepared(plugin, pod, cluster);
  if (typeof cycle === 'string') return cycle;
  const rows = cluster.nodes.rows();
  plugin.filterRows(cycle, pod, rows, new Int32Array(rows.length));
  return cycle;
}

/** Reasons by node, '' for a node that passes; what PreFilter says where it does not let the pod through. */
export function verdicts(
  plugin: VolumeBinding,
  pod: Pod,
  cluster: ClusterState,
): Record<string, string> | string {
  const cycle = prepared(plugin, pod, cluster);
  if (typeof cycle === 'string') return cycle;
  const { nodes } = cluster;
  const rows = nodes.rows();
  const given = new Int32Array(rows.length);
  plugin.filterRows(cycle, pod, rows, given);
  const texts = Array.from(given, (verdict) =>
    verdict === 0 ? '' : statusMessage(plugin.verdictStatus(cycle, verdict)),
  );
  return Object.fromEntries(texts.map((text, i) => [nodes.nameAt(rows.slots[i]!), text]));
}
