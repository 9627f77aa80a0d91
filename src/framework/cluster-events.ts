import { Action } from '../cluster/action.js';
import type { ClusterEvent, EventResource } from './cluster-event.js';

/** Bits with a name of their own, in kube-scheduler's order of emission. */
const nodeAspects = [
  ['UpdateNodeTaint', Action.UpdateNodeTaint],
  ['UpdateNodeAllocatable', Action.UpdateNodeAllocatable],
  ['UpdateNodeLabel', Action.UpdateNodeLabel],
  ['UpdateNodeCondition', Action.UpdateNodeCondition],
  ['UpdateNodeAnnotation', Action.UpdateNodeAnnotation],
  ['UpdateNodePreemptionPolicy', Action.UpdateNodePreemptionPolicy],
  ['UpdateNodeDeclaredFeature', Action.UpdateNodeDeclaredFeature],
] as const;

const podAspects = [
  ['UpdatePodLabel', Action.UpdatePodLabel],
  ['UpdatePodScaleDown', Action.UpdatePodScaleDown],
  ['UpdatePodScaleUp', Action.UpdatePodScaleUp],
  ['UpdatePodSchedulingGatesEliminated', Action.UpdatePodSchedulingGatesEliminated],
  ['UpdatePodToleration', Action.UpdatePodToleration],
  ['UpdatePodGeneratedResourceClaim', Action.UpdatePodGeneratedResourceClaim],
] as const;

const known = new Map<string, ClusterEvent>();

/** Events are values: one object for each kind, so that making one costs nothing. */
export function clusterEvent(resource: EventResource, name: string, action: number): ClusterEvent {
  const label = `${resource}${name}`;
  let event = known.get(label);
  if (event === undefined) {
    event = { resource, action, label };
    known.set(label, event);
  }
  return event;
}

/** One event for each aspect of an update. A pod's update without a known aspect is a generic one; a node's is none. */
export function updateEvents(
  resource: 'Node' | 'AssignedPod' | 'UnscheduledPod' | 'TargetPod',
  changes: number,
): ClusterEvent[] {
  const aspects = resource === 'Node' ? nodeAspects : podAspects;
  // All update bits together stand for a change that has no name of its own.
  const named = changes === Action.Update ? [] : aspects.filter(([, bit]) => (changes & bit) !== 0);
  const events = named.map(([name, bit]) => clusterEvent(resource, name, bit));
  if (events.length === 0 && resource !== 'Node')
    events.push(clusterEvent(resource, 'Update', Action.Update));
  return events;
}

export const nodeAdd = clusterEvent('Node', 'Add', Action.Add);
export const nodeDelete = clusterEvent('Node', 'Delete', Action.Delete);
export const assignedPodAdd = clusterEvent('AssignedPod', 'Add', Action.Add);
export const assignedPodDelete = clusterEvent('AssignedPod', 'Delete', Action.Delete);
