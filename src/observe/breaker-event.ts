import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import type { EventRecord } from '../kube/event-recorder.js';
import type { BreakerReport } from '../plugin-host/plugin-observer.js';
import { eventOnLease } from './event-on-lease.js';

/** The event that tells of a plugin that is not called for a while; undefined where there is no Lease to tell it on. */
export function openBreakerEvent(
  { plugin, fault, pauseMs }: BreakerReport,
  configuration: EffectiveConfiguration,
): EventRecord | undefined {
  const last = fault === undefined ? '' : `: last, at ${fault.point}, it ${fault.text}`;
  return eventOnLease(configuration, {
    type: 'Warning',
    reason: 'PluginSwitchedOff',
    action: 'Scheduling',
    note: `Plugin ${plugin} failed too often and is not called for ${pauseMs / 1_000}s${last}`,
    // Events that differ in their notes alone are one event with a count: the second plugin would not be named anywhere.
    related: { apiVersion: 'berth.dev/v1alpha1', kind: 'Plugin', name: plugin },
  });
}
