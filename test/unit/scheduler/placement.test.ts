import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { NodeScorePlugin } from '../../../src/framework/plugin.js';
import { seededRandom } from '../../../src/random.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { placementOf } from '../../../src/scheduler/placement.js';
import { makeNode, makePod } from '../../build-objects.js';
import { decide, profileOf } from './scheduling-fixture.js';

/** Scores a node by the number that its label says. */
function byLabel(name: string, label: string): NodeScorePlugin {
  return { name, score: (_cycle, _pod, node) => Number(node.labels[label] ?? 0) } as NodeScorePlugin;
}

const profile = profileOf([byLabel('Size', 'size'), byLabel('Age', 'age')]);
let cluster: ClusterState;
let space: EvaluationSpace;

beforeEach(() => {
  cluster = new ClusterState();
  space = new EvaluationSpace();
});

function place() {
  const decision = decide(cluster, profile, makePod(), { space, random: seededRandom(1) });
  if (decision.kind !== 'fits') throw new Error(decision.kind);
  return placementOf(decision);
}

describe('placementOf', () => {
  it('keeps the score that each plugin gave the chosen node', () => {
    cluster.setNode(makeNode({ name: 'a', labels: { size: '10', age: '1' } }));
    cluster.setNode(makeNode({ name: 'b', labels: { size: '20', age: '2' } }));
    expect(place()).toEqual({
      nodeName: 'b',
      feasibleCount: 2,
      evaluatedCount: 2,
      ties: 1,
      nominated: false,
      total: 22,
      scores: new Map([
        ['Size', 20],
        ['Age', 2],
      ]),
    });
  });

  it('has no scores where there was nothing to choose', () => {
    cluster.setNode(makeNode({ name: 'only', labels: { size: '10' } }));
    expect(place()).toMatchObject({ nodeName: 'only', total: undefined, scores: new Map() });
  });

  it('outlives the next evaluation, which uses the same tables', () => {
    cluster.setNode(makeNode({ name: 'a', labels: { size: '10' } }));
    cluster.setNode(makeNode({ name: 'b', labels: { size: '20' } }));
    const first = place();
    cluster.setNode(makeNode({ name: 'c', labels: { size: '90' } }));
    expect(place()).toMatchObject({ nodeName: 'c', total: 90 });
    expect(first).toMatchObject({ nodeName: 'b', total: 20 });
    expect(first.scores.get('Size')).toBe(20);
  });
});
