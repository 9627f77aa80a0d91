import { beforeEach, describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { EventRegistration } from '../../../src/framework/cluster-event.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { ClusterFeed } from '../../../src/scheduler/cluster-feed.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

let cluster: ClusterState;
let queue: SchedulingQueue;
let feed: ClusterFeed;
/** Events that pods in the unschedulable pool were weighed against. */
let weighed: string[];
let news: string[];

beforeEach(() => {
  cluster = new ClusterState();
  weighed = [];
  news = [];
  const curious = {
    name: 'Curious',
    events: [
      { resource: '*', action: Action.All, hint: () => 'Skip' } satisfies EventRegistration<never, never>,
    ],
  };
  const hints = new HintTable([curious], { observe: (_plugin, event) => weighed.push(event) });
  queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints }]]),
    less: (a, b) => a.timestamp < b.timestamp,
    clock: new ManualClock(),
  });
  feed = new ClusterFeed({
    cluster,
    queue,
    isOurs: (name) => name === 'berth',
    observe: {
      handled: (event) => news.push(event),
      movedElsewhere: (pod) => news.push(`${pod.name} moved to ${pod.nodeName}`),
      settled: (uid) => news.push(`${uid} settled`),
    },
    seconds: () => 0,
  });
});

/** A pod that waits in the pool, so that events are weighed for it. */
function waiting(parts: PodParts = {}): Pod {
  const pod = makePod({ name: 'waiting', uid: 'waiting', ...parts });
  queue.add(pod);
  queue.putBack(queue.pop()!, pod, { rejectors: new Set(['Curious']) });
  return pod;
}

function version(parts: PodParts = {}): Pod {
  return makePod({ name: 'web', uid: 'web', ...parts });
}

const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };

describe('a pending pod', () => {
  it('of ours goes into the queue, one of another scheduler nowhere', () => {
    feed.podAdded(version());
    feed.podAdded(makePod({ schedulerName: 'other' }));
    expect(queue.counts.active).toBe(1);
    expect(cluster.podCount).toBe(0);
    expect(news).toEqual(['UnscheduledPodAdd']);
  });

  it('leaves the queue when it is deleted, and whatever was kept for it is let go', () => {
    feed.podAdded(version());
    feed.podDeleted(version());
    expect(queue.has('web')).toBe(false);
    expect(news).toEqual(['UnscheduledPodAdd', 'web settled', 'UnscheduledPodDelete']);
  });

  it('leaves the queue when it is bound, whoever bound it', () => {
    cluster.setNode(makeNode({ name: 'a' }));
    feed.podAdded(version());
    feed.podUpdated(version(), version({ nodeName: 'a' }));
    expect([queue.has('web'), cluster.pod('web')?.nodeName]).toEqual([false, 'a']);
  });

  it('leaves the queue when it was bound and deleted before either was seen', () => {
    feed.podAdded(version());
    feed.podDeleted(version({ nodeName: 'a' }));
    expect(queue.has('web')).toBe(false);
  });

  it('of another scheduler counts from the moment it is bound', () => {
    const pod = makePod({ schedulerName: 'other' });
    feed.podAdded(pod);
    feed.podUpdated(pod, { ...pod, nodeName: 'a' });
    expect(cluster.podCount).toBe(1);
    feed.podDeleted({ ...pod, nodeName: 'a' });
    expect(cluster.podCount).toBe(0);
  });

  it('of another scheduler has its promise of a node kept, until that is given elsewhere, taken back, or kept by a binding', () => {
    const pod = makePod({ schedulerName: 'other', uid: 'theirs' });
    const promised = { ...pod, nominatedNodeName: 'a' };
    const promisedElsewhere = { ...pod, nominatedNodeName: 'b' };
    const holders = () =>
      ['a', 'b'].map((node) =>
        queue.nominator
          .podsFor(node)
          .map(({ uid }) => uid)
          .join(),
      );
    feed.podAdded(pod);
    expect(holders()).toEqual(['', '']);
    feed.podUpdated(pod, promised);
    expect(holders()).toEqual(['theirs', '']);
    feed.podUpdated(promised, promisedElsewhere);
    expect(holders()).toEqual(['', 'theirs']);
    feed.podUpdated(promisedElsewhere, { ...pod, nodeName: 'b' });
    expect(holders()).toEqual(['', '']);
    feed.podAdded(promised);
    feed.podUpdated(promised, pod);
    expect(holders()).toEqual(['', '']);
    feed.podAdded(promised);
    feed.podDeleted(promised);
    expect(holders()).toEqual(['', '']);
    expect(queue.has('theirs')).toBe(false);
  });
});

describe('a pod whose binding is under way', () => {
  beforeEach(() => {
    feed.podAdded(version());
    queue.pop();
    cluster.assume(version({ nodeName: 'a' }));
    news = [];
  });

  it('is confirmed when the API server shows it where it was put', () => {
    feed.podUpdated(version(), version({ nodeName: 'a' }));
    expect([cluster.isAssumed('web'), cluster.podCount]).toEqual([false, 1]);
    expect(news).toEqual(['web settled', 'AssignedPodAdd']);
  });

  it('counts where it really is when another was faster', () => {
    feed.podUpdated(version(), version({ nodeName: 'b' }));
    expect(cluster.pod('web')?.nodeName).toBe('b');
    expect(news).toContain('web moved to b');
  });

  it('is not queued again by an update before its binding is seen', () => {
    queue.done('web');
    feed.podUpdated(version(), version({ labels: { changed: 'yes' } }));
    expect([cluster.isAssumed('web'), queue.has('web')]).toEqual([true, false]);
  });

  it.each([
    ['is deleted', () => feed.podDeleted(version())],
    ['is about to be deleted', () => feed.podUpdated(version(), version({ metadata: going }))],
  ])('gives its room back when it %s, and pods that wait are told', (_how, happen) => {
    waiting();
    happen();
    expect(cluster.podCount).toBe(0);
    expect(weighed).toEqual(['AssignedPodDelete']);
  });

  it('is told of once when it is first about to be deleted and then gone', () => {
    waiting();
    feed.podUpdated(version(), version({ metadata: going }));
    feed.podDeleted(version({ metadata: going }));
    expect(weighed).toEqual(['AssignedPodDelete']);
  });
});

describe('pods that wait are told', () => {
  beforeEach(() => {
    waiting();
  });

  it('of nodes that come, change and go', () => {
    const old = makeNode({ name: 'a' });
    const changed = makeNode({
      name: 'a',
      labels: { disk: 'ssd' },
      taints: [{ key: 'k', effect: 'NoSchedule' }],
    });
    feed.nodeAdded(old);
    expect(cluster.nodes.nodeCount).toBe(1);
    feed.nodeUpdated(old, changed);
    const slot = cluster.nodes.slotOf('a')!;
    expect(cluster.nodes.nodeAt(slot)).toBe(changed);
    feed.nodeDeleted(changed);
    expect(weighed).toEqual(['NodeAdd', 'NodeUpdateNodeTaint', 'NodeUpdateNodeLabel', 'NodeDelete']);
    expect(cluster.nodes.nodeCount).toBe(0);
  });

  it('nothing of a heartbeat', () => {
    const node = makeNode({ name: 'a' });
    feed.nodeAdded(node);
    weighed.length = 0;
    feed.nodeUpdated(node, makeNode({ name: 'a' }));
    expect(weighed).toEqual([]);
  });

  it('of bound pods that come, change and go', () => {
    const old = version({ nodeName: 'a' });
    const changed = version({ nodeName: 'a', labels: { app: 'web' } });
    feed.podAdded(old);
    feed.podUpdated(old, changed);
    feed.podDeleted(changed);
    expect(weighed).toEqual(['AssignedPodAdd', 'AssignedPodUpdatePodLabel', 'AssignedPodDelete']);
  });

  describe('of a promise that ended', () => {
    const nominated = version({ priority: 5, status: { nominatedNodeName: 'a' } });
    const free = version({ priority: 5 });

    it('with the pod that had it', () => {
      feed.podAdded(nominated);
      feed.podDeleted(nominated);
      expect(weighed).toEqual(['AssignedPodDelete']);
    });

    it('because it was taken back, but not while it stands', () => {
      feed.podAdded(nominated);
      feed.podUpdated(nominated, { ...nominated, labels: { changed: 'yes' } });
      expect(weighed).toEqual([]);
      feed.podUpdated(nominated, free);
      expect(weighed).toEqual(['AssignedPodDelete']);
      feed.podUpdated(free, nominated);
      expect(weighed).toEqual(['AssignedPodDelete']);
    });

    it('also that of a pod of another scheduler', () => {
      const theirs = makePod({ schedulerName: 'other', uid: 'theirs', status: { nominatedNodeName: 'a' } });
      feed.podAdded(theirs);
      feed.podUpdated(theirs, { ...theirs, labels: { changed: 'yes' } });
      expect(weighed).toEqual([]);
      feed.podDeleted(theirs);
      expect(weighed).toEqual(['AssignedPodDelete']);
    });

    it('unless they are more important than the pod that had it', () => {
      queue.delete('waiting');
      waiting({ uid: 'equal', priority: 5 });
      waiting({ uid: 'important', priority: 6 });
      feed.podAdded(nominated);
      feed.podUpdated(nominated, free);
      expect(weighed).toEqual(['AssignedPodDelete']);
    });
  });

  it('of an assumption that was taken back, unless it was their own', () => {
    feed.assumptionForgotten(version({ uid: 'waiting', nodeName: 'a' }));
    expect(weighed).toEqual([]);
    feed.assumptionForgotten(version({ nodeName: 'a' }));
    expect(weighed).toEqual(['AssignedPodDelete']);
  });
});
