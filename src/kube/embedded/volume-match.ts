import { type JsonRecord, recordAt, stringAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { matcherOfLabelSelector } from './label-query.js';
import { amountOf } from './quantity-check.js';
import { accessModesOf, storageClassOf } from './volume-fields.js';

/** Bytes of storage that a claim asks for. */
export function requestedStorage(claim: KubeObject): number {
  return amountOf(recordAt(recordAt(recordAt(claim, 'spec'), 'resources'), 'requests').storage);
}

export function capacityOf(volume: KubeObject): number {
  return amountOf(recordAt(recordAt(volume, 'spec'), 'capacity').storage);
}

export function claimRefOf(volume: KubeObject): JsonRecord | undefined {
  const reference = recordAt(recordAt(volume, 'spec'), 'claimRef');
  return stringAt(reference, 'name') === '' ? undefined : reference;
}

/** Whether a volume is bound to the claim or reserved for it: a claimRef without a UID stands for any of that name. */
export function isVolumeOf(volume: KubeObject, claim: KubeObject): boolean {
  const reference = claimRefOf(volume);
  if (reference === undefined) return false;
  const { namespace, name, uid } = claim.metadata;
  if (reference.name !== name || reference.namespace !== namespace) return false;
  const wanted = stringAt(reference, 'uid');
  return wanted === '' || wanted === uid;
}

const modeOf = (object: KubeObject): string => stringAt(object.spec, 'volumeMode') || 'Filesystem';

const attributesClassOf = (object: KubeObject): string => stringAt(object.spec, 'volumeAttributesClassName');

/** Whether a volume is large enough and of the right make; says nothing of its class, its phase and other claims. */
function suffices(volume: KubeObject, claim: KubeObject): boolean {
  const offered = accessModesOf(volume.spec);
  return (
    capacityOf(volume) >= requestedStorage(claim) &&
    modeOf(volume) === modeOf(claim) &&
    attributesClassOf(volume) === attributesClassOf(claim) &&
    accessModesOf(claim.spec).every((mode) => offered.includes(mode))
  );
}

/** Whether a claim that names this volume may have it. */
export function satisfies(volume: KubeObject, claim: KubeObject): boolean {
  return suffices(volume, claim) && storageClassOf(volume) === storageClassOf(claim);
}

/**
 * The volume a claim gets that names none: one that is reserved for it, else, unless the choice is the scheduler's, the
 * smallest of those that are free and satisfy it, the one that offers the fewest access modes first.
 */
export function volumeFor(
  claim: KubeObject,
  volumes: readonly KubeObject[],
  options: { readonly onlyReserved: boolean },
): KubeObject | undefined {
  const candidates = volumes.filter(
    (volume) => volume.metadata.deletionTimestamp === undefined && suffices(volume, claim),
  );
  const reserved = candidates.find((volume) => isVolumeOf(volume, claim));
  if (reserved !== undefined || options.onlyReserved) return reserved;
  const { selector } = recordAt(claim, 'spec');
  const selects = selector === undefined || selector === null ? undefined : matcherOfLabelSelector(selector);
  const free = candidates.filter(
    (volume) =>
      claimRefOf(volume) === undefined &&
      storageClassOf(volume) === storageClassOf(claim) &&
      (selects?.(stringMapAt(volume.metadata, 'labels')) ?? true),
  );
  const cost = (volume: KubeObject): number => accessModesOf(volume.spec).length;
  return free.reduce<KubeObject | undefined>((best, volume) => {
    if (best === undefined) return volume;
    const difference = cost(volume) - cost(best) || capacityOf(volume) - capacityOf(best);
    return difference < 0 ? volume : best;
  }, undefined);
}
