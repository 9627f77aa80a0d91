import type { ClusterState } from '../../cluster/cluster-state.js';
import type { NodeTable, NodeTableObserver } from '../../cluster/node-table.js';
import { ObjectChanges } from '../../cluster/object-changes.js';
import type { Pod } from '../../cluster/pod.js';
import { podVolumes } from '../../cluster/pod-volumes.js';
import type {
  CsiNode,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from '../../cluster/storage.js';
import type { StorageState } from '../../cluster/storage-state.js';
import { VolumeUsage } from '../../cluster/volume-usage.js';
import { CsiVolumeCollector, type CsiVolumes } from './csi-volumes.js';

/** What CSI drivers have attached to a node, or will have. */
export interface AttachedToNode {
  readonly nodeName: string;
  readonly csiNode: CsiNode | undefined;
  /** Some driver has a limit. Without one nothing is counted. */
  readonly isLimited: boolean;
  /** Used by pods of the node. */
  readonly volumes: CsiVolumes;
  /** By driver: volumes of pods, and those that only VolumeAttachments show. */
  readonly counts: ReadonlyMap<string, number>;
  /** Why it cannot be told what a pod of the node uses. */
  readonly fault: unknown;
}

/** In a column of rooms: ask for the row itself. */
const unknown = -1;
const unlimited = 2 ** 31 - 1;

/** Names of objects to slots whose count rests on them. */
type Dependents = Map<string, number[]>;

const all = new WeakMap<StorageState, AttachedVolumes>();

/**
 * The volumes attached to each node, counted when a node is first asked for and kept until something changes that the count rests
 * on: a pod of the node, a VolumeAttachment, or an object that was looked up for one of them, found or not.
 */
export class AttachedVolumes implements NodeTableObserver {
  readonly #nodes: NodeTable;
  readonly #storage: StorageState;
  readonly #usage: VolumeUsage;
  readonly #bySlot: (AttachedToNode | undefined)[] = [];
  readonly #rooms = new Map<string, Int32Array>();
  readonly #claimDependents: Dependents = new Map();
  readonly #volumeDependents: Dependents = new Map();
  readonly #classDependents: Dependents = new Map();
  readonly #attachments = new Map<string, Set<VolumeAttachment>>();
  readonly #claimChanges: ObjectChanges<PersistentVolumeClaim>;
  readonly #volumeChanges: ObjectChanges<PersistentVolume>;
  readonly #classChanges: ObjectChanges<StorageClass>;
  readonly #csiNodeChanges: ObjectChanges<CsiNode>;
  readonly #attachmentChanges: ObjectChanges<VolumeAttachment>;
  readonly #collector: CsiVolumeCollector;
  /** The slot that is being counted; undefined for a borrowed row, whose count is not kept. */
  #counting: number | undefined;
  #topology = -1;

  private constructor({ nodes, storage }: ClusterState) {
    this.#nodes = nodes;
    this.#storage = storage;
    this.#usage = VolumeUsage.of(nodes);
    this.#claimChanges = new ObjectChanges(storage.claims);
    this.#volumeChanges = new ObjectChanges(storage.volumes);
    this.#classChanges = new ObjectChanges(storage.classes);
    this.#csiNodeChanges = new ObjectChanges(storage.csiNodes);
    this.#attachmentChanges = new ObjectChanges(storage.attachments);
    this.#collector = new CsiVolumeCollector({
      claim: (name, namespace) => {
        this.#dependOn(this.#claimDependents, `${namespace}/${name}`);
        return storage.claims.get(name, namespace);
      },
      volume: (name) => {
        this.#dependOn(this.#volumeDependents, name);
        return storage.volumes.get(name);
      },
      storageClass: (name) => {
        this.#dependOn(this.#classDependents, name);
        return storage.classes.get(name);
      },
    });
    nodes.observe(this);
  }

  /** One for all profiles of a cluster. */
  static of(cluster: ClusterState): AttachedVolumes {
    let attached = all.get(cluster.storage);
    if (attached === undefined) {
      attached = new AttachedVolumes(cluster);
      all.set(cluster.storage, attached);
    }
    return attached;
  }

  /** To be called after storage objects or nodes may have changed, before slots are asked for. */
  refresh(): void {
    this.#claimChanges.forEach(({ namespace, name }) => {
      this.#drop(this.#claimDependents, `${namespace}/${name}`);
    });
    this.#volumeChanges.forEach(({ name }) => {
      this.#drop(this.#volumeDependents, name);
    });
    this.#classChanges.forEach(({ name }) => {
      this.#drop(this.#classDependents, name);
    });
    this.#csiNodeChanges.forEach(({ name }) => {
      this.#forgetNode(name);
    });
    this.#attachmentChanges.forEach((attachment, isThere) => {
      this.#changeAttachment(attachment, isThere);
    });
    if (this.#topology === this.#nodes.topologyVersion) return;
    this.#topology = this.#nodes.topologyVersion;
    for (let slot = 0; slot < this.#bySlot.length; slot++) this.#forgetIfMoved(slot);
  }

  /**
   * By slot: no less than this many new volumes of the driver have room, counting all of them as new. Negative where that is not
   * known, as for borrowed rows. Valid until the next call of anything.
   */
  roomFor(driver: string): Int32Array {
    let column = this.#rooms.get(driver);
    if (column !== undefined && column.length >= this.#nodes.capacity) return column;
    column = new Int32Array(this.#nodes.capacity).fill(unknown);
    for (let slot = 0; slot < this.#bySlot.length; slot++) {
      const known = this.#bySlot[slot];
      if (known !== undefined) column[slot] = roomOf(known, driver);
    }
    this.#rooms.set(driver, column);
    return column;
  }

  /** Of a row, which may be a borrowed one. */
  at(slot: number): AttachedToNode {
    const known = this.#bySlot[slot];
    if (known !== undefined) return known;
    if (this.#usage.isBorrowed(slot)) {
      this.#counting = undefined;
      return this.#count(slot);
    }
    this.#counting = slot;
    const counted = this.#count(slot);
    this.#bySlot[slot] = counted;
    for (const [driver, column] of this.#rooms)
      if (slot < column.length) column[slot] = roomOf(counted, driver);
    return counted;
  }

  podAdded(slot: number, { spec }: Pod): void {
    if (podVolumes(spec).attachableCount > 0) this.#forget(slot);
  }

  podRemoved(slot: number, pod: Pod): void {
    this.podAdded(slot, pod);
  }

  #count(slot: number): AttachedToNode {
    const nodeName = this.#nodes.nameAt(slot);
    const csiNode = this.#storage.csiNodes.get(nodeName);
    const isLimited = csiNode !== undefined && hasLimits(csiNode);
    const volumes: CsiVolumes = new Map();
    const counts = new Map<string, number>();
    let fault: unknown;
    if (isLimited) {
      try {
        for (const pod of this.#usage.podsAt(slot)?.values() ?? [])
          this.#collector.collect(pod, volumes, { migration: true });
      } catch (error) {
        fault = error;
      }
      for (const driver of volumes.values()) countOne(counts, driver);
      for (const driver of this.#onlyAttached(nodeName, volumes)) countOne(counts, driver);
    }
    return { nodeName, csiNode, isLimited, volumes, counts, fault };
  }

  /** A driver for each volume that no pod uses. */
  #onlyAttached(nodeName: string, used: CsiVolumes): Iterable<string> {
    const others: CsiVolumes = new Map();
    for (const { attacher, volumeName } of this.#attachments.get(nodeName) ?? []) {
      const key = this.#collector.attachedKey(attacher, volumeName);
      if (key !== undefined && !used.has(key)) others.set(key, attacher);
    }
    return others.values();
  }

  #dependOn(dependents: Dependents, name: string): void {
    if (this.#counting === undefined) return;
    const slots = dependents.get(name);
    if (slots === undefined) dependents.set(name, [this.#counting]);
    else if (!slots.includes(this.#counting)) slots.push(this.#counting);
  }

  #drop(dependents: Dependents, name: string): void {
    const slots = dependents.get(name);
    if (slots === undefined) return;
    for (const slot of slots) this.#forget(slot);
    dependents.delete(name);
  }

  #forget(slot: number): void {
    this.#bySlot[slot] = undefined;
    for (const column of this.#rooms.values()) if (slot < column.length) column[slot] = unknown;
  }

  #forgetNode(name: string): void {
    const slot = this.#nodes.slotOf(name);
    if (slot !== undefined) this.#forget(slot);
  }

  /** The slot of a node that went may be lent out, and the node may come back in another one. */
  #forgetIfMoved(slot: number): void {
    const known = this.#bySlot[slot];
    if (known === undefined) return;
    const isThere = this.#nodes.nodeAt(slot) !== undefined && this.#nodes.slotOf(known.nodeName) === slot;
    if (!isThere) this.#forget(slot);
  }

  #changeAttachment(attachment: VolumeAttachment, isThere: boolean): void {
    const { attacher, nodeName, volumeName } = attachment;
    if (attacher === '' || volumeName === '') return;
    let others = this.#attachments.get(nodeName);
    if (others === undefined) {
      others = new Set();
      this.#attachments.set(nodeName, others);
    }
    if (isThere) others.add(attachment);
    else others.delete(attachment);
    if (others.size === 0) this.#attachments.delete(nodeName);
    this.#forgetNode(nodeName);
  }
}

function roomOf({ csiNode, counts, fault }: AttachedToNode, driver: string): number {
  if (fault !== undefined) return unknown;
  const limit = csiNode?.drivers.get(driver);
  return limit === undefined ? unlimited : limit - (counts.get(driver) ?? 0);
}

function countOne(counts: Map<string, number>, driver: string): void {
  counts.set(driver, (counts.get(driver) ?? 0) + 1);
}

function hasLimits({ drivers }: CsiNode): boolean {
  for (const limit of drivers.values()) if (limit !== undefined) return true;
  return false;
}
