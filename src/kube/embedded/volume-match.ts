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

/** What of the candidates is reserved for the claim and will do. */
export function reservedVolume(claim: KubeObject, candidates: readonly KubeObject[]): KubeObject | undefined {
  return candidates.find(
    (volume) => isVolumeOf(volume, claim) && isUsable(volume) && suffices(volume, claim),
  );
}

const isUsable = (volume: KubeObject): boolean => volume.metadata.deletionTimestamp === undefined;

/** Fewer access modes before less space, and then by name: negative when `left` is to be taken before `right`. */
function byWaste(left: KubeObject, right: KubeObject): number {
  return (
    accessModesOf(left.spec).length - accessModesOf(right.spec).length ||
    capacityOf(left) - capacityOf(right) ||
    (left.metadata.name < right.metadata.name ? -1 : 1)
  );
}

/** The smallest of the candidates that satisfy the claim and its selector; candidates are free and of its class. */
export function smallestVolume(claim: KubeObject, candidates: readonly KubeObject[]): KubeObject | undefined {
  const { selector } = recordAt(claim, 'spec');
  const selects = selector === undefined || selector === null ? undefined : matcherOfLabelSelector(selector);
  let best: KubeObject | undefined;
  for (const volume of candidates) {
    const isBetter = best === undefined || byWaste(volume, best) < 0;
    if (!isBetter || !isUsable(volume) || !suffices(volume, claim)) continue;
    if (selects?.(stringMapAt(volume.metadata, 'labels')) ?? true) best = volume;
  }
  return best;
}
