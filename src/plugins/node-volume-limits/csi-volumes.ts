import {
  inTreePlugin,
  inTreePluginOf,
  isTakenOver,
  translateInlineVolume,
  translateVolume,
} from '../../cluster/csi-translation.js';
import type { Pod } from '../../cluster/pod.js';
import { claimNameOf, type PodVolume, podVolumes } from '../../cluster/pod-volumes.js';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../cluster/storage.js';

/** No volume handle has it: stands for a volume that is yet to be made for a claim. */
const unmade = '\u0000';

/** Where objects are looked up. */
export interface StorageLookup {
  claim(name: string, namespace: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
}

/** Volumes that are, or will be, attached to a node: a key for each, and the driver that attaches it. */
export type CsiVolumes = Map<string, string>;

export interface CollectOptions {
  /** The node has a CSINode. */
  readonly migration: boolean;
  /** Told of a claim that is not there; volumes behind it do not count. Default: it is passed over. */
  readonly missing?: (claimName: string) => void;
}

/** Identifies volumes by driver and handle, so that one that several pods use counts once. */
export class CsiVolumeCollector {
  readonly #storage: StorageLookup;
  readonly #keys = new WeakMap<PersistentVolume, string>();

  constructor(storage: StorageLookup) {
    this.#storage = storage;
  }

  /** Adds a pod's volumes to `found`. Throws where kube-scheduler fails the cycle: it cannot tell what the pod uses. */
  collect(pod: Pod, found: CsiVolumes, { migration, missing }: CollectOptions): void {
    for (const volume of podVolumes(pod.spec).all) {
      if (volume.kind === 'inline') {
        if (migration) this.#collectInline(pod, volume, found);
        continue;
      }
      const claim = this.#claimOf(pod, volume);
      if (typeof claim !== 'string') this.#collectClaim(claim, migration, found);
      else if (missing !== undefined) {
        missing(claim);
        return;
      }
    }
  }

  /** The key of a volume, as the attacher of a VolumeAttachment attaches it; undefined for one that is gone or not of CSI. */
  attachedKey(attacher: string, volumeName: string): string | undefined {
    const csi = this.#storage.volume(volumeName)?.csi;
    return csi && `${attacher}/${csi.volumeHandle}`;
  }

  #collectInline(
    { namespace }: Pod,
    volume: PodVolume & { readonly kind: 'inline' },
    found: CsiVolumes,
  ): void {
    if (volume.plugin === undefined || !isTakenOver(volume.plugin)) return;
    const translation = translateInlineVolume(volume.source, { namespace });
    if (translation === undefined) return;
    if (translation.kind === 'failed')
      throw new Error(`converting volume(${volume.name}) from inline to csi: ${translation.message}`);
    found.set(`${translation.driver}/${translation.volumeHandle}`, translation.driver);
  }

  /** The claim behind a volume, or its name when there is none. */
  #claimOf(pod: Pod, volume: PodVolume): PersistentVolumeClaim | string {
    const name = claimNameOf(pod, volume) ?? '';
    if (name === '') throw new Error('PersistentVolumeClaim had no name');
    const claim = this.#storage.claim(name, pod.namespace);
    if (claim === undefined) return name;
    if (volume.kind === 'ephemeral' && claim.controllerUid !== pod.uid) {
      const { namespace } = pod;
      throw new Error(
        `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.name} (pod is not owner)`,
      );
    }
    return claim;
  }

  #collectClaim(claim: PersistentVolumeClaim, migration: boolean, found: CsiVolumes): void {
    const volume = claim.volumeName === '' ? undefined : this.#storage.volume(claim.volumeName);
    if (volume === undefined) this.#collectUnmade(claim, migration, found);
    else this.#collectVolume(volume, migration, found);
  }

  #collectVolume(volume: PersistentVolume, migration: boolean, found: CsiVolumes): void {
    let { csi } = volume;
    if (csi === undefined) {
      const plugin = migration ? inTreePluginOf(volume.source) : undefined;
      if (plugin === undefined || !isTakenOver(plugin)) return;
      const translation = translateVolume(volume);
      if (translation?.kind !== 'translated') return;
      csi = translation;
    }
    if (csi.driver === '' || csi.volumeHandle === '') return;
    let key = this.#keys.get(volume);
    if (key === undefined) {
      key = `${csi.driver}/${csi.volumeHandle}`;
      this.#keys.set(volume, key);
    }
    found.set(key, csi.driver);
  }

  /** A claim without a volume counts for the driver that will make one. */
  #collectUnmade(
    { namespace, name, storageClass }: PersistentVolumeClaim,
    migration: boolean,
    found: CsiVolumes,
  ): void {
    const provisioner =
      storageClass === '' ? '' : (this.#storage.storageClass(storageClass)?.provisioner ?? '');
    if (provisioner === '') return;
    const plugin = inTreePlugin(provisioner);
    if (plugin !== undefined && !(migration && isTakenOver(plugin))) return;
    const driver = plugin?.driver ?? provisioner;
    found.set(`${driver}/${unmade}${namespace}/${name}`, driver);
  }
}
