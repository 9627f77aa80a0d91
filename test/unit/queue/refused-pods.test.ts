import { describe, expect, it } from '@jest/globals';
import { QueueEntry } from '../../../src/queue/queued-pod.js';
import { RefusedPods } from '../../../src/queue/refused-pods.js';
import { makePod, type PodParts } from '../../build-objects.js';

function refused(parts: PodParts = {}, rejectors: readonly string[] = ['Fit']): QueueEntry {
  const entry = new QueueEntry(makePod(parts), 0);
  entry.rejectors = new Set(rejectors);
  return entry;
}

function groups(pods: RefusedPods, plugin = 'Fit'): string[][] {
  return pods.refusedBy(plugin).map((group) => Array.from(group, ({ pod }) => pod.name).sort());
}

function filed(...entries: readonly QueueEntry[]): RefusedPods {
  const pods = new RefusedPods();
  for (const entry of entries) pods.add(entry);
  return pods;
}

const owner = (uid: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid, controller: true }],
});

describe('refused pods', () => {
  it('are one group where hints cannot tell them apart', () => {
    const labels = { app: 'web' };
    expect(groups(filed(refused({ name: 'a', labels }), refused({ name: 'b', labels })))).toEqual([
      ['a', 'b'],
    ]);
  });

  it.each<[string, PodParts, PodParts]>([
    ['spec', { requests: { cpu: '1' } }, { requests: { cpu: '2' } }],
    ['labels', { labels: { app: 'a' } }, { labels: { app: 'b' } }],
    ['namespace', { namespace: 'a' }, { namespace: 'b' }],
    ['controller', { metadata: owner('a') }, { metadata: owner('b') }],
    ['scheduler', { schedulerName: 'berth' }, { schedulerName: 'other' }],
  ])('are groups of their own where they differ in %s', (_what, one, other) => {
    expect(groups(filed(refused({ ...one, name: 'a' }), refused({ ...other, name: 'b' })))).toEqual([
      ['a'],
      ['b'],
    ]);
  });

  it('stand alone while they are gated', () => {
    const [gated, other] = [refused({ name: 'a' }), refused({ name: 'b' })];
    gated.gatedBy = 'SchedulingGates';
    expect(groups(filed(gated, other))).toEqual([['a'], ['b']]);
  });

  it('are found by each plugin that refused them, and leave nothing behind', () => {
    const entry = refused({ name: 'a' }, ['Fit', 'Ports']);
    const pods = filed(entry);
    expect([groups(pods, 'Fit'), groups(pods, 'Ports'), groups(pods, 'Other')]).toEqual([
      [['a']],
      [['a']],
      [],
    ]);
    pods.delete(entry);
    expect([groups(pods, 'Fit'), groups(pods, 'Ports')]).toEqual([[], []]);
  });

  it('are found where they were filed although they have changed meanwhile', () => {
    const entry = refused({ name: 'a', labels: { app: 'a' } });
    const pods = filed(entry);
    entry.pod = makePod({ name: 'a', labels: { app: 'b' } });
    pods.delete(entry);
    expect(groups(pods)).toEqual([]);
  });
});
