import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import type { EventRecord } from '../kube/event-recorder.js';
import type { BreakerReport } from './plugin-observer.js';

/**
 * The event that tells of a plugin that is not called for a while. It is about the Lease, where one looks for who schedules; without a
 * Lease there is none.
 */
export function openBreakerEvent(
  { plugin, fault, pauseMs }: BreakerReport,
  { leaderElection, profiles }: EffectiveConfiguration,
): EventRecord | undefined {
  const { leaderElect, resourceName: name, resourceNamespace: namespace } = leaderElection;
  if (!leaderElect) return undefined;
  const last = fault === undefined ? '' : `: last, at ${fault.point}, it ${fault.text}`;
  return {
    type: 'Warning',
    reason: 'PluginSwitchedOff',
    action: 'Scheduling',
    note: `Plugin ${plugin} failed too often and is not called for ${pauseMs / 1_000}s${last}`,
    reportingController: profiles[0]?.schedulerName ?? 'berth',
    regarding: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name },
    // Events that differ in their notes alone are one event with a count: the second plugin would not be named anywhere.
    related: { apiVersion: 'berth.dev/v1alpha1', kind: 'Plugin', name: plugin },
  };
}
