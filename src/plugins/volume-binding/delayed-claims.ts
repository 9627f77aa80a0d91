import type { NodeTable, Rows } from '../../cluster/node-table.js';
import type { CsiStorageCapacity, PersistentVolume, PersistentVolumeClaim } from '../../cluster/storage.js';
import { ClaimSearch, noVolume, type StorageView } from './claim-search.js';
import type { DelayedClaim } from './pod-claims.js';

/** What the pod's delayed claims get on one node. */
export interface VolumeDecisions {
  readonly bindings: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[];
  /** Volumes are made for these. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

export type VolumeVisitor = (
  classIndex: number,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
) => void;
export type PoolVisitor = (
  classIndex: number,
  claim: PersistentVolumeClaim,
  pool: CsiStorageCapacity,
) => void;

/** Stands for the verdict on a slot that nobody asked about yet. */
const unjudged = 255;

/**
 * The delayed claims of one pod, in one attempt: which volumes they would get on each node. Volumes at hand go first, the smallest
 * that will do to each claim, small claims choosing first; for the others volumes are made, where that can be done.
 */
export class DelayedClaims {
  /** Classes of the claims; `classIndex` counts in here. */
  readonly classes: readonly string[];
  readonly #nodes: NodeTable;
  /** In the order in which they choose a volume: without those that have been brought to a node. */
  readonly #choosing: readonly ClaimSearch[];
  /** In the order in which volumes are made: those that have been brought to a node come first. */
  readonly #inOrder: readonly ClaimSearch[];
  /** By slot. */
  #verdicts: Uint8Array;

  constructor(delayed: readonly DelayedClaim[], nodes: NodeTable, view: StorageView) {
    this.#nodes = nodes;
    this.classes = [...new Set(delayed.map(({ storageClass }) => storageClass.name))];
    const searches = delayed.map(
      (of) => new ClaimSearch(of, this.classes.indexOf(of.storageClass.name), nodes, view),
    );
    this.#choosing = searches
      .filter(({ isPromised }) => !isPromised)
      .sort((a, b) => (a.claim.requested ?? 0) - (b.claim.requested ?? 0));
    this.#inOrder = [...searches.filter(({ isPromised }) => isPromised), ...this.#choosing];
    this.#verdicts = new Uint8Array(nodes.capacity).fill(unjudged);
  }

  /** Judges rows, whatever was thought of their slots before: a borrowed slot is one node now and another one later. */
  judge({ slots, length }: Rows): void {
    this.#prepare();
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      if (length > 1 || !this.#judgeAsBefore(slot)) this.#verdicts[slot] = this.#judgeAt(slot);
    }
  }

  /** Judges those rows that were not judged before. */
  judgeMissing({ slots, length }: Rows): void {
    this.#prepare();
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      if (this.#verdicts[slot] === unjudged) this.#verdicts[slot] = this.#judgeAt(slot);
    }
  }

  /** 0, `noVolume` or `noStorage`, of a slot that was judged. */
  verdictAt(slot: number): number {
    return this.#verdicts[slot]!;
  }

  /** Tells of each claim that gets a volume that is there; false when there is none. */
  eachVolume(slot: number, visit: VolumeVisitor): boolean {
    let any = false;
    for (const search of this.#choosing) {
      const volume = search.volumeAt(slot);
      if (volume === undefined) continue;
      any = true;
      visit(search.classIndex, search.claim, volume);
    }
    return any;
  }

  /** Tells of each claim whose volume would be made from a storage pool that is known. */
  eachPool(slot: number, visit: PoolVisitor): void {
    for (const search of this.#inOrder) {
      const pool = search.poolAt(slot);
      if (pool !== undefined) visit(search.classIndex, search.claim, pool);
    }
  }

  /** What the claims get on a node that was judged. Each claim is in here once. */
  decisionsAt(slot: number): VolumeDecisions {
    const bindings: { volume: PersistentVolume; claim: PersistentVolumeClaim }[] = [];
    const provisions: PersistentVolumeClaim[] = [];
    const served = new Set<PersistentVolumeClaim>();
    for (const search of this.#inOrder) {
      const { claim } = search;
      if (served.has(claim)) continue;
      served.add(claim);
      const volume = search.volumeAt(slot);
      if (volume === undefined) provisions.push(claim);
      else bindings.push({ claim, volume });
    }
    return { bindings, provisions };
  }

  #prepare(): void {
    for (let i = 0; i < this.#choosing.length; i++)
      this.#choosing[i]!.prepareVolumes(this.#choosing.slice(0, i));
    for (const search of this.#inOrder) search.prepareProvisioning();
    const { capacity } = this.#nodes;
    if (this.#verdicts.length >= capacity) return;
    const verdicts = new Uint8Array(capacity).fill(unjudged);
    verdicts.set(this.#verdicts);
    this.#verdicts = verdicts;
  }

  /** Volumes do not care for the pods on a node: what was found for it holds for a row that was borrowed from it, too. */
  #judgeAsBefore(slot: number): boolean {
    const nodes = this.#nodes;
    const home = nodes.slotOf(nodes.nameAt(slot));
    if (home === undefined || nodes.nodeAt(home) !== nodes.nodeAt(slot)) return false;
    const verdict = this.#verdicts[home]!;
    if (verdict === unjudged) return false;
    this.#verdicts[slot] = verdict;
    for (const search of this.#inOrder) search.copy(home, slot);
    return true;
  }

  #judgeAt(slot: number): number {
    for (const search of this.#inOrder) {
      if (!search.isPromised) break;
      if (this.#nodes.nameAt(slot) !== search.claim.selectedNode) return noVolume;
    }
    for (const search of this.#choosing) search.choose(slot);
    for (const search of this.#inOrder) {
      const verdict = search.provision(slot);
      if (verdict !== 0) return verdict;
    }
    return 0;
  }
}
