import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod } from '../cluster/pod.js';
import type { SchedulingQueue } from '../queue/scheduling-queue.js';

/**
 * Puts every pending pod of ours that waits nowhere into the queue, and returns those pods: whatever went wrong on the way, no
 * pod is lost for longer than one round.
 */
export function reconcile(
  pods: Iterable<Pod>,
  queue: SchedulingQueue,
  cluster: ClusterState,
  schedulerNames: { has(schedulerName: string): boolean },
): Pod[] {
  const found: Pod[] = [];
  for (const pod of pods) {
    if (pod.nodeName !== '' || pod.terminating || !schedulerNames.has(pod.schedulerName)) continue;
    if (queue.has(pod.uid) || cluster.isAssumed(pod.uid)) continue;
    queue.add(pod);
    found.push(pod);
  }
  return found;
}
