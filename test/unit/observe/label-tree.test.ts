import { describe, expect, it } from '@jest/globals';
import { LabelTree } from '../../../src/observe/label-tree.js';

describe('a tree of label values', () => {
  it('makes one value for each combination, whatever the values look like', () => {
    const tree = new LabelTree(3, (values) => values.join());
    const combinations = [
      ['a', 'b', 'c'],
      ['a', 'b', 'd'],
      ['a', 'c', 'c'],
      ['ab', '', 'c'],
      ['a', 'b', ''],
    ];
    for (const values of [...combinations, ...combinations]) expect(tree.get(values)).toBe(values.join());
    expect(tree.all()).toEqual(combinations.map((values) => values.join()));
  });

  it('has one value from the start where there are no labels', () => {
    const tree = new LabelTree(0, () => ({}));
    expect(tree.all()).toHaveLength(1);
    expect(tree.get([])).toBe(tree.all()[0]);
  });
});
