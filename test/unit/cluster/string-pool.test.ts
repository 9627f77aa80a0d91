import { describe, expect, it } from '@jest/globals';
import { StringPool } from '../../../src/cluster/string-pool.js';

describe('a string pool', () => {
  it('gives back equal text and keeps each once', () => {
    const pool = new StringPool();
    for (const text of ['a', 'b', 'a', '']) expect(pool.intern(text)).toBe(text);
    expect(pool.size).toBe(3);
  });

  it('never grows beyond its limit', () => {
    const pool = new StringPool(10);
    for (let i = 0; i < 1000; i++) {
      expect(pool.intern(`text-${i}`)).toBe(`text-${i}`);
      expect(pool.size).toBeLessThanOrEqual(10);
    }
  });
});
