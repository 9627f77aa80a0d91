import type { NodeTable } from '../../cluster/node-table.js';
import type { Pod } from '../../cluster/pod.js';
import type { Rejections } from '../../framework/plugin.js';

/** Why a pod may not preempt others, in kube-scheduler's words; undefined when it may. */
export function ineligibility(pod: Pod, nodes: NodeTable, rejections: Rejections): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  if (pod.nominatedNodeName === '') return undefined;
  const slot = nodes.slotOf(pod.nominatedNodeName);
  if (slot === undefined || nodes.nodeAt(slot) === undefined) return undefined;
  // Waiting for room there would be in vain.
  if (rejections.statusOf(slot)?.code === 'UnschedulableAndUnresolvable') return undefined;
  for (const other of nodes.podsAt(slot).values()) {
    if (other.priority < pod.priority && other.terminating && other.preempted)
      return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}
