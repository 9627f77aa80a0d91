import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { nodeOf, podOf } from '../plugins/cluster-objects.js';
import { tableState } from './table-state.js';

const uids = ['u0', 'u1', 'u2', 'u3'];
const names = ['n0', 'n1', 'n2'];
const uid = fc.constantFrom(...uids);
const nodeName = fc.constantFrom(...names);
const cpu = fc.constantFrom('100m', '2');
const step = fc.oneof(
  fc.record({ kind: fc.constant('set node' as const), nodeName, cpu }),
  fc.record({ kind: fc.constant('remove node' as const), nodeName }),
  fc.record({ kind: fc.constant('assume' as const), uid, nodeName, cpu }),
  fc.record({ kind: fc.constant('forget' as const), uid }),
  fc.record({ kind: fc.constant('bound' as const), uid, nodeName, cpu }),
  fc.record({ kind: fc.constant('remove' as const), uid }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const placed = (of: { uid: string; nodeName: string; cpu: string }): Pod =>
  podOf({ uid: of.uid, requests: { cpu: of.cpu }, spec: { nodeName: of.nodeName } });

/** What must be left after a history, worked out the slow and plain way. */
class Model {
  readonly nodes = new Map<string, ReturnType<typeof nodeOf>>();
  readonly pods = new Map<string, { pod: Pod; assumed: boolean }>();
}

function apply(event: Step, cluster: ClusterState, model: Model): void {
  if (event.kind === 'set node') {
    const node = nodeOf(event.nodeName, { allocatable: { cpu: event.cpu } });
    cluster.setNode(node);
    model.nodes.set(event.nodeName, node);
    return;
  }
  if (event.kind === 'remove node') {
    cluster.removeNode(event.nodeName);
    model.nodes.delete(event.nodeName);
    return;
  }
  const known = model.pods.get(event.uid);
  if (event.kind === 'assume') {
    const pod = placed(event);
    if (known !== undefined) {
      expect(() => cluster.assume(pod)).toThrow("can't be assumed");
      return;
    }
    cluster.assume(pod);
    model.pods.set(event.uid, { pod, assumed: true });
  } else if (event.kind === 'forget') {
    expect(cluster.forget(event.uid)).toBe(known?.assumed === true);
    if (known?.assumed) model.pods.delete(event.uid);
  } else if (event.kind === 'bound') {
    const pod = placed(event);
    const expected =
      known === undefined
        ? 'added'
        : !known.assumed
          ? 'updated'
          : known.pod.nodeName === pod.nodeName
            ? 'confirmed'
            : 'moved';
    expect(cluster.setBoundPod(pod)).toBe(expected);
    model.pods.set(event.uid, { pod, assumed: false });
  } else {
    expect(cluster.removePod(event.uid)).toBe(known?.pod);
    model.pods.delete(event.uid);
  }
}

describe('the cluster state', () => {
  it('equals a recount from scratch after any history, assumptions included', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (history) => {
        const cluster = new ClusterState();
        const model = new Model();
        for (const event of history) apply(event, cluster, model);

        const recount = new ClusterState();
        for (const node of model.nodes.values()) recount.setNode(node);
        for (const { pod } of model.pods.values()) recount.setBoundPod(pod);
        expect(tableState(cluster.nodes)).toEqual(tableState(recount.nodes));
        expect(new Set(cluster.pods())).toEqual(new Set([...model.pods.values()].map(({ pod }) => pod)));
        const assumed = [...model.pods].filter(([, pod]) => pod.assumed).map(([of]) => of);
        expect([...cluster.assumedPods()].map((pod) => pod.uid).sort()).toEqual(assumed.sort());
        expect(cluster.assumedCount).toBe(assumed.length);
        for (const of of uids) expect(cluster.isAssumed(of)).toBe(assumed.includes(of));
      }),
      { numRuns: 200 },
    );
  });

  it('knows pods by uid: a name used again is another pod', () => {
    const cluster = new ClusterState();
    cluster.setBoundPod(podOf({ name: 'web', uid: 'first', spec: { nodeName: 'n' } }));
    cluster.setBoundPod(podOf({ name: 'web', uid: 'second', spec: { nodeName: 'n' } }));
    expect(cluster.podCount).toBe(2);
    cluster.removePod('first');
    expect(cluster.pod('second')?.name).toBe('web');
  });
});

describe('an assumption that comes true', () => {
  it('changes nothing that counts, and the newer object is the one that is known', () => {
    const cluster = new ClusterState();
    cluster.setNode(nodeOf('n0'));
    const pod = placed({ uid: 'u0', nodeName: 'n0', cpu: '2' });
    cluster.assume(pod);
    const before = cluster.nodes.generation;
    const bound: Pod = { ...pod, resourceVersion: '7', phase: 'Running', startTime: 5 };
    expect(cluster.setBoundPod(bound)).toBe('confirmed');
    expect(cluster.nodes.generation).toBe(before);
    expect(cluster.nodes.podsAt(cluster.nodes.slotOf('n0')!).get('u0')).toBe(bound);
  });

  it.each<[string, Partial<Pod>]>([
    ['other labels', { labels: { app: 'x' } }],
    ['another size', { accounted: placed({ uid: 'u0', nodeName: 'n0', cpu: '3' }).accounted }],
    ['being on its way out', { terminating: true }],
  ])('is told to observers when the pod comes back with %s', (_what, change) => {
    const cluster = new ClusterState();
    const pod = placed({ uid: 'u0', nodeName: 'n0', cpu: '2' });
    cluster.assume(pod);
    const told: string[] = [];
    cluster.nodes.observe({ podAdded: () => told.push('added'), podRemoved: () => told.push('removed') });
    cluster.setBoundPod({ ...pod, ...change });
    expect(told).toEqual(['removed', 'added']);
  });
});
