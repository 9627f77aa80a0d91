import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SparseCounts } from '../../../src/cluster/sparse-counts.js';

const listed = ({ ids, counts, length }: SparseCounts) =>
  new Map(Array.from({ length }, (_, i) => [ids[i], counts[i]]));

describe('sparse counts', () => {
  it('hold what was added, and list nothing that came to 0', () => {
    const change = fc.record({ id: fc.nat(12), delta: fc.integer({ min: -2, max: 2 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80, size: 'max' }), (changes) => {
        const counts = new SparseCounts();
        const expected = new Map<number, number>();
        for (const { id, delta } of changes) {
          counts.add(id, delta);
          expected.set(id, (expected.get(id) ?? 0) + delta);
          if (expected.get(id) === 0) expected.delete(id);
          expect(listed(counts)).toEqual(expected);
          expect(counts.sum).toBe([...expected.values()].reduce((sum, count) => sum + count, 0));
        }
      }),
    );
  });

  it('are empty after they were cleared', () => {
    const counts = new SparseCounts();
    for (let id = 0; id < 10; id++) counts.add(id, 1);
    counts.clear();
    expect(counts).toMatchObject({ length: 0, sum: 0 });
    counts.add(3, 2);
    expect(listed(counts)).toEqual(new Map([[3, 2]]));
  });
});
