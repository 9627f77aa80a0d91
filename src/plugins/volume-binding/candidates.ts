import type { LabelSelector } from '../../cluster/pod.js';
import type { CsiStorageCapacity, PersistentVolume, PersistentVolumeClaim } from '../../cluster/storage.js';
import { compileLabelSelector, type LabelMatcher } from '../../kube/label-selector.js';

const defaultVolumeMode = 'Filesystem';

/** Volumes that a claim could have, as far as that does not depend on the node. */
export interface VolumeCandidates {
  /** Held for the claim already: the first of them that its pod has not taken is the only choice. */
  readonly held: readonly PersistentVolume[];
  /** The smallest first; as listed where equal. */
  readonly free: readonly PersistentVolume[];
}

const compiled = new WeakMap<LabelSelector, LabelMatcher>();

/** `volumes` are those of the claim's class. Throws on a selector that cannot be parsed. */
export function volumeCandidates(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): VolumeCandidates {
  const held: PersistentVolume[] = [];
  const free: PersistentVolume[] = [];
  const selector = claim.selector && compiledSelector(claim, claim.selector);
  for (const volume of volumes) {
    const isHeld = isHeldFor(volume, claim);
    if ((volume.claim !== undefined && !isHeld) || !couldServe(volume, claim)) continue;
    if (isHeld) held.push(volume);
    else if (volume.phase === 'Available' && offersModes(volume, claim) && selects(selector, volume))
      free.push(volume);
  }
  free.sort((a, b) => a.capacity - b.capacity);
  return { held, free };
}

/** True when the volume is bound to the claim, or reserved for it by name. */
export function isHeldFor({ claim: held }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    held !== undefined &&
    held.name === claim.name &&
    held.namespace === claim.namespace &&
    (held.uid === '' || held.uid === claim.uid)
  );
}

/** Storage pools from which a volume of this size can be made, in the order given. */
export function roomyPools(pools: readonly CsiStorageCapacity[], bytes: number): CsiStorageCapacity[] {
  return pools.filter((pool) => (largestVolume(pool) ?? -1) >= bytes);
}

/** Bytes of the largest volume that can be made; undefined when the pool does not say. */
export function largestVolume({ capacity, maximumVolumeSize }: CsiStorageCapacity): number | undefined {
  return maximumVolumeSize ?? capacity;
}

function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    volume.capacity >= (claim.requested ?? 0) &&
    (volume.volumeMode || defaultVolumeMode) === (claim.volumeMode || defaultVolumeMode) &&
    volume.volumeAttributesClass === claim.volumeAttributesClass &&
    !volume.terminating
  );
}

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return claim.accessModes.every((mode) => volume.accessModes.includes(mode));
}

function selects(selector: LabelMatcher | undefined, { labels }: PersistentVolume): boolean {
  return selector === undefined || selector.matches(labels);
}

function compiledSelector(claim: PersistentVolumeClaim, selector: LabelSelector): LabelMatcher {
  let matcher = compiled.get(selector);
  if (matcher === undefined) {
    const result = compileLabelSelector(selector);
    if (!result.ok) {
      const name = `${claim.namespace}/${claim.name}`;
      throw new Error(`error creating internal label selector for claim: ${name}: ${result.error}`);
    }
    matcher = result.selector;
    compiled.set(selector, matcher);
  }
  return matcher;
}
