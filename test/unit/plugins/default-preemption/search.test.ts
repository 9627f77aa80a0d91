import { describe, expect, it } from '@jest/globals';
import { unresolvable, unschedulable } from '../../../../src/framework/status.js';
import {
  candidatesWanted,
  potentialNodes,
  searchNodes,
} from '../../../../src/plugins/default-preemption/search.js';
import type { Trial } from '../../../../src/plugins/default-preemption/victims-on-node.js';
import { makePod } from '../../../build-objects.js';

const defaults = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 };

describe('the number of candidates that is enough', () => {
  it.each([
    [5000, 500],
    [50, 50],
    [100, 100],
    [1009, 100],
    [1019, 101],
    [0, 0],
  ])('is, of %i nodes, %i by default', (nodes, wanted) => {
    expect(candidatesWanted(nodes, defaults)).toBe(wanted);
  });

  it('follows the arguments', () => {
    expect(candidatesWanted(30, { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 4 })).toBe(4);
    expect(candidatesWanted(30, { minCandidateNodesPercentage: 50, minCandidateNodesAbsolute: 0 })).toBe(15);
    expect(candidatesWanted(3, { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 0 })).toBe(0);
  });
});

describe('potential nodes', () => {
  it('are those that others in the way might be all that is wrong with', () => {
    const statuses = [
      unschedulable('u'),
      unresolvable('uu'),
      undefined,
      { ...unschedulable('p'), code: 'Pending' as const },
    ];
    const rows = { slots: Int32Array.from([3, 2, 1, 0]), length: 4 };
    const rejections = { nodeCount: 4, statusOf: (slot: number) => statuses[slot] };
    expect(potentialNodes(rows, rejections)).toEqual([0]);
  });
});

const harmless = (slot: number): Trial => candidate(slot, 0);
const violating = (slot: number): Trial => candidate(slot, 1);

function candidate(slot: number, budgetViolations: number): Trial {
  return {
    kind: 'candidate',
    candidate: { slot, nodeName: `n${slot}`, victims: [makePod()], budgetViolations },
  };
}

function search(
  trials: readonly ((slot: number) => Trial)[],
  { wanted, random = 0 }: { readonly wanted: number; readonly random?: number },
) {
  const tried: number[] = [];
  const found = searchNodes(
    trials.map((_trial, slot) => slot),
    {
      limits: { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: wanted },
      random: () => random,
      nameOf: (slot) => `n${slot}`,
      tryNode: (slot) => {
        tried.push(slot);
        return trials[slot]!(slot);
      },
    },
  );
  return { ...found, tried, nodes: found.candidates.map(({ slot }) => slot) };
}

describe('the search', () => {
  it('begins at a random node and goes round', () => {
    const trials = [harmless, harmless, harmless, harmless];
    expect(search(trials, { wanted: 4, random: 0.6 }).tried).toEqual([2, 3, 0, 1]);
    expect(search(trials, { wanted: 4, random: 0.999_999 }).tried).toEqual([3, 0, 1, 2]);
  });

  it('ends when there are enough candidates', () => {
    expect(search([harmless, harmless, harmless, harmless], { wanted: 2 }).nodes).toEqual([0, 1]);
  });

  it('goes on while every candidate violates a budget, and keeps no more of those than wanted', () => {
    const trials = [violating, violating, violating, harmless, harmless];
    const { tried, nodes } = search(trials, { wanted: 2 });
    expect(tried).toEqual([0, 1, 2, 3]);
    expect(nodes).toEqual([3, 0, 1]);
  });

  it('finds nobody when no candidate is wanted, as kube-scheduler in a cluster too small for its percentage', () => {
    expect(search([harmless, violating], { wanted: 0 }).nodes).toEqual([]);
  });

  it('notes why nodes are of no help', () => {
    const status = unschedulable('full');
    const { statuses, nodes } = search([() => ({ kind: 'refused', status }), harmless], { wanted: 2 });
    expect([...statuses]).toEqual([['n0', status]]);
    expect(nodes).toEqual([1]);
  });

  it('leaves out a node whose trial fails, and tells each failure once', () => {
    const fail = (): Trial => {
      throw new Error('broken');
    };
    const { failures, nodes } = search([fail, harmless, fail], { wanted: 3 });
    expect(failures).toEqual(['broken']);
    expect(nodes).toEqual([1]);
  });

  it('draws no random number when there is nothing to try', () => {
    const random = (): number => {
      throw new Error('drawn');
    };
    const options = { limits: defaults, random, nameOf: String, tryNode: harmless };
    expect(searchNodes([], options).candidates).toEqual([]);
  });
});
