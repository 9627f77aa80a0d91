import { Action } from '../cluster/action.js';
import type { PreEnqueuePlugin } from '../framework/plugin.js';
import { unresolvable } from '../framework/status.js';

export const schedulingGates = 'SchedulingGates';

/** Keeps a pod out of the active queue while it has gates, whatever they are called. */
export function createSchedulingGates(): PreEnqueuePlugin {
  return {
    name: schedulingGates,
    events: [{ resource: 'TargetPod', action: Action.UpdatePodSchedulingGatesEliminated }],
    preEnqueue({ spec }) {
      if (spec.schedulingGates.length === 0) return undefined;
      return unresolvable(`waiting for scheduling gates: [${spec.schedulingGates.join(' ')}]`);
    },
  };
}
