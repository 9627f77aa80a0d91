import { describe, expect, it } from '@jest/globals';
import { formatDuration, parseDuration } from '../../../src/config/duration.js';

describe('parseDuration', () => {
  it.each([
    ['15s', 15_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['10m0s', 600_000],
    ['0', 0],
    ['-2s', -2_000],
    ['.5s', 500],
    ['500us', 0.5],
    ['1.s', 1_000],
    ['1h1h', 7_200_000],
    ['5ns', 5e-6],
    ['1.0000000019s', 1_000.000001],
    ['2562047h', 2562047 * 3_600_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(['', '15', 's', '15 s', '1m30', '1d', '--1s', '1s2', '1..5s', 'abc', '.s', '3000000h'])(
    'refuses "%s"',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [15_000, '15s'],
    [90_000, '1m30s'],
    [600_000, '10m0s'],
    [3_600_000, '1h0m0s'],
    [250, '250ms'],
    [1_500, '1.5s'],
    [-2_000, '-2s'],
    [10_801_000.5, '3h0m1.0005s'],
    [0.0015, '1.5µs'],
    [5e-6, '5ns'],
    [1_000.000001, '1.000000001s'],
  ])('writes %i ms as Go does: %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  });
});
