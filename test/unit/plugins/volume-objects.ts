import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import {
  projectCsiDriver,
  projectCsiNode,
  projectVolumeAttachment,
} from '../../../src/cluster/project-csi.js';
import { projectStorageClass } from '../../../src/cluster/project-storage-class.js';
import { projectPersistentVolume } from '../../../src/cluster/project-volume.js';
import { projectPersistentVolumeClaim } from '../../../src/cluster/project-volume-claim.js';
import type {
  CsiDriver,
  CsiNode,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from '../../../src/cluster/storage.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../../../src/framework/plugin.js';
import { statusMessage } from '../../../src/framework/status.js';

/* Storage objects for tests, made from what the API server would send, and verdicts of plugins that judge by them. */

type Json = Record<string, unknown>;

export function claim(name: string, { namespace = 'default', ...parts }: Json = {}): PersistentVolumeClaim {
  const { metadata, ...spec } = parts;
  return projectPersistentVolumeClaim({
    metadata: { name, namespace, uid: `uid-of-${name}`, ...(metadata as Json) },
    spec,
  });
}

export function volume(name: string, { labels, ...spec }: Json = {}): PersistentVolume {
  return projectPersistentVolume({ metadata: { name, labels }, spec });
}

export function csiVolume(name: string, driver: string, volumeHandle = name): PersistentVolume {
  return volume(name, { csi: { driver, volumeHandle } });
}

export function storageClass(name: string, fields: Json = {}): StorageClass {
  return projectStorageClass({ metadata: { name }, volumeBindingMode: 'Immediate', ...fields });
}

/** Drivers with their limits; null for a driver without one. */
export function csiNode(name: string, limits: Readonly<Record<string, number | null>>): CsiNode {
  const drivers = Object.entries(limits).map(([driver, count]) => ({
    name: driver,
    ...(count !== null && { allocatable: { count } }),
  }));
  return projectCsiNode({ metadata: { name }, spec: { drivers } });
}

export function csiDriver(name: string, spec: Json): CsiDriver {
  return projectCsiDriver({ metadata: { name }, spec });
}

export function attachment(attacher: string, nodeName: string, volumeName?: string): VolumeAttachment {
  return projectVolumeAttachment({
    metadata: { name: `${attacher}-${nodeName}-${volumeName}` },
    spec: { attacher, nodeName, source: { persistentVolumeName: volumeName } },
  });
}

/** The parts of a pod that name claims, for `makePod({ spec })`. */
export function using(...volumes: readonly (string | Json)[]): { readonly volumes: readonly Json[] } {
  return {
    volumes: volumes.map((source, i) =>
      typeof source === 'string'
        ? { name: `v${i}`, persistentVolumeClaim: { claimName: source } }
        : { name: `v${i}`, ...source },
    ),
  };
}

export interface World {
  readonly nodes?: readonly Node[];
  readonly pods?: readonly Pod[];
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
  readonly csiNodes?: readonly CsiNode[];
  readonly csiDrivers?: readonly CsiDriver[];
  readonly attachments?: readonly VolumeAttachment[];
}

export function clusterWith(world: World): ClusterState {
  const cluster = new ClusterState();
  for (const node of world.nodes ?? []) cluster.setNode(node);
  const { storage } = cluster;
  for (const object of world.claims ?? []) storage.claims.set(object);
  for (const object of world.volumes ?? []) storage.volumes.set(object);
  for (const object of world.classes ?? []) storage.classes.set(object);
  for (const object of world.csiNodes ?? []) storage.csiNodes.set(object);
  for (const object of world.csiDrivers ?? []) storage.csiDrivers.set(object);
  for (const object of world.attachments ?? []) storage.attachments.set(object);
  for (const pod of world.pods ?? []) cluster.setBoundPod(pod);
  return cluster;
}

export type Outcome =
  | 'skip'
  | { readonly rejected: string }
  /** Code and reasons by node; '' for a node that passes. */
  | { readonly nodes: Readonly<Record<string, string>> };

/** PreFilter, then Filter over all nodes. Throws what the plugin throws. */
export function outcomeOf(
  plugin: PreFilterPlugin & RowFilterPlugin,
  pod: Pod,
  cluster: ClusterState,
): Outcome {
  const cycle = new Cycle(pod, cluster.nodes);
  const result = plugin.preFilter(cycle, pod, cluster.nodes);
  if (result.kind === 'skip') return 'skip';
  if (result.kind === 'rejected')
    return { rejected: `${result.status.code}: ${statusMessage(result.status)}` };
  return { nodes: filtered(plugin, cycle, cluster) };
}

/** Filter over all nodes, in a cycle that has been through PreFilter. */
export function filtered(
  plugin: RowFilterPlugin,
  cycle: Cycle,
  { nodes }: ClusterState,
): Record<string, string> {
  const { slots } = nodes.rows();
  return Object.fromEntries(
    Array.from(slots, (slot): [string, string] => [
      nodes.nameAt(slot),
      verdictOn(plugin, cycle, slot),
    ]).sort(),
  );
}

/** One row's verdict, which may be a borrowed one; '' when it passes. */
export function verdictOn(plugin: RowFilterPlugin, cycle: Cycle, slot: number): string {
  const verdicts = new Int32Array(1);
  plugin.filterRows(cycle, cycle.pod, { slots: Int32Array.of(slot), length: 1 }, verdicts);
  if (verdicts[0] === 0) return '';
  const status = plugin.verdictStatus(cycle, verdicts[0]!);
  return `${status.code}: ${statusMessage(status)}`;
}
