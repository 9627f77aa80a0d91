import { describe, expect, it } from '@jest/globals';
import { microTime } from '../../../src/kube/micro-time.js';

describe('microTime', () => {
  it.each([
    [Date.UTC(2026, 0, 2, 3, 4, 5, 6), '2026-01-02T03:04:05.006000Z'],
    [Date.UTC(2026, 0, 2, 3, 4, 5), '2026-01-02T03:04:05.000000Z'],
    [1.25, '1970-01-01T00:00:00.001250Z'],
    [-0.5, '1969-12-31T23:59:59.999500Z'],
  ])('writes %d with six fractional digits', (epochMs, text) => {
    expect(microTime(epochMs)).toBe(text);
  });
});
