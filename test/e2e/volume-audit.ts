import type { ControlPlane } from '../controlplane/control-plane.js';
import type { Node } from '../controlplane/kwok-node.js';
import { CLAIMS, type Claim, claimNames, VOLUMES, type Volume } from './storage-objects.js';
import { PODS, type Pod } from './workload.js';

/** Set together with the volume's name. The phase follows by a request of its own, which no scheduler waits for. */
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const ZONE = 'topology.kubernetes.io/zone';

/**
 * Returns a sentence for everything about volumes that no scheduler may let happen: a pod on a node without all of its
 * claims bound, on a node where a volume of its cannot be used, or two claims that have the same volume.
 */
export async function volumeFaults({ api }: ControlPlane): Promise<string[]> {
  const [{ items: nodes }, { items: pods }, { items: claims }, { items: volumes }] = await Promise.all([
    api.list<Node>('/api/v1/nodes'),
    api.list<Pod>(PODS),
    api.list<Claim>(CLAIMS),
    api.list<Volume>(VOLUMES),
  ]);
  const scene = { nodes: byName(nodes), claims: byName(claims), volumes: byName(volumes) };
  return [
    ...pods.filter(({ spec }) => spec.nodeName !== undefined).flatMap((pod) => podFaults(pod, scene)),
    ...sharedVolumes(claims),
  ];
}

interface Scene {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly claims: ReadonlyMap<string, Claim>;
  readonly volumes: ReadonlyMap<string, Volume>;
}

function podFaults({ metadata, spec }: Pod, scene: Scene): string[] {
  const node = scene.nodes.get(spec.nodeName ?? '');
  const labels = (node?.metadata.labels ?? {}) as Readonly<Record<string, string>>;
  return claimNames(metadata.name, spec.volumes ?? []).flatMap((name) => {
    const claim = scene.claims.get(name);
    const who = `${metadata.name} is on ${spec.nodeName}`;
    if (claim === undefined || !isBound(claim))
      return [`${who} while its claim ${name} is ${claim?.status.phase ?? 'missing'}`];
    const volume = scene.volumes.get(claim.spec.volumeName ?? '');
    if (volume === undefined) return [`${who}, and the volume of its claim ${name} does not exist`];
    return [
      ...(volume.spec.claimRef?.uid === claim.metadata.uid
        ? []
        : [`${name} has a volume that belongs to another`]),
      ...(usableWith(volume, labels) ? [] : [`${who}, where ${volume.metadata.name} cannot be used`]),
    ];
  });
}

function isBound({ metadata, spec }: Claim): boolean {
  return spec.volumeName !== undefined && metadata.annotations?.[BIND_COMPLETED] === 'yes';
}

function sharedVolumes(claims: readonly Claim[]): string[] {
  const names = claims.map(({ spec }) => spec.volumeName).filter((name) => name !== undefined);
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} has two claims`);
}

/** By the volume's node affinity and its zone; only the operators that these tests use. */
function usableWith({ metadata, spec }: Volume, labels: Readonly<Record<string, string>>): boolean {
  const zones = metadata.labels?.[ZONE]?.split('__');
  if (zones !== undefined && !zones.includes(labels[ZONE] ?? '')) return false;
  const terms = spec.nodeAffinity?.required.nodeSelectorTerms;
  if (terms === undefined) return true;
  return terms.some(({ matchExpressions }) =>
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`these tests do not use the operator ${operator}`);
      return values.includes(labels[key] ?? '');
    }),
  );
}

function byName<T extends { readonly metadata: { readonly name: string } }>(
  items: readonly T[],
): Map<string, T> {
  return new Map(items.map((item) => [item.metadata.name, item]));
}
