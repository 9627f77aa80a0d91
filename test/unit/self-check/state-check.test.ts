import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { checkState } from '../../../src/self-check/state-check.js';
import { makeNode, makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

let cluster: ClusterState;
let pods: Map<string, Pod>;

beforeEach(() => {
  cluster = new ClusterState();
  for (const name of ['a', 'b']) cluster.setNode(makeNode({ name }));
  pods = new Map();
});

/** A bound pod that the watch has delivered and the state counts. */
function bound(name: string, nodeName = 'a'): Pod {
  const pod = makePod({ name, uid: name, nodeName, requests: { cpu: '1', 'example.com/dongle': '2' } });
  pods.set(pod.uid, pod);
  cluster.setBoundPod(pod);
  return pod;
}

async function check(): Promise<string[]> {
  const options = { clock: new ManualClock(), signal: new AbortController().signal };
  return (await checkState(cluster, pods, options)).map(({ kind, object }) => `${kind} ${object}`);
}

function requested(node: string): number {
  return cluster.nodes.requestedCpu[cluster.nodes.slotOf(node)!]!;
}

describe('the check of the cluster state', () => {
  it('finds nothing where all is well, assumed and pending pods included', async () => {
    bound('one');
    cluster.assume(makePod({ uid: 'assumed', nodeName: 'b' }));
    pods.set('assumed', makePod({ uid: 'assumed' }));
    pods.set('pending', makePod({ uid: 'pending' }));
    expect(await check()).toEqual([]);
    expect([cluster.podCount, cluster.assumedCount]).toEqual([2, 1]);
  });

  it('counts a pod that was forgotten', async () => {
    bound('one');
    cluster.removePod('one');
    expect(await check()).toEqual(['pod-not-counted default/one']);
    expect([requested('a'), await check()]).toEqual([1_000, []]);
  });

  it('moves a pod that is counted on another node than it is on', async () => {
    bound('one', 'a');
    pods.set('one', makePod({ name: 'one', uid: 'one', nodeName: 'b', requests: { cpu: '1' } }));
    expect(await check()).toEqual(['pod-counted-elsewhere default/one']);
    expect([requested('a'), requested('b'), await check()]).toEqual([0, 1_000, []]);
  });

  it('lets go of a pod that is there no more', async () => {
    bound('one');
    pods.delete('one');
    expect(await check()).toEqual(['pod-counted-in-vain default/one']);
    expect([requested('a'), cluster.podCount]).toEqual([0, 0]);
  });

  it('corrects sums that are wrong, whatever they are sums of', async () => {
    bound('one');
    bound('two');
    const slot = cluster.nodes.slotOf('a')!;
    cluster.nodes.requestedCpu[slot]! += 500;
    cluster.nodes.scalarRequested('example.com/dongle')![slot] = 0;
    cluster.nodes.podCount[slot] = 7;
    expect(await check()).toEqual(['sums-wrong a']);
    expect([
      requested('a'),
      cluster.nodes.scalarRequested('example.com/dongle')![slot],
      cluster.nodes.podCount[slot],
    ]).toEqual([2_000, 4, 2]);
    expect(await check()).toEqual([]);
  });
});
