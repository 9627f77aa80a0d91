import { Action } from '../cluster/action.js';
import type { Pod } from '../cluster/pod.js';
import { disksConflict, podVolumes } from '../cluster/pod-volumes.js';
import type { PersistentVolumeClaim } from '../cluster/storage.js';
import { VolumeUsage } from '../cluster/volume-usage.js';
import type { Hint } from '../framework/cluster-event.js';
import { StateKey } from '../framework/cycle.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import type { PluginHandle } from '../framework/registry.js';
import { unresolvable, unschedulable } from '../framework/status.js';

export const volumeRestrictions = 'VolumeRestrictions';

const diskTaken = 1;
const claimTaken = 2;
const diskRefusal = unschedulable('node(s) had no available disk');
const claimRefusal = unschedulable(
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
);

interface Noted {
  /** Claims of the pod that only one pod in the cluster may use. */
  readonly exclusive: ReadonlySet<string>;
  /** How many times such a claim is in use; not a matter of one node. */
  conflicts: number;
}

const notedKey = new StateKey<Noted>(volumeRestrictions);

/** Keeps a pod from disks that a pod of the node holds, and from ReadWriteOncePod claims that any pod holds. */
export function createVolumeRestrictions(
  _args: unknown,
  { cluster: { nodes, storage } }: Pick<PluginHandle, 'cluster'>,
): PreFilterPlugin & RowFilterPlugin {
  const usage = VolumeUsage.of(nodes);
  return {
    name: volumeRestrictions,
    events: [
      { resource: 'AssignedPod', action: Action.Delete, hint: podDeletedHint },
      { resource: 'Node', action: Action.Add },
      { resource: 'PersistentVolumeClaim', action: Action.Add, hint: claimAddedHint },
    ],
    preFilter(cycle, { namespace, spec }) {
      if (spec.volumes.length === 0) return { kind: 'skip' };
      const exclusive = new Set<string>();
      for (const name of spec.claimNames) {
        const claim = storage.claims.get(name, namespace);
        if (claim === undefined) {
          return { kind: 'rejected', status: unresolvable(`persistentvolumeclaim "${name}" not found`) };
        }
        if (claim.accessModes.includes('ReadWriteOncePod')) exclusive.add(name);
      }
      let conflicts = 0;
      for (const name of exclusive) if (usage.isClaimUsed(namespace, name)) conflicts += 1;
      if (conflicts === 0 && podVolumes(spec).disks.length === 0) return { kind: 'skip' };
      cycle.write(notedKey, { exclusive, conflicts });
      return { kind: 'proceed' };
    },
    addPod(cycle, added) {
      const noted = cycle.find(notedKey);
      if (noted !== undefined) noted.conflicts += timesNamed(noted.exclusive, added);
    },
    removePod(cycle, removed) {
      const noted = cycle.find(notedKey);
      if (noted !== undefined) noted.conflicts -= timesNamed(noted.exclusive, removed);
    },
    filterRows(cycle, { spec }, { slots, length }, verdicts) {
      if ((cycle.find(notedKey)?.conflicts ?? 0) > 0) verdicts.fill(claimTaken, 0, length);
      const { disks } = podVolumes(spec);
      if (disks.length === 0) return undefined;
      for (let i = 0; i < length; i++) {
        const slot = slots[i]!;
        if (usage.mayHaveDisks(slot) && isDiskTaken(disks, usage.podsAt(slot)!)) verdicts[i] = diskTaken;
      }
      return undefined;
    },
    judgesByRow: ({ spec }) => spec.volumes.length === 0,
    verdictStatus: (_cycle, verdict) => (verdict === diskTaken ? diskRefusal : claimRefusal),
  };
}

/** By name alone, in whatever namespace, as in kube-scheduler. */
function timesNamed(exclusive: ReadonlySet<string>, { spec }: Pod): number {
  let times = 0;
  for (const name of spec.claimNames) if (exclusive.has(name)) times += 1;
  return times;
}

function isDiskTaken(
  wanted: ReturnType<typeof podVolumes>['disks'],
  pods: ReadonlyMap<string, Pod>,
): boolean {
  for (const { spec } of pods.values()) {
    for (const held of podVolumes(spec).disks) {
      for (const disk of wanted) if (disksConflict(disk, held)) return true;
    }
  }
  return false;
}

function podDeletedHint({ namespace, spec }: Pod, deleted: Pod | undefined): Hint {
  if (deleted === undefined) return 'Queue';
  if (deleted.namespace !== namespace) return 'Skip';
  const held = podVolumes(deleted.spec).disks;
  const { disks } = podVolumes(spec);
  if (disks.some((disk) => held.some((other) => disksConflict(disk, other)))) return 'Queue';
  return spec.claimNames.some((name) => deleted.spec.claimNames.includes(name)) ? 'Queue' : 'Skip';
}

function claimAddedHint(
  { namespace, spec }: Pod,
  _old: PersistentVolumeClaim | undefined,
  added: PersistentVolumeClaim | undefined,
): Hint {
  if (added === undefined) return 'Queue';
  return added.namespace === namespace && spec.claimNames.includes(added.name) ? 'Queue' : 'Skip';
}
