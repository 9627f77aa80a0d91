import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { reconcile } from '../../../src/scheduler/reconcile.js';
import { makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

let queue: SchedulingQueue;
let cluster: ClusterState;

beforeEach(() => {
  cluster = new ClusterState();
  queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints: new HintTable([]) }]]),
    less: () => false,
    clock: new ManualClock(),
  });
});

function found(...pods: Pod[]): string[] {
  return reconcile(pods, queue, cluster, new Set(['berth'])).map(({ name }) => name);
}

describe('reconcile', () => {
  it('brings a pending pod that waits nowhere into the queue, once', () => {
    const lost = makePod({ name: 'lost' });
    expect(found(lost)).toEqual(['lost']);
    expect(queue.whereIs(lost.uid)).toBe('active');
    expect(found(lost)).toEqual([]);
  });

  it('leaves alone what waits, what is under way and what is assumed', () => {
    const underWay = makePod();
    queue.add(underWay);
    queue.pop();
    const waiting = makePod();
    queue.add(waiting);
    const assumed = makePod();
    cluster.assume({ ...assumed, nodeName: 'a' });
    expect(found(underWay, waiting, assumed)).toEqual([]);
    expect(queue.counts.active).toBe(1);
  });

  it('leaves alone what is bound, going, or of another scheduler', () => {
    const going = makePod({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(found(makePod({ nodeName: 'a' }), going, makePod({ schedulerName: 'other' }))).toEqual([]);
  });
});
