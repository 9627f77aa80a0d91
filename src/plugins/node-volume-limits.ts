import { Action } from '../cluster/action.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import { translateInlineVolume } from '../cluster/csi-translation.js';
import type { Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import { claimNameOf, podVolumes } from '../cluster/pod-volumes.js';
import type { CsiNode, PersistentVolumeClaim, VolumeAttachment } from '../cluster/storage.js';
import type { StorageState } from '../cluster/storage-state.js';
import type { Hint } from '../framework/cluster-event.js';
import { type Cycle, StateKey } from '../framework/cycle.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import type { PluginHandle } from '../framework/registry.js';
import { type Status, unresolvable, unschedulable } from '../framework/status.js';
import { type AttachedToNode, AttachedVolumes } from './node-volume-limits/attached-volumes.js';
import { CsiVolumeCollector, type CsiVolumes } from './node-volume-limits/csi-volumes.js';

export const nodeVolumeLimits = 'NodeVolumeLimits';

const overLimit = 1;
const claimMissing = 2;
/** The driver at place 0 of `Wanted.guarded` is not on the node; and so on. */
const firstDriverMissing = 3;
const limitRefusal = unschedulable('node(s) exceed max volume count');

/** What a pod would have attached to a node. */
interface Wanted {
  readonly volumes: CsiVolumes;
  /** Number of volumes by driver. */
  readonly counts: ReadonlyMap<string, number>;
  /** Drivers that keep pods off the nodes which lack them, with their places in the list of the cycle. */
  readonly guarded: readonly (readonly [driver: string, place: number])[];
  /** Such a claim: no node will do. */
  readonly missingClaim: string | undefined;
}

/** What is worked out once in a cycle, when the first row asks for it. */
interface Noted {
  /** On nodes that have a CSINode. */
  migrated?: Wanted;
  /** On nodes that have none. */
  plain?: Wanted;
  readonly drivers: string[];
}

/** Room that is needed for new volumes of one driver, and room that there is at least. */
interface Room {
  readonly count: number;
  readonly bySlot: Int32Array;
}

const notedKey = new StateKey<Noted>(nodeVolumeLimits);

/** Keeps pods from nodes that lack a CSI driver they need, or to which it can attach no more volumes. */
export class NodeVolumeLimits implements PreFilterPlugin, RowFilterPlugin {
  readonly name = nodeVolumeLimits;
  readonly events = [
    { resource: 'storage.k8s.io/CSINode' as const, action: Action.Add },
    { resource: 'storage.k8s.io/CSINode' as const, action: Action.Update, hint: csiNodeUpdatedHint },
    { resource: 'AssignedPod' as const, action: Action.Delete, hint: podDeletedHint },
    { resource: 'PersistentVolumeClaim' as const, action: Action.Add, hint: claimAddedHint },
    {
      resource: 'storage.k8s.io/VolumeAttachment' as const,
      action: Action.Delete,
      hint: attachmentDeletedHint,
    },
  ];
  readonly #storage: StorageState;
  readonly #attached: AttachedVolumes;
  readonly #collector: CsiVolumeCollector;

  constructor(cluster: ClusterState) {
    const { storage } = cluster;
    this.#storage = storage;
    this.#attached = AttachedVolumes.of(cluster);
    this.#collector = new CsiVolumeCollector({
      claim: (name, namespace) => storage.claims.get(name, namespace),
      volume: (name) => storage.volumes.get(name),
      storageClass: (name) => storage.classes.get(name),
    });
  }

  preFilter(_cycle: unknown, { spec }: Pod): ReturnType<PreFilterPlugin['preFilter']> {
    return podVolumes(spec).attachableCount === 0 ? { kind: 'skip' } : { kind: 'proceed' };
  }

  filterRows(cycle: Cycle, pod: Pod, { slots, length }: Rows, verdicts: Int32Array): 'none' | undefined {
    const { attachableCount, all } = podVolumes(pod.spec);
    if (attachableCount === 0) return 'none';
    const noted = this.#notedOf(cycle);
    const attached = this.#attached;
    attached.refresh();
    const rooms = all.some(({ kind }) => kind === 'inline') ? undefined : this.#roomsFor(pod, noted);
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      if (rooms !== undefined && haveRoom(rooms, slot)) continue;
      const onNode = attached.at(slot);
      verdicts[i] = judge(this.#wantedOn(onNode, pod, noted), onNode);
    }
    return undefined;
  }

  judgesByRow({ spec }: Pod): boolean {
    return podVolumes(spec).attachableCount === 0;
  }

  verdictStatus(cycle: Cycle, verdict: number): Status {
    if (verdict === overLimit) return limitRefusal;
    const { plain, migrated, drivers } = this.#notedOf(cycle);
    if (verdict >= firstDriverMissing) {
      const driver = drivers[verdict - firstDriverMissing]!;
      return unschedulable(`${driver} CSI driver is not installed on the node`);
    }
    const claim = plain?.missingClaim ?? migrated?.missingClaim ?? '';
    return unresolvable(
      `looking up PVC ${cycle.pod.namespace}/${claim}: persistentvolumeclaim "${claim}" not found`,
    );
  }

  /**
   * Where a pod surely fits. undefined when there is more to judge than room. What the pod wants of nodes without CSINode is no
   * more than what it wants of the others, if none of its volumes is written into it.
   */
  #roomsFor(pod: Pod, noted: Noted): readonly Room[] | undefined {
    noted.migrated ??= this.#wantedBy(pod, noted, true);
    const { counts, guarded, missingClaim } = noted.migrated;
    if (guarded.length > 0 || missingClaim !== undefined) return undefined;
    return Array.from(counts, ([driver, count]) => ({ count, bySlot: this.#attached.roomFor(driver) }));
  }

  #notedOf(cycle: Cycle): Noted {
    let noted = cycle.find(notedKey);
    if (noted === undefined) {
      noted = { drivers: [] };
      cycle.write(notedKey, noted);
    }
    return noted;
  }

  #wantedOn({ csiNode }: AttachedToNode, pod: Pod, noted: Noted): Wanted {
    if (csiNode === undefined) {
      noted.plain ??= this.#wantedBy(pod, noted, false);
      return noted.plain;
    }
    noted.migrated ??= this.#wantedBy(pod, noted, true);
    return noted.migrated;
  }

  #wantedBy(pod: Pod, { drivers }: Noted, migration: boolean): Wanted {
    const volumes: CsiVolumes = new Map();
    let missingClaim: string | undefined;
    const missing = (claim: string) => {
      missingClaim = claim;
    };
    this.#collector.collect(pod, volumes, { migration, missing });
    const counts = new Map<string, number>();
    for (const driver of volumes.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
    const guarded: [string, number][] = [];
    for (const driver of counts.keys()) {
      if (!this.#storage.csiDrivers.get(driver)?.preventPodSchedulingIfMissing) continue;
      if (!drivers.includes(driver)) drivers.push(driver);
      guarded.push([driver, drivers.indexOf(driver)]);
    }
    return { volumes, counts, guarded, missingClaim };
  }
}

export function createNodeVolumeLimits(
  _args: unknown,
  { cluster }: Pick<PluginHandle, 'cluster'>,
): NodeVolumeLimits {
  return new NodeVolumeLimits(cluster);
}

function haveRoom(rooms: readonly Room[], slot: number): boolean {
  for (const { count, bySlot } of rooms) if (bySlot[slot]! < count) return false;
  return true;
}

function judge({ volumes, counts, guarded, missingClaim }: Wanted, attached: AttachedToNode): number {
  if (missingClaim !== undefined) return claimMissing;
  const { csiNode } = attached;
  for (const [driver, place] of guarded) if (!csiNode?.drivers.has(driver)) return firstDriverMissing + place;
  if (csiNode === undefined || !attached.isLimited || volumes.size === 0) return 0;
  if (attached.fault !== undefined) throw attached.fault;
  for (const [driver, count] of counts) {
    const limit = csiNode.drivers.get(driver);
    if (limit === undefined) continue;
    const before = attached.counts.get(driver) ?? 0;
    if (before + count <= limit) continue;
    const added = newVolumes(volumes, driver, attached);
    if (added > 0 && before + added > limit) return overLimit;
  }
  return 0;
}

/** How many wanted volumes of a driver no pod of the node uses. One that only an attachment shows there is new all the same. */
function newVolumes(wanted: CsiVolumes, driver: string, { volumes }: AttachedToNode): number {
  let count = 0;
  for (const [key, by] of wanted) if (by === driver && !volumes.has(key)) count += 1;
  return count;
}

/** A limit that goes is no increase, and a driver that comes without one is none either, as in kube-scheduler. */
function csiNodeUpdatedHint(_pod: Pod, old: CsiNode | undefined, now: CsiNode | undefined): Hint {
  if (old === undefined || now === undefined) return 'Queue';
  for (const [driver, limit] of now.drivers)
    if ((limit ?? 0) > (old.drivers.get(driver) ?? 0)) return 'Queue';
  return 'Skip';
}

function podDeletedHint(_pod: Pod, deleted: Pod | undefined): Hint {
  if (deleted === undefined) return 'Queue';
  if (deleted.nodeName === '' && deleted.nominatedNodeName === '') return 'Skip';
  return podVolumes(deleted.spec).attachableCount > 0 ? 'Queue' : 'Skip';
}

function claimAddedHint(
  pod: Pod,
  _old: PersistentVolumeClaim | undefined,
  added: PersistentVolumeClaim | undefined,
): Hint {
  if (added === undefined) return 'Queue';
  if (added.namespace !== pod.namespace) return 'Skip';
  const isNamed = podVolumes(pod.spec).all.some((volume) => claimNameOf(pod, volume) === added.name);
  return isNamed ? 'Queue' : 'Skip';
}

function attachmentDeletedHint({ namespace, spec }: Pod, deleted: VolumeAttachment | undefined): Hint {
  if (deleted === undefined) return 'Queue';
  for (const volume of podVolumes(spec).all) {
    if (volume.kind === 'claim') return 'Queue';
    if (volume.kind === 'ephemeral') continue;
    const translation = translateInlineVolume(volume.source, { namespace });
    // What cannot be told apart may have been attached.
    if (translation?.kind === 'failed' || translation?.driver === deleted.attacher) return 'Queue';
  }
  return 'Skip';
}
