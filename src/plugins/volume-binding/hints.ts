import { Action } from '../../cluster/action.js';
import type { Pod } from '../../cluster/pod.js';
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  PersistentVolumeClaim,
  StorageClass,
} from '../../cluster/storage.js';
import type { EventRegistration, Hint } from '../../framework/cluster-event.js';
import { largestVolume } from './candidates.js';
import { usesClaim } from './pod-claims.js';

/** What can make room for a pod's volumes. */
export const volumeBindingEvents: readonly EventRegistration<never, never>[] = [
  registration('storage.k8s.io/StorageClass', Action.Add | Action.Update, classHint),
  registration('PersistentVolumeClaim', Action.Add | Action.Update, claimHint),
  { resource: 'PersistentVolume', action: Action.Add | Action.Update },
  { resource: 'Node', action: Action.Add | Action.UpdateNodeLabel },
  registration('storage.k8s.io/CSINode', Action.Add | Action.Update, csiNodeHint),
  registration('storage.k8s.io/CSIDriver', Action.Update, csiDriverHint),
  registration('storage.k8s.io/CSIStorageCapacity', Action.Add | Action.Update, capacityHint),
];

function registration<T>(
  resource: EventRegistration['resource'],
  action: number,
  changed: (pod: Pod, old: T | undefined, now: T) => boolean,
): EventRegistration<never, never> {
  const hint = (pod: Pod, old: T | undefined, now: T | undefined): Hint =>
    now === undefined || changed(pod, old, now) ? 'Queue' : 'Skip';
  return { resource, action, hint };
}

function classHint(_pod: Pod, old: StorageClass | undefined, now: StorageClass): boolean {
  return old === undefined || JSON.stringify(old.allowedTopologies) !== JSON.stringify(now.allowedTopologies);
}

function claimHint(pod: Pod, _old: unknown, now: PersistentVolumeClaim): boolean {
  return usesClaim(pod, now);
}

/** Another set of plugins that a CSI driver took over: volumes have other node affinities there. */
function csiNodeHint(_pod: Pod, old: CsiNode | undefined, now: CsiNode): boolean {
  if (old === undefined) return true;
  const { migratedPlugins: before } = old;
  const { migratedPlugins: after } = now;
  return before.size !== after.size || [...after].some((plugin) => !before.has(plugin));
}

/**
 * A driver that stops telling how much storage there is does not have to be asked any more. kube-scheduler looks for volumes of
 * the driver that are written into the pod, which its capacity check does not concern; here every pod that was refused is tried.
 */
function csiDriverHint(_pod: Pod, old: CsiDriver | undefined, now: CsiDriver): boolean {
  return old?.storageCapacity === true && !now.storageCapacity;
}

function capacityHint(_pod: Pod, old: CsiStorageCapacity | undefined, now: CsiStorageCapacity): boolean {
  if (old === undefined) return true;
  return (largestVolume(now) ?? -1) > (largestVolume(old) ?? -1);
}
