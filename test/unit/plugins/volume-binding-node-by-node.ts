import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type {
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
} from '../../../src/cluster/storage.js';
import { compileLabelSelector } from '../../../src/kube/label-selector.js';
import { compileNodeSelector, matchesNode } from '../../../src/kube/node-selector.js';

/* Says of one node what VolumeBinding should say of it, step by step as the rules are told, with nothing kept from node to node. */

export interface NodeOutcome {
  /** Sum of 1 (elsewhere), 2 (no volume), 4 (too little storage), 8 (volume missing). */
  readonly verdict: number;
  /** By claim name, the last one winning: a volume, or `made`. Empty where the node is refused. */
  readonly decided: Readonly<Record<string, string>>;
  readonly score: number;
}

/** `claims` are usable, in the order of the pod. Scores are those of the default shape. */
export function judgeNode(
  node: Node,
  claims: readonly PersistentVolumeClaim[],
  cluster: ClusterState,
): NodeOutcome {
  const { storage } = cluster;
  const bound = claims.filter(({ volumeName }) => volumeName !== '');
  const delayed = claims.filter(({ volumeName }) => volumeName === '');
  let verdict = 0;
  for (const { volumeName } of bound) {
    const volume = storage.volumes.get(volumeName);
    if (volume === undefined) verdict = 8;
    else if (!usableOn(volume, node)) verdict = 1;
    if (verdict !== 0) break;
  }
  const search = findVolumes(node, delayed, cluster);
  verdict += search.verdict;
  return {
    verdict,
    decided: verdict === 0 ? search.decided : {},
    score: verdict === 0 ? search.score : 0,
  };
}

function findVolumes(node: Node, delayed: readonly PersistentVolumeClaim[], { storage }: ClusterState) {
  const refused = (verdict: number) => ({ verdict, decided: {}, score: 0 });
  if (delayed.some(({ selectedNode }) => selectedNode !== '' && selectedNode !== node.name))
    return refused(2);
  const promised = delayed.filter(({ selectedNode }) => selectedNode !== '');
  const looking = delayed.filter(({ selectedNode }) => selectedNode === '');
  const taken = new Map<PersistentVolume, PersistentVolumeClaim>();
  const unmatched: PersistentVolumeClaim[] = [];
  for (const claim of [...looking].sort((x, y) => (x.requested ?? 0) - (y.requested ?? 0))) {
    const listed = [...storage.volumes.values()].filter(
      (volume) => volume.storageClass === claim.storageClass,
    );
    const match = matchVolume(claim, listed, node, taken);
    if (match === undefined) unmatched.push(claim);
    else taken.set(match, claim);
  }
  const made: { claim: PersistentVolumeClaim; pool: CsiStorageCapacity | undefined }[] = [];
  for (const claim of [...promised, ...unmatched]) {
    const storageClass = storage.classes.get(claim.storageClass)!;
    const { provisioner, allowedTopologies } = storageClass;
    if (provisioner === '' || provisioner === 'kubernetes.io/no-provisioner') return refused(2);
    const allowed =
      allowedTopologies.length === 0 ||
      allowedTopologies.some(
        (term) =>
          term.length > 0 && term.every(({ key, values }) => values.includes(node.labels[key] ?? '?')),
      );
    if (!allowed) return refused(2);
    let pool: CsiStorageCapacity | undefined;
    if (claim.requested !== undefined && storage.csiDrivers.get(provisioner)?.storageCapacity) {
      pool = [...storage.capacities.values()].find((candidate) => {
        const limit = candidate.maximumVolumeSize ?? candidate.capacity;
        const selector = compileLabelSelector(candidate.nodeTopology);
        return (
          candidate.storageClass === claim.storageClass &&
          limit !== undefined &&
          limit >= claim.requested! &&
          selector.ok &&
          selector.selector.matches(node.labels)
        );
      });
      if (pool === undefined) return refused(4);
    }
    made.push({ claim, pool });
  }
  const decided: Record<string, string> = {};
  for (const { claim } of made) decided[claim.name] = 'made';
  for (const [volume, claim] of taken) decided[claim.name] = volume.name;
  return { verdict: 0, decided, score: scoreOf(taken, made) };
}

function matchVolume(
  claim: PersistentVolumeClaim,
  listed: readonly PersistentVolume[],
  node: Node,
  taken: ReadonlyMap<PersistentVolume, unknown>,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined;
  for (const volume of listed) {
    if (taken.has(volume)) continue;
    const ref = volume.claim;
    const isMine =
      ref?.name === claim.name && ref.namespace === claim.namespace && ['', claim.uid].includes(ref.uid);
    if (ref !== undefined && !isMine) continue;
    if (volume.capacity < (claim.requested ?? 0) || volume.terminating) continue;
    if ((volume.volumeMode || 'Filesystem') !== (claim.volumeMode || 'Filesystem')) continue;
    if (isMine) return usableOn(volume, node) ? volume : undefined;
    if (volume.phase !== 'Available' || !usableOn(volume, node)) continue;
    if (!claim.accessModes.every((mode) => volume.accessModes.includes(mode))) continue;
    if (claim.selector !== undefined) {
      const selector = compileLabelSelector(claim.selector);
      if (!selector.ok || !selector.selector.matches(volume.labels)) continue;
    }
    if (best === undefined || volume.capacity < best.capacity) best = volume;
  }
  return best;
}

function usableOn({ nodeSelectorTerms }: PersistentVolume, node: Node): boolean {
  return (
    nodeSelectorTerms === undefined ||
    matchesNode(compileNodeSelector({ nodeSelectorTerms }), node.labels, '')
  );
}

function scoreOf(
  taken: ReadonlyMap<PersistentVolume, PersistentVolumeClaim>,
  made: readonly { claim: PersistentVolumeClaim; pool: CsiStorageCapacity | undefined }[],
): number {
  const classes = new Map<string, { requested: number; capacity: number }>();
  const add = (name: string, requested: number, capacity: (before: number) => number) => {
    const { requested: r, capacity: c } = classes.get(name) ?? { requested: 0, capacity: 0 };
    classes.set(name, { requested: r + requested, capacity: capacity(c) });
  };
  for (const [volume, claim] of taken)
    add(claim.storageClass, claim.requested ?? 0, (before) => before + volume.capacity);
  if (taken.size === 0) {
    for (const { claim, pool } of made)
      if (pool !== undefined) add(claim.storageClass, claim.requested!, () => pool.capacity ?? 0);
  }
  const each = [...classes.values()].map(({ requested, capacity }) =>
    capacity === 0 || requested > capacity ? 0 : 100 - Math.floor((requested * 100) / capacity),
  );
  return each.length === 0 ? 0 : Math.round(each.reduce((sum, score) => sum + score, 0) / each.length);
}

/** Claims of a pod that name existing claims only, in its order. */
export function claimsOf(pod: Pod, { storage }: ClusterState): PersistentVolumeClaim[] {
  return pod.spec.claimNames.map((name) => storage.claims.get(name, pod.namespace)!);
}
