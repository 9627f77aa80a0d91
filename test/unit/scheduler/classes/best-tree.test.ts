import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BestTree } from '../../../../src/scheduler/classes/best-tree.js';
import { roundingNoise } from '../../../../src/scheduler/tie-break.js';

interface Row {
  isPassing: boolean;
  total: number;
  exact: number;
  pods: number;
}

/* Some exact totals are nearer to each other than rounding, and some are so only by a step in between. */
const row = fc.record({
  isPassing: fc.nat(3).map((i) => i > 0),
  total: fc.constantFrom(0, 1, 1, 1, 2),
  exact: fc.nat(40).map((i) => 1 + ([0.4, 0.8, 1.2, 1.6, 5][i] ?? 0) * roundingNoise),
  pods: fc.nat(2),
});

function treeOver(rows: readonly Row[]): BestTree {
  return new BestTree({
    length: rows.length,
    isPassing: (place) => rows[place]!.isPassing,
    total: (place) => rows[place]!.total,
    exact: (place) => rows[place]!.exact,
    podCount: (place) => rows[place]!.pods,
  });
}

/** Looks through all rows: who shares the highest total, and who of them may be drawn. */
function lookThrough(rows: readonly Row[]) {
  const passing = [...rows.keys()].filter((place) => rows[place]!.isPassing);
  const top = Math.max(...passing.map((place) => rows[place]!.total));
  const tied = passing.filter((place) => rows[place]!.total === top);
  const exactTop = Math.max(...tied.map((place) => rows[place]!.exact));
  const near = tied.filter((place) => rows[place]!.exact >= exactTop - roundingNoise);
  const fewest = Math.min(...near.map((place) => rows[place]!.pods));
  return { ties: tied.length, candidates: near.filter((place) => rows[place]!.pods === fewest) };
}

function agree(tree: BestTree, rows: readonly Row[]): void {
  const { ties, candidates } = lookThrough(rows);
  expect(tree.ties).toBe(ties);
  for (const [index, place] of candidates.entries()) {
    const luck = (index + 0.5) / candidates.length;
    expect(tree.draw(() => luck)).toBe(place);
  }
}

describe('the tree of the best rows', () => {
  it('finds who is found by looking through all rows, whatever row changes', () => {
    const changes = fc.array(fc.tuple(fc.nat(69), row), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 70, size: 'max' }), changes, (rows, later) => {
        const tree = treeOver(rows);
        tree.refreshAll();
        agree(tree, rows);
        for (const [place, now] of later) {
          rows[place % rows.length] = now;
          tree.refresh(place % rows.length);
          agree(tree, rows);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('draws nothing where one row is the best', () => {
    const rows = [1, 3, 2].map((total) => ({ isPassing: true, total, exact: total, pods: 0 }));
    const tree = treeOver(rows);
    tree.refreshAll();
    const draw = () => {
      throw new Error('drawn');
    };
    expect(tree.draw(draw)).toBe(1);
  });
});
