import { describe, expect, it } from '@jest/globals';
import {
  type EventObject,
  EventSeriesTable,
  seriesKey,
  type TrackedEvent,
} from '../../../src/kube/event-series.js';

const event: EventObject = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'p.1', namespace: 'default' },
  eventTime: '2026-01-02T03:04:05.006000Z',
  reportingController: 'berth',
  reportingInstance: 'berth-host',
  type: 'Warning',
  reason: 'FailedScheduling',
  action: 'Scheduling',
  note: 'no',
  regarding: {
    kind: 'Pod',
    apiVersion: 'v1',
    namespace: 'default',
    name: 'p',
    uid: 'u',
    resourceVersion: '7',
  },
};

const tracked = (lastSeenAt: number): TrackedEvent => ({
  event,
  series: undefined,
  lastSeenAt,
  writtenCount: 1,
});

describe('seriesKey', () => {
  it('ignores note, name and time', () => {
    const again = {
      ...event,
      note: 'other',
      eventTime: 'later',
      metadata: { name: 'p.2', namespace: 'default' },
    };
    expect(seriesKey(again)).toBe(seriesKey(event));
  });

  it.each<Partial<EventObject>>([
    { type: 'Normal' },
    { reason: 'Other' },
    { action: 'Other' },
    { reportingController: 'other' },
    { reportingInstance: 'berth-other' },
    { regarding: { ...event.regarding, uid: 'v' } },
    { regarding: { ...event.regarding, resourceVersion: '8' } },
    { related: event.regarding },
  ])('tells apart events that differ in %j', (change) => {
    expect(seriesKey({ ...event, ...change })).not.toBe(seriesKey(event));
  });
});

describe('EventSeriesTable', () => {
  it('lets the one longest not repeated go when it is full', () => {
    const table = new EventSeriesTable(2);
    const [a, b, c] = [tracked(1), tracked(2), tracked(3)];
    table.put('a', a);
    table.put('b', b);
    table.put('a', a);
    expect(table.put('c', c)).toBe(b);
    expect([table.get('a'), table.get('b'), table.get('c'), table.size]).toEqual([a, undefined, c, 2]);
  });

  it('gives up what has been idle, and only that', () => {
    const table = new EventSeriesTable(10);
    const [a, b] = [tracked(1), tracked(5)];
    table.put('a', a);
    table.put('b', b);
    expect(table.takeIdle(1)).toEqual([a]);
    expect(table.takeIdle(1)).toEqual([]);
    expect(table.size).toBe(1);
  });
});
