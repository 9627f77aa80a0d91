import { describe, expect, it } from '@jest/globals';
import { Cycle } from '../../../src/framework/cycle.js';
import { seededRandom } from '../../../src/random.js';
import { evaluate } from '../../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { clusterOf, nodeOf, podOf } from '../plugins/cluster-objects.js';
import { defaultProfile } from './scheduling-fixture.js';

/** Places identical pods one after the other; returns where they went and the milliseconds that deciding took for each. */
function placeMany(pods: number, nodes: number, seed: number) {
  const allocatable = { cpu: '4', memory: '32Gi', pods: '110' };
  const cluster = clusterOf(Array.from({ length: nodes }, (_, i) => nodeOf(`node-${i}`, { allocatable })));
  const profile = defaultProfile();
  const space = new EvaluationSpace();
  const random = seededRandom(seed);
  const chosen: string[] = [];
  let spent = 0;
  for (let i = 0; i < pods; i++) {
    const pod = podOf({ uid: `pod-${i}`, requests: { cpu: '100m', memory: '500Mi' } });
    const started = performance.now();
    const decision = evaluate(new Cycle(pod, cluster.nodes), profile, { space, random });
    spent += performance.now() - started;
    if (decision.kind !== 'fits') throw new Error(decision.kind);
    cluster.assume({ ...pod, nodeName: decision.nodeName });
    chosen.push(decision.nodeName);
  }
  return { chosen, millisecondsEach: spent / pods };
}

describe('ties', () => {
  it('spread 2,000 identical pods over 2,000 of 5,000 empty nodes', () => {
    const { chosen, millisecondsEach } = placeMany(2_000, 5_000, 1);
    console.info(`deciding took ${millisecondsEach.toFixed(3)} ms for each pod over 5,000 nodes`);
    expect(new Set(chosen).size).toBe(2_000);
  });

  it('fall alike with the same seed, and differently with another', () => {
    const run = (seed: number) => placeMany(20, 50, seed).chosen;
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
});
