import type { Pod } from '../../cluster/pod.js';
import { claimNameOf, type PodVolume, podVolumes } from '../../cluster/pod-volumes.js';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../cluster/storage.js';
import type { StorageState } from '../../cluster/storage-state.js';

/** A claim without a volume, whose volume is chosen, or made, for the node that its pod gets. */
export interface DelayedClaim {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
}

/** What the claims of a pod mean for its placement. */
export type PodClaims =
  /** The pod has no claims. */
  | { readonly kind: 'none' }
  /** The pod fits nowhere before its claims change. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** A claim cannot be judged. */
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'usable';
      /** Of the claims that are bound, in the order of the pod; undefined for one whose volume does not exist. */
      readonly bound: readonly (PersistentVolume | undefined)[];
      /** In the order of the pod. A claim that two volumes of the pod name is in here twice, as in kube-scheduler. */
      readonly delayed: readonly DelayedClaim[];
    };

const noClaims: PodClaims = { kind: 'none' };

/** Looks the claims up as they are believed to be: what was decided for earlier pods counts. */
export function readPodClaims(pod: Pod, storage: StorageState): PodClaims {
  if (pod.spec.volumes.length === 0) return noClaims;
  const claims: PersistentVolumeClaim[] = [];
  for (const volume of podVolumes(pod.spec).all) {
    const name = claimNameOf(pod, volume);
    if (name === undefined) continue;
    const claim = storage.claims.get(name, pod.namespace);
    if (claim === undefined) return { kind: 'refused', reason: missingReason(name, volume) };
    const reason = refusalOf(claim, pod, volume);
    if (reason !== undefined) return { kind: 'refused', reason };
    claims.push(claim);
  }
  return claims.length === 0 ? noClaims : classify(claims, storage);
}

/** True when some volume of the pod is behind the claim. */
export function usesClaim(pod: Pod, claim: { readonly namespace: string; readonly name: string }): boolean {
  return (
    claim.namespace === pod.namespace &&
    podVolumes(pod.spec).all.some((volume) => claimNameOf(pod, volume) === claim.name)
  );
}

/** True when the claim has a volume and the volume controller is done with the two. */
export function isFullyBound({ volumeName, bindCompleted }: PersistentVolumeClaim): boolean {
  return volumeName !== '' && bindCompleted;
}

function classify(claims: readonly PersistentVolumeClaim[], storage: StorageState): PodClaims {
  const bound: (PersistentVolume | undefined)[] = [];
  const delayed: DelayedClaim[] = [];
  let immediate = false;
  for (const claim of claims) {
    if (isFullyBound(claim)) {
      bound.push(storage.volumes.get(claim.volumeName));
      continue;
    }
    const storageClass = claim.storageClass === '' ? undefined : storage.classes.get(claim.storageClass);
    if (storageClass?.volumeBindingMode === '') {
      const message = `VolumeBindingMode not set for StorageClass ${JSON.stringify(storageClass.name)}`;
      return { kind: 'failed', message };
    }
    // A claim that names its volume already waits for the volume controller, whatever its class says.
    if (storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && claim.volumeName === '')
      delayed.push({ claim, storageClass });
    else immediate = true;
  }
  if (immediate) return { kind: 'refused', reason: 'pod has unbound immediate PersistentVolumeClaims' };
  return { kind: 'usable', bound, delayed };
}

function missingReason(name: string, { kind }: PodVolume): string {
  return kind === 'ephemeral'
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${JSON.stringify(name)}`
    : `persistentvolumeclaim ${JSON.stringify(name)} not found`;
}

function refusalOf(claim: PersistentVolumeClaim, pod: Pod, { kind }: PodVolume): string | undefined {
  const name = JSON.stringify(claim.name);
  if (claim.phase === 'Lost') {
    const volume = JSON.stringify(claim.volumeName);
    return `persistentvolumeclaim ${name} bound to non-existent persistentvolume ${volume}`;
  }
  if (claim.terminating) return `persistentvolumeclaim ${name} is being deleted`;
  if (kind === 'ephemeral' && claim.controllerUid !== pod.uid) {
    const owner = `${pod.namespace}/${pod.name}`;
    return `PVC ${claim.namespace}/${claim.name} was not created for pod ${owner} (pod is not owner)`;
  }
  return undefined;
}
