import { describe, expect, it } from '@jest/globals';
import { compareResourceVersions, isOlder } from '../../../src/kube/resource-version.js';

describe('compareResourceVersions', () => {
  it('orders decimal versions as numbers, also beyond what a number holds', () => {
    expect(compareResourceVersions('9', '10')).toBeLessThan(0);
    expect(compareResourceVersions('36893488147419103232', '36893488147419103231')).toBeGreaterThan(0);
    expect(compareResourceVersions('100', '100')).toBe(0);
  });

  it('knows no order of opaque versions, save that a version equals itself', () => {
    expect(compareResourceVersions('a', 'b')).toBeUndefined();
    expect(compareResourceVersions('007', '8')).toBeUndefined();
    expect(compareResourceVersions('x', 'x')).toBe(0);
    expect(isOlder('a', 'b')).toBe(false);
    expect(isOlder('1', '2')).toBe(true);
  });
});
