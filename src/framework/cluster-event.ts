/** Kinds of objects that events are about. The three kinds of pods: bound ones, other pending ones, the pending pod itself. */
export type EventResource =
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'TargetPod'
  /** Registration only: all three kinds of pods. */
  | 'Pod'
  | 'Node'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'storage.k8s.io/CSINode'
  | 'storage.k8s.io/CSIDriver'
  | 'storage.k8s.io/VolumeAttachment'
  | 'storage.k8s.io/CSIStorageCapacity'
  | 'storage.k8s.io/StorageClass'
  | 'resource.k8s.io/ResourceClaim'
  | 'resource.k8s.io/ResourceSlice'
  | 'resource.k8s.io/DeviceClass'
  | '*';

/** Something happened in the cluster that may let a refused pod fit. */
export interface ClusterEvent {
  readonly resource: EventResource;
  /** Bits of `Action` (cluster/action.ts). */
  readonly action: number;
  /** As metrics show it, for example `AssignedPodDelete`, `NodeUpdateNodeTaint`. */
  readonly label: string;
}

/** `Queue`: the event may help this pod, try it again. `Skip`: it cannot. */
export type Hint = 'Queue' | 'Skip';

/** Which events can cure a plugin's rejection, and for which pods. */
export interface EventRegistration<Old = unknown, New = Old> {
  readonly resource: EventResource;
  readonly action: number;
  /** Absent: every such event may help. A throw counts as `Queue`. */
  readonly hint?: (pod: import('../cluster/pod.js').Pod, old: Old | undefined, now: New | undefined) => Hint;
  /**
   * The hint reads of the pod nothing but its spec, labels, namespace and controller, so that a `Skip` is true for all pods of its
   * template, and one question is enough for thousands that wait.
   */
  readonly perTemplate?: boolean;
}

/** Kube-scheduler's rule: same resource, overlapping bits, and an incoming action not above the registered ones. */
export function matches(
  registered: Pick<EventRegistration, 'resource' | 'action'>,
  event: ClusterEvent,
): boolean {
  if (registered.resource === '*') return true;
  const sameResource =
    registered.resource === event.resource ||
    (registered.resource === 'Pod' &&
      (event.resource === 'AssignedPod' ||
        event.resource === 'UnscheduledPod' ||
        event.resource === 'TargetPod'));
  return sameResource && (registered.action & event.action) !== 0 && event.action <= registered.action;
}
