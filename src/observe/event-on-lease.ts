import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import type { EventRecord } from '../kube/event-recorder.js';

/**
 * An event about the scheduler itself. It is on the Lease, where one looks for who schedules; undefined where nobody elects a leader,
 * since there is no Lease then.
 */
export function eventOnLease(
  { leaderElection, profiles }: Pick<EffectiveConfiguration, 'leaderElection' | 'profiles'>,
  event: Omit<EventRecord, 'regarding' | 'reportingController'>,
): EventRecord | undefined {
  const { leaderElect, resourceName: name, resourceNamespace: namespace } = leaderElection;
  if (!leaderElect) return undefined;
  return {
    ...event,
    reportingController: profiles[0]?.schedulerName ?? 'berth',
    regarding: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name },
  };
}
