import { type InTreePlugin, inTreePluginOf } from './csi-translation.js';
import type { Pod, PodSpec } from './pod.js';

/** A volume of a pod, by how its storage is found. */
export type PodVolume =
  | { readonly kind: 'claim'; readonly claimName: string }
  /** Its claim is made for the pod and named after both. */
  | { readonly kind: 'ephemeral'; readonly name: string }
  /** Written into the pod. */
  | {
      readonly kind: 'inline';
      readonly name: string;
      /** As the API has it. */
      readonly source: Readonly<Record<string, unknown>>;
      /** undefined when no CSI driver took over from the volume's plugin. */
      readonly plugin: InTreePlugin | undefined;
    };

/** A disk written into a pod that cannot serve every pod of a node at once. */
export interface InlineDisk {
  readonly kind: 'gcePersistentDisk' | 'awsElasticBlockStore' | 'iscsi' | 'rbd';
  readonly id: string;
  /** For rbd: disks are the same only if they have a monitor in common. */
  readonly monitors: readonly string[];
  /** May be used beside others that may as well. */
  readonly shareable: boolean;
}

/** What a spec's volumes come to, worked out once for all pods of a template. */
export interface PodVolumes {
  /** In the order of the spec. */
  readonly all: readonly PodVolume[];
  readonly disks: readonly InlineDisk[];
  /** Claims, claims of ephemeral volumes, and inline volumes that a CSI driver took over: what may be attached to a node by CSI. */
  readonly attachableCount: number;
}

const none: PodVolumes = Object.freeze({ all: [], disks: [], attachableCount: 0 });
const compiled = new WeakMap<PodSpec, PodVolumes>();

export function podVolumes(spec: PodSpec): PodVolumes {
  if (spec.volumes.length === 0) return none;
  let found = compiled.get(spec);
  if (found === undefined) {
    found = compile(spec);
    compiled.set(spec, found);
  }
  return found;
}

/** Name of the claim behind a volume of the pod; undefined for an inline volume. */
export function claimNameOf(pod: Pod, volume: PodVolume): string | undefined {
  if (volume.kind === 'inline') return undefined;
  return volume.kind === 'claim' ? volume.claimName : `${pod.name}-${volume.name}`;
}

/** True when two pods cannot use the disks on one node at the same time. */
export function disksConflict(a: InlineDisk, b: InlineDisk): boolean {
  if (a.kind !== b.kind || a.id !== b.id || (a.shareable && b.shareable)) return false;
  return a.kind !== 'rbd' || a.monitors.some((monitor) => b.monitors.includes(monitor));
}

function compile({ volumes }: PodSpec): PodVolumes {
  const all = volumes.map(volumeOf);
  return {
    all,
    disks: volumes.flatMap(disksOf),
    attachableCount: all.filter((volume) => volume.kind !== 'inline' || volume.plugin !== undefined).length,
  };
}

function volumeOf(volume: Readonly<Record<string, unknown>>): PodVolume {
  const name = textOf(volume.name);
  const claim = sourceOf(volume, 'persistentVolumeClaim');
  if (claim !== undefined) return { kind: 'claim', claimName: textOf(claim.claimName) };
  if (sourceOf(volume, 'ephemeral') !== undefined) return { kind: 'ephemeral', name };
  return { kind: 'inline', name, source: volume, plugin: inTreePluginOf(volume) };
}

/** In all but a broken spec, one or none. */
function disksOf(volume: Readonly<Record<string, unknown>>): InlineDisk[] {
  const disks: InlineDisk[] = [];
  const gce = sourceOf(volume, 'gcePersistentDisk');
  if (gce !== undefined) {
    const shareable = gce.readOnly === true;
    disks.push({ kind: 'gcePersistentDisk', id: textOf(gce.pdName), monitors: [], shareable });
  }
  const aws = sourceOf(volume, 'awsElasticBlockStore');
  if (aws !== undefined) {
    // Not even readers may share it.
    disks.push({ kind: 'awsElasticBlockStore', id: textOf(aws.volumeID), monitors: [], shareable: false });
  }
  const iscsi = sourceOf(volume, 'iscsi');
  if (iscsi !== undefined) {
    disks.push({ kind: 'iscsi', id: textOf(iscsi.iqn), monitors: [], shareable: iscsi.readOnly === true });
  }
  const rbd = sourceOf(volume, 'rbd');
  if (rbd !== undefined) {
    const id = JSON.stringify([textOf(rbd.pool), textOf(rbd.image)]);
    disks.push({ kind: 'rbd', id, monitors: textsOf(rbd.monitors), shareable: rbd.readOnly === true });
  }
  return disks;
}

function sourceOf(
  volume: Readonly<Record<string, unknown>>,
  kind: string,
): Readonly<Record<string, unknown>> | undefined {
  const source = volume[kind];
  return typeof source === 'object' && source !== null
    ? (source as Readonly<Record<string, unknown>>)
    : undefined;
}

/** Sources are kept unread; what should be a text and is none counts as absent. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
