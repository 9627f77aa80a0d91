import { Action } from '../cluster/action.js';
import type { Node, Taint } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';
import type { Hint } from '../framework/cluster-event.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import { unresolvable } from '../framework/status.js';
import { isTolerated } from './toleration.js';

export const nodeUnschedulable = 'NodeUnschedulable';

const cordoned: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' };
const refusal = unresolvable('node(s) were unschedulable');

/** Refuses cordoned nodes, unless the pod tolerates the taint that stands for the cordon. */
export function createNodeUnschedulable(): PreFilterPlugin & RowFilterPlugin {
  return {
    name: nodeUnschedulable,
    events: [
      { resource: 'Node', action: Action.Add | Action.UpdateNodeTaint, hint: nodeHint, perTemplate: true },
      { resource: 'TargetPod', action: Action.UpdatePodToleration, hint: tolerationHint },
    ],
    preFilter: () => ({ kind: 'proceed' }),
    filterRows(cycle, pod, { slots, length }, verdicts) {
      const { unschedulable, cordonedCount } = cycle.nodes;
      if (cordonedCount === 0 || isTolerated(cordoned, pod.spec.tolerations)) return 'none';
      for (let i = 0; i < length; i++) verdicts[i] = unschedulable[slots[i]!]!;
      return undefined;
    },
    verdictStatus: () => refusal,
    judgesByRow: () => true,
  };
}

function nodeHint(_pod: Pod, old: Node | undefined, now: Node | undefined): Hint {
  const opened = now !== undefined && !now.unschedulable && (old === undefined || old.unschedulable);
  return opened ? 'Queue' : 'Skip';
}

function tolerationHint(_pod: Pod, _old: Pod | undefined, now: Pod | undefined): Hint {
  return now === undefined || isTolerated(cordoned, now.spec.tolerations) ? 'Queue' : 'Skip';
}
