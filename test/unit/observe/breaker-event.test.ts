import { expect, it } from '@jest/globals';
import { loadConfiguration } from '../../../src/config/load.js';
import type { EventObject } from '../../../src/kube/event-series.js';
import { seriesKey } from '../../../src/kube/event-series.js';
import { openBreakerEvent } from '../../../src/observe/breaker-event.js';

const eventOf = (plugin: string, leaderElect = true) =>
  openBreakerEvent(
    {
      plugin,
      state: 'open',
      fault: {
        plugin,
        point: 'Score',
        kind: 'exception',
        text: 'threw Error: no (x.ts:1:2)',
        cause: undefined,
      },
      pauseMs: 30_000,
    },
    loadConfiguration(undefined, { leaderElect }),
  );

it('a plugin that is switched off is told of on the Lease', () => {
  expect(eventOf('One')).toEqual({
    type: 'Warning',
    reason: 'PluginSwitchedOff',
    action: 'Scheduling',
    note: 'Plugin One failed too often and is not called for 30s: last, at Score, it threw Error: no (x.ts:1:2)',
    reportingController: 'berth',
    regarding: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'berth-system',
      name: 'berth',
    },
    related: { apiVersion: 'berth.dev/v1alpha1', kind: 'Plugin', name: 'One' },
  });
  expect(eventOf('One', false)).toBeUndefined();
});

it('two plugins that are switched off are two events, and one of them again is the same', () => {
  const keyOf = (plugin: string): string => seriesKey(eventOf(plugin) as unknown as EventObject);
  expect(keyOf('One')).not.toBe(keyOf('Two'));
  expect(keyOf('One')).toBe(keyOf('One'));
});
