import { Action } from '../cluster/action.js';
import type { Pod } from '../cluster/pod.js';
import { UsedPorts } from '../cluster/used-ports.js';
import type { Hint } from '../framework/cluster-event.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import { unschedulable } from '../framework/status.js';

export const nodePorts = 'NodePorts';

const refusal = unschedulable("node(s) didn't have free ports for the requested pod ports");

/** Refuses nodes on which a host port that the pod wants is taken. */
export function createNodePorts(): PreFilterPlugin & RowFilterPlugin {
  return {
    name: nodePorts,
    events: [
      { resource: 'AssignedPod', action: Action.Delete, hint: podDeletedHint, perTemplate: true },
      { resource: 'Node', action: Action.Add },
    ],
    preFilter: (_cycle, { spec }) => (spec.hostPorts.length === 0 ? { kind: 'skip' } : { kind: 'proceed' }),
    filterRows({ nodes }, { spec }, { slots, length }, verdicts) {
      for (let i = 0; i < length; i++) {
        if (nodes.portsAt(slots[i]!)?.conflictsWith(spec.hostPorts)) verdicts[i] = 1;
      }
      return undefined;
    },
    verdictStatus: () => refusal,
    judgesByRow: () => true,
  };
}

function podDeletedHint({ spec }: Pod, deleted: Pod | undefined): Hint {
  if (deleted === undefined) return 'Queue';
  if (deleted.nodeName === '' && deleted.nominatedNodeName === '') return 'Skip';
  const freed = new UsedPorts();
  freed.add(deleted.spec.hostPorts);
  return freed.conflictsWith(spec.hostPorts) ? 'Queue' : 'Skip';
}
