import { Action } from '../cluster/action.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import { unresolvable } from '../framework/status.js';

export const nodeName = 'NodeName';

const refusal = unresolvable("node(s) didn't match the requested node name");

/** Keeps a pod that names its node to that node. */
export function createNodeName(): PreFilterPlugin & RowFilterPlugin {
  return {
    name: nodeName,
    events: [{ resource: 'Node', action: Action.Add }],
    preFilter: (_cycle, pod) =>
      pod.nodeName === '' ? { kind: 'proceed' } : { kind: 'proceed', nodeNames: new Set([pod.nodeName]) },
    filterRows({ nodes }, pod, { slots, length }, verdicts) {
      if (pod.nodeName === '') return 'none';
      for (let i = 0; i < length; i++) if (nodes.nameAt(slots[i]!) !== pod.nodeName) verdicts[i] = 1;
      return undefined;
    },
    verdictStatus: () => refusal,
    judgesByRow: () => true,
  };
}
