import { stringAt } from './json-value.js';
import { type KubeObject, objectKey } from './kube-object.js';
import { storageClassOf } from './volume-fields.js';
import { claimRefOf } from './volume-match.js';

type Named = Map<string, KubeObject>;

/** What a volume is listed under: the claim it has or waits for, else its class. */
function placeOf(volume: KubeObject): string {
  const reference = claimRefOf(volume);
  return reference === undefined
    ? freeIn(storageClassOf(volume))
    : takenBy(objectKey(stringAt(reference, 'namespace'), stringAt(reference, 'name')));
}

const freeIn = (storageClass: string): string => `class ${storageClass}`;
const takenBy = (claimKey: string): string => `claim ${claimKey}`;

/** Volumes by who could have them, so that a claim is compared with those alone. */
export class VolumeIndex {
  readonly #byPlace = new Map<string, Named>();
  readonly #places = new Map<string, string>();

  /** Takes in a volume, or its new state. */
  put(volume: KubeObject): void {
    const { name } = volume.metadata;
    const place = placeOf(volume);
    if (this.#places.get(name) !== place) this.remove(name);
    this.#places.set(name, place);
    let volumes = this.#byPlace.get(place);
    if (volumes === undefined) {
      volumes = new Map();
      this.#byPlace.set(place, volumes);
    }
    volumes.set(name, volume);
  }

  remove(name: string): void {
    const place = this.#places.get(name);
    if (place === undefined) return;
    this.#places.delete(name);
    const volumes = this.#byPlace.get(place);
    volumes?.delete(name);
    if (volumes?.size === 0) this.#byPlace.delete(place);
  }

  /** Volumes that name the claim in their claimRef, whatever UID they name with it. */
  naming(claim: KubeObject): KubeObject[] {
    return this.#at(takenBy(objectKey(claim.metadata.namespace, claim.metadata.name)));
  }

  /** Volumes of a class that name no claim. */
  free(storageClass: string): KubeObject[] {
    return this.#at(freeIn(storageClass));
  }

  #at(place: string): KubeObject[] {
    return [...(this.#byPlace.get(place)?.values() ?? [])];
  }
}
