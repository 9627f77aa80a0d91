import type { ClusterState } from '../cluster/cluster-state.js';
import type { ObjectTable } from '../cluster/object-table.js';
import {
  projectCsiDriver,
  projectCsiNode,
  projectCsiStorageCapacity,
  projectVolumeAttachment,
} from '../cluster/project-csi.js';
import { projectDisruptionBudget } from '../cluster/project-disruption-budget.js';
import { projectStorageClass } from '../cluster/project-storage-class.js';
import { projectPersistentVolume } from '../cluster/project-volume.js';
import { projectPersistentVolumeClaim } from '../cluster/project-volume-claim.js';
import {
  projectNamespace,
  projectReplicaSet,
  projectReplicationController,
  projectService,
  projectStatefulSet,
} from '../cluster/project-workload.js';
import type { EventResource } from '../framework/cluster-event.js';
import type { Profile } from '../framework/profile.js';
import type { ReadResource, Registry } from '../framework/registry.js';
import type { KubeObject } from '../kube/object-store.js';

/** One kind of objects, beside pods and nodes, that decisions may ask about: where it is read, and where it is kept. */
export interface ObjectKind<T extends KubeObject = KubeObject> {
  readonly resource: ReadResource;
  readonly kind: string;
  /** '' for the core group. */
  readonly group: string;
  /** Of the collection over all namespaces. */
  readonly path: string;
  readonly project: (raw: unknown) => T;
  readonly table: (cluster: ClusterState) => ObjectTable<T>;
  /** What the queue's events call it; undefined for kinds whose changes requeue nothing, as in kube-scheduler. */
  readonly event: EventResource | undefined;
}

export const objectKinds: readonly ObjectKind[] = [
  kind('', 'namespaces', 'Namespace', projectNamespace, (cluster) => cluster.namespaces),
  kind('', 'services', 'Service', projectService, (cluster) => cluster.services),
  kind(
    '',
    'replicationcontrollers',
    'ReplicationController',
    projectReplicationController,
    (cluster) => cluster.replicationControllers,
  ),
  kind('apps', 'replicasets', 'ReplicaSet', projectReplicaSet, (cluster) => cluster.replicaSets),
  kind('apps', 'statefulsets', 'StatefulSet', projectStatefulSet, (cluster) => cluster.statefulSets),
  kind(
    'policy',
    'poddisruptionbudgets',
    'PodDisruptionBudget',
    projectDisruptionBudget,
    (cluster) => cluster.disruptionBudgets,
  ),
  waking(
    '',
    'persistentvolumes',
    'PersistentVolume',
    projectPersistentVolume,
    ({ storage }) => storage.volumes,
  ),
  waking(
    '',
    'persistentvolumeclaims',
    'PersistentVolumeClaim',
    projectPersistentVolumeClaim,
    ({ storage }) => storage.claims,
  ),
  waking(
    'storage.k8s.io',
    'storageclasses',
    'StorageClass',
    projectStorageClass,
    ({ storage }) => storage.classes,
  ),
  waking('storage.k8s.io', 'csinodes', 'CSINode', projectCsiNode, ({ storage }) => storage.csiNodes),
  waking('storage.k8s.io', 'csidrivers', 'CSIDriver', projectCsiDriver, ({ storage }) => storage.csiDrivers),
  waking(
    'storage.k8s.io',
    'csistoragecapacities',
    'CSIStorageCapacity',
    projectCsiStorageCapacity,
    ({ storage }) => storage.capacities,
  ),
  waking(
    'storage.k8s.io',
    'volumeattachments',
    'VolumeAttachment',
    projectVolumeAttachment,
    ({ storage }) => storage.attachments,
  ),
];

/** Those that some enabled plugin reads: what nobody reads is not watched. */
export function kindsRead(profiles: Iterable<Pick<Profile, 'all'>>, registry: Registry): ObjectKind[] {
  const read = new Set<ReadResource>();
  for (const { all } of profiles)
    for (const { name } of all) for (const resource of registry.get(name)?.reads ?? []) read.add(resource);
  return objectKinds.filter(({ resource }) => read.has(resource));
}

function kind<T extends KubeObject>(
  group: string,
  resource: ReadResource,
  name: string,
  project: (raw: unknown) => T,
  table: (cluster: ClusterState) => ObjectTable<T>,
): ObjectKind<T> {
  const path = group === '' ? `/api/v1/${resource}` : `/apis/${group}/v1/${resource}`;
  return { group, resource, kind: name, path, project, table, event: undefined };
}

/** A kind whose changes may let waiting pods fit. */
function waking<T extends KubeObject>(
  group: string,
  resource: ReadResource,
  name: string,
  project: (raw: unknown) => T,
  table: (cluster: ClusterState) => ObjectTable<T>,
): ObjectKind<T> {
  const event = (group === '' ? name : `${group}/${name}`) as EventResource;
  return { ...kind(group, resource, name, project, table), event };
}
