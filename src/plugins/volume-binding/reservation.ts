import type { AssumableTable } from '../../cluster/assumable-table.js';
import type { PersistentVolume, PersistentVolumeClaim } from '../../cluster/storage.js';
import type { StorageState } from '../../cluster/storage-state.js';
import type { VolumeDecisions } from './delayed-claims.js';

/** A volume that is promised to a claim. */
export interface Binding {
  /** As it was when it was chosen. */
  readonly volume: PersistentVolume;
  readonly claim: PersistentVolumeClaim;
  /** Version that shows the promise: what the watch delivers has to be as new before it says anything. */
  shownAt: string;
}

/** A claim that is brought to a node. */
export interface Provision {
  readonly claim: PersistentVolumeClaim;
  shownAt: string;
}

type Assumable = PersistentVolume | PersistentVolumeClaim;

/**
 * What was decided about a pod's volumes, believed by the decisions after it until the API server shows it, or until it is taken
 * back.
 */
export class Reservation {
  readonly nodeName: string;
  readonly bindings: readonly Binding[];
  readonly provisions: readonly Provision[];
  readonly #takeBack: (() => void)[] = [];

  constructor({ bindings, provisions }: VolumeDecisions, nodeName: string) {
    this.nodeName = nodeName;
    this.bindings = bindings.map(({ volume, claim }) => ({ volume, claim, shownAt: volume.resourceVersion }));
    this.provisions = provisions.map((claim) => ({ claim, shownAt: claim.resourceVersion }));
  }

  /** Says what could not be assumed, because it has changed meanwhile; then nothing is. */
  assume({ volumes, claims }: StorageState): string | undefined {
    for (const { volume, claim } of this.bindings) {
      if (isPromised(volume, claim)) continue;
      const { namespace, name, uid } = claim;
      if (!this.#assume(volumes, { ...volume, claim: { namespace, name, uid } }))
        return this.#abandon(`persistentvolume ${JSON.stringify(volume.name)} has changed`);
    }
    for (const { claim } of this.provisions) {
      if (claim.selectedNode === this.nodeName) continue;
      if (!this.#assume(claims, { ...claim, selectedNode: this.nodeName }))
        return this.#abandon(`persistentvolumeclaim ${JSON.stringify(claim.name)} has changed`);
    }
    return undefined;
  }

  /** Takes back what is still assumed. What was assumed anew by another pod is left to it. */
  release(): void {
    for (const takeBack of this.#takeBack.splice(0)) takeBack();
  }

  #assume<T extends Assumable>(table: AssumableTable<T>, object: T): boolean {
    if (!table.assume(object)) return false;
    const { name } = object;
    const namespace = 'namespace' in object ? object.namespace : undefined;
    this.#takeBack.push(() => {
      if (table.get(name, namespace) === object) table.restore(name, namespace);
    });
    return true;
  }

  #abandon(reason: string): string {
    this.release();
    return reason;
  }
}

/** True when the volume says all that a promise would make it say. */
export function isPromised({ claim: held }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    held !== undefined &&
    held.name === claim.name &&
    held.namespace === claim.namespace &&
    held.uid === claim.uid
  );
}
