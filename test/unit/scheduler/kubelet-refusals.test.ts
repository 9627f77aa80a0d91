import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { KubeletRefusals } from '../../../src/scheduler/kubelet-refusals.js';
import { makeNode, makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

let clock: ManualClock;
let cluster: ClusterState;
let end: { readonly phase: string; readonly reason: string } | Error;
let reads: string[];
let told: string[];
let refusals: KubeletRefusals;

beforeEach(() => {
  clock = new ManualClock();
  cluster = new ClusterState();
  cluster.setNode(makeNode({ name: 'a' }));
  end = { phase: 'Failed', reason: 'OutOfcpu' };
  reads = [];
  told = [];
  refusals = new KubeletRefusals({
    cluster,
    clock,
    pods: {
      readEnd: async ({ name }) => {
        reads.push(name);
        if (end instanceof Error) throw end;
        return end;
      },
    },
    released: ({ nodeName }) => told.push(`released ${nodeName}`),
    onRefusal: ({ name }, reason) => told.push(`${name} ${reason}`),
  });
});

/** A pod that we bound, and that left `afterMs` later. */
async function bindAndLose(name: string, afterMs = 0, metadata = {}): Promise<Pod> {
  const pod = makePod({
    name,
    uid: name,
    nodeName: 'a',
    requests: { cpu: '1' },
    labels: { app: 'x' },
    metadata,
  });
  refusals.bound(pod.uid, 0);
  await clock.advance(afterMs);
  refusals.left(pod);
  return pod;
}

function taken(): number[] {
  const slot = cluster.nodes.slotOf('a')!;
  return [cluster.nodes.requestedCpu[slot]!, cluster.nodes.podCount[slot]!];
}

describe('a pod that the kubelet did not take', () => {
  it('has its room counted as taken at once, and for half a minute more', async () => {
    await bindAndLose('web');
    expect(taken()).toEqual([1_000, 1]);
    await clock.advance(29_000);
    expect([taken(), told]).toEqual([[1_000, 1], ['web OutOfcpu']]);
    await clock.advance(2_000);
    expect([taken(), told]).toEqual([
      [0, 0],
      ['web OutOfcpu', 'released a'],
    ]);
  });

  it.each(['OutOfexample.com/dongle', 'TopologyAffinityError', 'UnexpectedAdmissionError'])(
    'has its room kept for %s too',
    async (reason) => {
      end = { phase: 'Failed', reason };
      await bindAndLose('web');
      await clock.advance(29_000);
      expect(taken()).toEqual([1_000, 1]);
    },
  );

  it('makes its node distrusted for longer each time, and for five minutes at most', async () => {
    const lasts: number[] = [];
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) {
      await bindAndLose(name);
      let seconds = 0;
      for (await clock.advance(0); taken()[1] === 1; seconds++) await clock.advance(1_000);
      lasts.push(seconds);
    }
    expect(lasts).toEqual([30, 60, 120, 240, 300, 300]);
  });

  it('is one of an incident with others that were sent to the node before it refused any', async () => {
    const pods = ['one', 'two', 'three', 'four', 'five'].map((name) =>
      makePod({ name, uid: name, nodeName: 'a', requests: { cpu: '1' } }),
    );
    for (const { uid } of pods.slice(0, 4)) refusals.bound(uid, 0);
    const [first, ...others] = pods;
    refusals.left(first!);
    await clock.advance(1_000);
    // Was decided upon three seconds ago: its binding was still under way when the first was refused.
    refusals.bound('five', 3);
    for (const pod of others) refusals.left(pod);
    await clock.advance(29_000);
    expect(taken()).toEqual([4_000, 4]);
    await clock.advance(2_000);
    expect(taken()).toEqual([0, 0]);
    await bindAndLose('next');
    await clock.advance(59_000);
    expect(taken()).toEqual([1_000, 1]);
  });

  it('makes its node distrusted for longer when it was sent there although others had been refused', async () => {
    await bindAndLose('one');
    await clock.advance(1_000);
    await bindAndLose('two');
    await clock.advance(31_000);
    expect(taken()).toEqual([1_000, 1]);
    await clock.advance(29_000);
    expect(taken()).toEqual([0, 0]);
  });

  it('is forgiven when the node has behaved for ten minutes', async () => {
    await bindAndLose('one');
    await clock.advance(700_000);
    await bindAndLose('two');
    await clock.advance(31_000);
    expect(taken()).toEqual([0, 0]);
  });

  it('is nobody’s neighbour and nobody’s victim while its room is kept', async () => {
    await bindAndLose('web');
    const [room] = cluster.assumedPods();
    expect(room).toMatchObject({ labels: {}, priority: Number.MAX_SAFE_INTEGER });
    expect(room?.spec.affinity).toBeUndefined();
  });

  it('is told of, and keeps no room, where it was not room that was wanting', async () => {
    end = { phase: 'Failed', reason: 'NodeAffinity' };
    await bindAndLose('web');
    await clock.advance(0);
    expect([taken(), told]).toEqual([
      [0, 0],
      ['web NodeAffinity', 'released a'],
    ]);
  });
});

describe('a pod that left its node for another reason', () => {
  it.each([
    ['it was done', { phase: 'Succeeded', reason: '' }],
    ['it failed by itself', { phase: 'Failed', reason: 'Error' }],
    ['it is gone', { phase: '', reason: '' }],
    ['nobody can say', new Error('no answer')],
  ])('gives its room back as soon as that is known: %s', async (_why, answer) => {
    end = answer;
    await bindAndLose('job');
    expect(taken()).toEqual([1_000, 1]);
    await clock.advance(0);
    expect([taken(), told]).toEqual([[0, 0], ['released a']]);
  });

  it('is not looked at when it was deleted, ran for long, or was bound by another', async () => {
    await bindAndLose('deleted', 0, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    await bindAndLose('old', 61_000);
    refusals.left(makePod({ uid: 'foreign', nodeName: 'a' }));
    await clock.advance(0);
    expect([reads, taken()]).toEqual([[], [0, 0]]);
  });
});
