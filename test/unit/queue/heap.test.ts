import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Heap } from '../../../src/queue/heap.js';

interface Item {
  rank: number;
}

const byRank = (a: Item, b: Item): boolean => a.rank < b.rank;

describe('Heap', () => {
  it('gives items back in order, whatever was pushed, removed and changed in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom('keep', 'remove', 'change'))),
        (steps) => {
          const heap = new Heap<Item>(byRank);
          const items = steps.map(([rank]) => ({ rank }));
          for (const item of items) heap.push(item);
          const kept: Item[] = [];
          steps.forEach(([rank, step], index) => {
            const item = items[index]!;
            if (step === 'remove') expect(heap.remove(item)).toBe(true);
            else kept.push(item);
            if (step === 'change') {
              item.rank = 20 - rank;
              heap.changed(item);
            }
          });
          const popped: number[] = [];
          for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item.rank);
          expect(popped).toEqual(kept.map((item) => item.rank).sort((a, b) => a - b));
        },
      ),
    );
  });

  it('gives equal items back in the order of their arrival', () => {
    const heap = new Heap<Item>(byRank);
    const items = Array.from({ length: 50 }, () => ({ rank: 1 }));
    for (const item of items) heap.push(item);
    for (const item of items) expect(heap.pop()).toBe(item);
  });

  it('refuses an item that it holds already', () => {
    const heap = new Heap<Item>(byRank);
    const item = { rank: 1 };
    heap.push(item);
    expect(() => heap.push(item)).toThrow('in the heap already');
  });

  it('says that an unknown item could not be removed', () => {
    expect(new Heap<Item>(byRank).remove({ rank: 1 })).toBe(false);
  });
});
