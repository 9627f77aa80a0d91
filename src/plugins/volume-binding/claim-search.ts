import type { NodeTable } from '../../cluster/node-table.js';
import type { CsiStorageCapacity, PersistentVolume, PersistentVolumeClaim } from '../../cluster/storage.js';
import type { StorageState } from '../../cluster/storage-state.js';
import { matchesNode } from '../../kube/node-selector.js';
import type { ByClass } from './by-class.js';
import { roomyPools, volumeCandidates } from './candidates.js';
import { nothing, Offers, type Passes } from './offers.js';
import type { DelayedClaim } from './pod-claims.js';
import { allowedTopologies, poolReach } from './topology-terms.js';
import { volumeAffinity } from './volume-affinity.js';

/** Why the delayed claims keep a pod off a node; 0 where they do not. */
export const noVolume = 1;
export const noStorage = 2;

/** What there is to choose from, shared by all pods of a plugin. */
export interface StorageView {
  readonly storage: StorageState;
  readonly volumes: ByClass<PersistentVolume>;
  readonly pools: ByClass<CsiStorageCapacity>;
}

/** The provisioner of classes whose volumes are made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner';

/** One delayed claim in one attempt, and what was found for it on each node. */
export class ClaimSearch {
  readonly claim: PersistentVolumeClaim;
  /** Place of the class among the classes of the pod's delayed claims. */
  readonly classIndex: number;
  /** Another pod has brought the claim to a node; its volume is being made there. */
  readonly isPromised: boolean;
  readonly #of: DelayedClaim;
  readonly #nodes: NodeTable;
  readonly #view: StorageView;
  /** Held for the claim already: the first of them that the pod has not taken is the only choice. */
  #held: readonly PersistentVolume[] = [];
  #free: readonly PersistentVolume[] = [];
  #pools: readonly CsiStorageCapacity[] = [];
  #freeOffers: Offers | undefined;
  /** Claims of the class that choose before this one. */
  #rivals: readonly ClaimSearch[] = [];
  #isTaken: Passes | undefined;
  /** undefined where it is not known how much storage there is, or does not matter. */
  #poolOffers: Offers | undefined;
  /** undefined where all nodes will do. */
  #topologies: Offers | undefined;
  #canMake = false;
  #isReady = false;
  /** By slot: place among the volumes, those held first; or `nothing`. */
  #volumes = new Int32Array(0);
  /** By slot: place among the pools, or `nothing`. */
  #poolsAt = new Int32Array(0);

  constructor(of: DelayedClaim, classIndex: number, nodes: NodeTable, view: StorageView) {
    this.claim = of.claim;
    this.classIndex = classIndex;
    this.isPromised = of.claim.selectedNode !== '';
    this.#of = of;
    this.#nodes = nodes;
    this.#view = view;
  }

  volumeAt(slot: number): PersistentVolume | undefined {
    const choice = this.#volumes[slot] ?? nothing;
    if (choice === nothing) return undefined;
    return choice < this.#held.length ? this.#held[choice] : this.#free[choice - this.#held.length];
  }

  poolAt(slot: number): CsiStorageCapacity | undefined {
    const choice = this.#poolsAt[slot] ?? nothing;
    return choice === nothing ? undefined : this.#pools[choice];
  }

  /** Lists the volumes once for the attempt. `earlier`: claims that choose before this one. */
  prepareVolumes(earlier: readonly ClaimSearch[]): void {
    this.#volumes = reaching(this.#volumes, this.#nodes.capacity);
    if (this.#freeOffers !== undefined) {
      this.#freeOffers.refresh();
      return;
    }
    const { held, free } = volumeCandidates(this.claim, this.#view.volumes.of(this.#of.storageClass.name));
    this.#held = held;
    this.#free = free;
    this.#freeOffers = new Offers(
      this.#nodes,
      free.map(({ nodeSelectorTerms }) => volumeAffinity(nodeSelectorTerms)?.terms),
    );
    this.#rivals = earlier.filter(({ classIndex }) => classIndex === this.classIndex);
    if (this.#rivals.length > 0) this.#isTaken = (number, slot) => this.#rivalHas(free[number]!, slot);
  }

  /** Finds out once for the attempt where a volume can be made. */
  prepareProvisioning(): void {
    this.#poolsAt = reaching(this.#poolsAt, this.#nodes.capacity);
    if (this.#isReady) {
      this.#topologies?.refresh();
      this.#poolOffers?.refresh();
      return;
    }
    this.#isReady = true;
    const { storageClass } = this.#of;
    const { provisioner } = storageClass;
    this.#canMake = provisioner !== '' && provisioner !== noProvisioner;
    if (!this.#canMake) return;
    const allowed = allowedTopologies(storageClass);
    if (allowed !== undefined) this.#topologies = new Offers(this.#nodes, [allowed]);
    const { requested } = this.claim;
    const { storage, pools } = this.#view;
    if (requested === undefined || storage.csiDrivers.get(provisioner)?.storageCapacity !== true) return;
    this.#pools = roomyPools(pools.of(storageClass.name), requested);
    this.#poolOffers = new Offers(this.#nodes, this.#pools.map(poolReach));
  }

  /** Takes a volume on a node, if there is one. */
  choose(slot: number): void {
    this.#volumes[slot] = this.#choice(slot);
  }

  /** Sees to it that a volume can be made on a node where none was taken. */
  provision(slot: number): number {
    this.#poolsAt[slot] = nothing;
    if (this.volumeAt(slot) !== undefined) return 0;
    if (!this.#canMake || this.#topologies?.firstFor(slot) === nothing) return noVolume;
    if (this.#poolOffers === undefined) return 0;
    const pool = this.#poolOffers.firstFor(slot);
    this.#poolsAt[slot] = pool;
    return pool === nothing ? noStorage : 0;
  }

  copy(from: number, to: number): void {
    this.#volumes[to] = this.#volumes[from]!;
    this.#poolsAt[to] = this.#poolsAt[from]!;
  }

  #choice(slot: number): number {
    for (let i = 0; i < this.#held.length; i++) {
      const volume = this.#held[i]!;
      if (this.#rivalHas(volume, slot)) continue;
      const affinity = volumeAffinity(volume.nodeSelectorTerms);
      const usable = affinity === undefined || matchesNode(affinity, this.#nodes.nodeAt(slot)?.labels, '');
      return usable ? i : nothing;
    }
    const free = this.#freeOffers!.firstFor(slot, this.#isTaken);
    return free === nothing ? nothing : this.#held.length + free;
  }

  #rivalHas(volume: PersistentVolume, slot: number): boolean {
    for (const rival of this.#rivals) if (rival.volumeAt(slot) === volume) return true;
    return false;
  }
}

/** The same by slot, with room for slots that came since. */
function reaching(bySlot: Int32Array<ArrayBuffer>, capacity: number): Int32Array<ArrayBuffer> {
  if (bySlot.length >= capacity) return bySlot;
  const wider = new Int32Array(capacity).fill(nothing);
  wider.set(bySlot);
  return wider;
}
