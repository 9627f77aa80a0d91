import type { NodeTable, NodeTableObserver } from './node-table.js';
import type { Pod } from './pod.js';
import { type PodVolumes, podVolumes } from './pod-volumes.js';
import { SlotCounts } from './slot-counts.js';

const usages = new WeakMap<NodeTable, VolumeUsage>();

/**
 * Which volumes pods use where, kept as pods come and go, so that a pod with volumes is not compared with every pod of the cluster.
 * A pod without volumes costs nothing. What is asked for a slot holds for borrowed rows as well.
 */
export class VolumeUsage implements NodeTableObserver {
  readonly #nodes: NodeTable;
  /** `namespace/claim` to slots with the number of volumes there that name it. */
  readonly #claims = new Map<string, Map<number, number>>();
  /** By slot: pods with disks or attachable volumes, by UID. */
  readonly #pods: (Map<string, Pod> | undefined)[] = [];
  readonly #disks = new SlotCounts();

  private constructor(nodes: NodeTable) {
    this.#nodes = nodes;
    nodes.forEachPod((slot, pod) => this.podAdded(slot, pod));
    nodes.observe(this);
  }

  /** One for each table: made when it is first asked for, kept from then on. */
  static of(nodes: NodeTable): VolumeUsage {
    let usage = usages.get(nodes);
    if (usage === undefined) {
      usage = new VolumeUsage(nodes);
      usages.set(nodes, usage);
    }
    return usage;
  }

  /** True when a pod on a node that exists names the claim. Claims of ephemeral volumes do not count. */
  isClaimUsed(namespace: string, claimName: string): boolean {
    const slots = this.#claims.get(`${namespace}/${claimName}`);
    if (slots === undefined) return false;
    for (const slot of slots.keys()) if (this.#nodes.nodeAt(slot) !== undefined) return true;
    return false;
  }

  /** All pods of a row that have disks or attachable volumes, perhaps among others. */
  podsAt(slot: number): ReadonlyMap<string, Pod> | undefined {
    return this.isBorrowed(slot) ? this.#nodes.podsAt(slot) : this.#pods[slot];
  }

  /** False when no pod of the row has an `InlineDisk`. */
  mayHaveDisks(slot: number): boolean {
    return this.#disks.at(slot) > 0 || this.isBorrowed(slot);
  }

  /** A borrowed row has its node's name, which leads to the node's own row. */
  isBorrowed(slot: number): boolean {
    return this.#nodes.slotOf(this.#nodes.nameAt(slot)) !== slot;
  }

  podAdded(slot: number, pod: Pod): void {
    const volumes = podVolumes(pod.spec);
    if (!concerns(volumes)) return;
    this.#pods[slot] ??= new Map();
    this.#pods[slot].set(pod.uid, pod);
    this.#count(slot, pod, volumes, 1);
  }

  podRemoved(slot: number, pod: Pod): void {
    const volumes = podVolumes(pod.spec);
    if (!concerns(volumes)) return;
    const pods = this.#pods[slot];
    pods?.delete(pod.uid);
    if (pods?.size === 0) this.#pods[slot] = undefined;
    this.#count(slot, pod, volumes, -1);
  }

  #count(slot: number, { namespace, spec }: Pod, { disks }: PodVolumes, delta: 1 | -1): void {
    for (const name of spec.claimNames) this.#countClaim(`${namespace}/${name}`, slot, delta);
    this.#disks.add(slot, delta * disks.length);
  }

  #countClaim(key: string, slot: number, delta: 1 | -1): void {
    let slots = this.#claims.get(key);
    if (slots === undefined) {
      slots = new Map();
      this.#claims.set(key, slots);
    }
    const count = (slots.get(slot) ?? 0) + delta;
    if (count > 0) slots.set(slot, count);
    else slots.delete(slot);
    if (slots.size === 0) this.#claims.delete(key);
  }
}

/** False for volumes that neither a CSI driver attaches nor one pod keeps from another. */
function concerns({ disks, attachableCount }: PodVolumes): boolean {
  return disks.length > 0 || attachableCount > 0;
}
