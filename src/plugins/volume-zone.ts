import { Action } from '../cluster/action.js';
import { betaRegion, betaZone, stableRegion, stableZone, zoneSeparator } from '../cluster/csi-topology.js';
import { absent, type LabelColumn } from '../cluster/label-column.js';
import type { Pod } from '../cluster/pod.js';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../cluster/storage.js';
import type { StorageState } from '../cluster/storage-state.js';
import type { Hint } from '../framework/cluster-event.js';
import { StateKey } from '../framework/cycle.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import type { PluginHandle } from '../framework/registry.js';
import { unresolvable } from '../framework/status.js';

export const volumeZone = 'VolumeZone';

const topologyKeys = [betaZone, betaRegion, stableZone, stableRegion] as const;
const refusal = unresolvable('node(s) had no available volume zone');

/** A label of a volume: its nodes have one of the values. */
interface TopologyDemand {
  readonly key: string;
  readonly values: ReadonlySet<string>;
}

const demandsKey = new StateKey<readonly TopologyDemand[]>(volumeZone);

type Collected = readonly TopologyDemand[] | { readonly refused: string };

/** Keeps a pod to the zones and regions in which, by their labels, its volumes are. */
export function createVolumeZone(
  _args: unknown,
  { cluster: { storage } }: Pick<PluginHandle, 'cluster'>,
): PreFilterPlugin & RowFilterPlugin {
  return {
    name: volumeZone,
    events: [
      { resource: 'storage.k8s.io/StorageClass', action: Action.Add, hint: classAddedHint },
      { resource: 'Node', action: Action.Add | Action.UpdateNodeLabel },
      { resource: 'PersistentVolumeClaim', action: Action.Add | Action.Update, hint: claimHint },
      { resource: 'PersistentVolume', action: Action.Add | Action.Update, hint: volumeHint },
    ],
    preFilter(cycle, pod) {
      if (pod.spec.claimNames.length === 0) return { kind: 'skip' };
      const demands: TopologyDemand[] = [];
      for (const name of pod.spec.claimNames) {
        const collected = demandsOfClaim(pod.namespace, name, storage);
        if ('refused' in collected) return { kind: 'rejected', status: unresolvable(collected.refused) };
        demands.push(...collected);
      }
      if (demands.length === 0) return { kind: 'skip' };
      cycle.write(demandsKey, demands);
      return { kind: 'proceed' };
    },
    filterRows(cycle, _pod, { slots, length }, verdicts) {
      const demands = cycle.find(demandsKey);
      if (demands === undefined) return 'none';
      const { nodes } = cycle;
      const zoned = topologyKeys.map((key) => nodes.labelColumn(key).ids);
      const checks = demands.map((demand) => columnCheck(demand, (key) => nodes.labelColumn(key)));
      for (let i = 0; i < length; i++) {
        const slot = slots[i]!;
        // A cluster without zones is one zone.
        if (hasValue(zoned, slot) && !meetsAll(checks, slot)) verdicts[i] = 1;
      }
      return undefined;
    },
    verdictStatus: () => refusal,
    judgesByRow: ({ spec }) => spec.claimNames.length === 0,
  };
}

function demandsOfClaim(namespace: string, name: string, storage: StorageState): Collected {
  if (name === '') return { refused: 'PersistentVolumeClaim had no name' };
  const claim = storage.claims.get(name, namespace);
  if (claim === undefined) return { refused: `persistentvolumeclaim "${name}" not found` };
  const { volumeName, storageClass } = claim;
  if (volumeName !== '') {
    const volume = storage.volumes.get(volumeName);
    return volume === undefined
      ? { refused: `persistentvolume "${volumeName}" not found` }
      : demandsOf(volume);
  }
  if (storageClass === '') return { refused: 'PersistentVolumeClaim had no pv name and storageClass name' };
  const found = storage.classes.get(storageClass);
  if (found === undefined) return { refused: `storageclass.storage.k8s.io "${storageClass}" not found` };
  if (found.volumeBindingMode === '')
    return { refused: `VolumeBindingMode not set for StorageClass "${storageClass}"` };
  return bindsLate(found) ? [] : { refused: 'PersistentVolume had no name' };
}

/** A label that cannot be read is passed over. */
function demandsOf({ labels }: PersistentVolume): TopologyDemand[] {
  const demands: TopologyDemand[] = [];
  for (const key of topologyKeys) {
    if (!Object.hasOwn(labels, key)) continue;
    const values = labels[key]!.split(zoneSeparator).map((value) => value.trim());
    if (!values.includes('')) demands.push({ key, values: new Set(values) });
  }
  return demands;
}

/** One demand over columns: ids of accepted values, in the key's own column and in the one that stands in for a beta key. */
interface ColumnCheck {
  readonly ids: Int32Array;
  readonly accepted: ReadonlySet<number>;
  readonly fallback: ColumnCheck | undefined;
}

function columnCheck({ key, values }: TopologyDemand, columnOf: (key: string) => LabelColumn): ColumnCheck {
  const column = columnOf(key);
  const stable = key === betaZone ? stableZone : key === betaRegion ? stableRegion : undefined;
  return {
    ids: column.ids,
    accepted: new Set(Array.from(values, (value) => column.idOf(value))),
    fallback: stable === undefined ? undefined : columnCheck({ key: stable, values }, columnOf),
  };
}

function meetsAll(checks: readonly ColumnCheck[], slot: number): boolean {
  for (const check of checks) {
    const own = check.ids[slot]!;
    const { ids, accepted } = own === absent && check.fallback !== undefined ? check.fallback : check;
    if (!accepted.has(ids[slot]!)) return false;
  }
  return true;
}

function hasValue(columns: readonly Int32Array[], slot: number): boolean {
  for (const ids of columns) if (ids[slot] !== absent) return true;
  return false;
}

function bindsLate({ volumeBindingMode }: StorageClass): boolean {
  return volumeBindingMode === 'WaitForFirstConsumer';
}

function classAddedHint(_pod: Pod, _old: StorageClass | undefined, added: StorageClass | undefined): Hint {
  return added === undefined || bindsLate(added) ? 'Queue' : 'Skip';
}

function claimHint(
  { namespace, spec }: Pod,
  _old: PersistentVolumeClaim | undefined,
  now: PersistentVolumeClaim | undefined,
): Hint {
  if (now === undefined) return 'Queue';
  return now.namespace === namespace && spec.claimNames.includes(now.name) ? 'Queue' : 'Skip';
}

function volumeHint(_pod: Pod, old: PersistentVolume | undefined, now: PersistentVolume | undefined): Hint {
  if (old === undefined || now === undefined) return 'Queue';
  return shown(demandsOf(old)) === shown(demandsOf(now)) ? 'Skip' : 'Queue';
}

function shown(demands: readonly TopologyDemand[]): string {
  return JSON.stringify(demands.map(({ key, values }) => [key, [...values].sort()]));
}
