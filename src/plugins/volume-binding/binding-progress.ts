import type { ClusterState } from '../../cluster/cluster-state.js';
import { type Pod, podKey } from '../../cluster/pod.js';
import type { PersistentVolume, PersistentVolumeClaim } from '../../cluster/storage.js';
import { matchesNode, type NodeSelector } from '../../kube/node-selector.js';
import { isOlder } from '../../kube/resource-version.js';
import { isFullyBound } from './pod-claims.js';
import type { Binding, Provision, Reservation } from './reservation.js';
import { affinitySeenBy } from './volume-affinity.js';

export type BindingProgress =
  | { readonly kind: 'bound' }
  | { readonly kind: 'waiting' }
  /** It will not come to a good end; the pod has to be tried again. */
  | { readonly kind: 'failed'; readonly message: string };

const bound: BindingProgress = { kind: 'bound' };
const waiting: BindingProgress = { kind: 'waiting' };

/** How far the controllers are with what was written, by what the watches have delivered. */
export function bindingProgress(reservation: Reservation, pod: Pod, cluster: ClusterState): BindingProgress {
  const { nodes } = cluster;
  const slot = nodes.slotOf(reservation.nodeName);
  if (slot === undefined || nodes.nodeAt(slot) === undefined)
    return failed(`node ${JSON.stringify(reservation.nodeName)} not found`);
  if (cluster.pod(pod.uid) === undefined)
    return failed(`pod does not exist any more: pod ${JSON.stringify(podKey(pod))} not found`);
  const place = { cluster, slot, nodeName: reservation.nodeName };
  for (const binding of reservation.bindings) {
    const progress = progressOfVolume(binding, place);
    if (progress.kind !== 'bound') return progress;
  }
  for (const provision of reservation.provisions) {
    const progress = progressOfProvision(provision, place);
    if (progress.kind !== 'bound') return progress;
  }
  return bound;
}

interface Place {
  readonly cluster: ClusterState;
  readonly slot: number;
  readonly nodeName: string;
}

function progressOfVolume({ volume, claim, shownAt }: Binding, place: Place): BindingProgress {
  const { volumes, claims } = place.cluster.storage;
  const now = volumes.delivered(volume.name);
  if (now === undefined || now.uid !== volume.uid)
    return failed(`persistentvolume ${JSON.stringify(volume.name)} not found`);
  const claimNow = claims.delivered(claim.name, claim.namespace);
  if (claimNow === undefined || claimNow.uid !== claim.uid) return claimMissing(claim);
  if (isOlder(now.resourceVersion, shownAt)) return waiting;
  const misplaced = misplacement(now, place);
  if (misplaced !== undefined) return failed(misplaced);
  if (now.claim === undefined || now.claim.uid === '')
    return failed(`ClaimRef got reset for pv ${JSON.stringify(volume.name)}`);
  return isFullyBound(claimNow) ? bound : waiting;
}

function progressOfProvision({ claim, shownAt }: Provision, place: Place): BindingProgress {
  const { volumes, claims } = place.cluster.storage;
  const now = claims.delivered(claim.name, claim.namespace);
  if (now === undefined || now.uid !== claim.uid) return claimMissing(claim);
  if (isOlder(now.resourceVersion, shownAt)) return waiting;
  // A provisioner that cannot make the volume there takes the node away from the claim.
  if (now.selectedNode !== place.nodeName)
    return failed(`provisioning failed for PVC ${JSON.stringify(claim.name)}`);
  if (now.volumeName !== '') {
    const volume = volumes.delivered(now.volumeName);
    if (volume === undefined) return waiting;
    const misplaced = misplacement(volume, place);
    if (misplaced !== undefined) return failed(misplaced);
  }
  return isFullyBound(now) ? bound : waiting;
}

/** What is wrong with the volume being used on the node; undefined when nothing is. */
function misplacement(volume: PersistentVolume, { cluster, slot, nodeName }: Place): string | undefined {
  let affinity: NodeSelector | undefined;
  try {
    affinity = affinitySeenBy(volume, cluster.storage.csiNodes.get(nodeName));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const labels = cluster.nodes.nodeAt(slot)?.labels;
  if (affinity === undefined || matchesNode(affinity, labels, '')) return undefined;
  const [pv, node] = [JSON.stringify(volume.name), JSON.stringify(nodeName)];
  return `pv ${pv} node affinity doesn't match node ${node}: no matching NodeSelectorTerms`;
}

function claimMissing({ name }: PersistentVolumeClaim): BindingProgress {
  return failed(`persistentvolumeclaim ${JSON.stringify(name)} not found`);
}

function failed(message: string): BindingProgress {
  return { kind: 'failed', message };
}
