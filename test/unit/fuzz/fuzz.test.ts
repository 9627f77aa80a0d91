import { afterAll, describe, expect, it } from '@jest/globals';
import { closeMetrics } from '../../fuzz/fuzz-world.js';
import { goldenMaterial } from '../../fuzz/golden-objects.js';
import { writeJson } from '../../fuzz/raw-json.js';
import { operationsOf, run } from '../../fuzz/run.js';
import { shrink } from '../../fuzz/shrink.js';
import type { Change, Operation } from '../../fuzz/storm.js';

const material = goldenMaterial();

afterAll(closeMetrics);

const seeds = [1, 2, 3];

describe('a storm of objects without sense', () => {
  it.each(seeds)('affects nobody but the bad ones, and leaves nothing behind: seed %i', async (seed) => {
    const result = await run(operationsOf(seed, 1_400, material)(), { seed, recountEvery: 700 });
    expect(result.faults).toEqual([]);
    expect(result.objects).toBeGreaterThan(900);
    // It was one: both ways through the projection were taken, and pods were tried.
    const { refused, outcomes, byMutation, byStory, controlPods } = result;
    expect(refused.pods).toBeGreaterThan(100);
    expect(outcomes.bound).toBeGreaterThan(controlPods / 2);
    expect(outcomes.Unschedulable).toBeGreaterThan(100);
    expect(Object.keys(byMutation).length).toBeGreaterThan(9);
    expect(byStory['same uid, other name']).toBeGreaterThan(0);
  });

  it('is the same for the same seed', () => {
    const texts = (seed: number) =>
      [...operationsOf(seed, 300, material)()].map((operation) => writeJson(operation));
    expect(texts(4)).toEqual(texts(4));
    expect(texts(4)).not.toEqual(texts(5));
  });
});

describe('what a storm is watched for', () => {
  const metadata = { name: 'control-1', uid: 'uid-control-1', resourceVersion: '1' };
  const cordoned: Change = {
    what: 'put',
    kind: 'Node',
    place: '/control-1',
    object: {
      metadata,
      spec: { unschedulable: true },
      status: { allocatable: { cpu: '8', memory: '16Gi', pods: '30' } },
    },
    mutations: [],
    story: 'changed',
  };

  it('includes pods that do not get where they belong', async () => {
    const { faults } = await run([cordoned], { seed: 1 });
    expect(faults.map(({ what }) => what)).toContain('a control pod is not where it belongs');
    expect(faults.map(({ object }) => object).join()).toContain('exact-1');
  });

  it('is made small when it is found', async () => {
    const others = [...operationsOf(6, 30, material)()];
    const operations = [...others.slice(0, 20), cordoned, ...others.slice(20)];
    const shows = async (candidate: readonly Operation[]) =>
      candidate.some(
        (one) =>
          one.what === 'put' &&
          (one.object?.spec as { unschedulable?: unknown })?.unschedulable === true &&
          one.place === '/control-1',
      );
    const small = await shrink(operations, shows, { tries: 200 });
    expect(small).toHaveLength(1);
    expect(small[0]).toMatchObject({ object: { spec: { unschedulable: true }, status: {} } });
  });
});
