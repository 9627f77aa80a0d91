import { describe, expect, it } from '@jest/globals';
import { meanOf, medianOf, spreadOf } from '../../bench/quantiles.js';

describe('a spread', () => {
  it('has the middle value, and those that a tenth lie below and above', () => {
    const values = [10, 2, 9, 0, 4, 5, 6, 7, 8, 3, 1];
    expect(spreadOf(values)).toEqual({ median: 5, p10: 1, p90: 9 });
  });

  it('lies between values where none is in the place', () => {
    expect(medianOf([1, 2, 4, 100])).toBe(3);
    expect(spreadOf([7])).toEqual({ median: 7, p10: 7, p90: 7 });
  });

  it('is not the mean', () => {
    expect(meanOf([1, 2, 9])).toBe(4);
  });
});
