import type { Pod } from '../cluster/pod.js';
import type { Nominator } from '../queue/nominator.js';

/** The pod with a nomination of ours that the API server does not show yet: without it the pod would preempt others once more. */
export function withNomination(pod: Pod, nominator: Pick<Nominator, 'nodeOf'>): Pod {
  if (pod.nominatedNodeName !== '') return pod;
  const nominatedNodeName = nominator.nodeOf(pod.uid);
  return nominatedNodeName === undefined ? pod : { ...pod, nominatedNodeName };
}
