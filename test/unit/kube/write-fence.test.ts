import { describe, expect, it } from '@jest/globals';
import { LeaseFence, openFence } from '../../../src/kube/write-fence.js';

describe('LeaseFence', () => {
  it('is shut at first, open until its deadline, and shut by time alone', () => {
    let now = 5n;
    const fence = new LeaseFence(undefined, () => now);
    expect(fence.mayWrite()).toBe(false);
    fence.openUntil(fence.now() + 10n);
    expect(fence.mayWrite()).toBe(true);
    now = 14n;
    expect(fence.mayWrite()).toBe(true);
    now = 15n;
    expect(fence.mayWrite()).toBe(false);
  });

  it('is one and the same for all who share its buffer', () => {
    const guardian = new LeaseFence(undefined, () => 1n);
    const writer = new LeaseFence(guardian.buffer, () => 1n);
    guardian.openUntil(2n);
    expect(writer.mayWrite()).toBe(true);
    guardian.shut();
    expect(writer.mayWrite()).toBe(false);
  });

  it('cannot be opened again once closed, by nobody', () => {
    const guardian = new LeaseFence(undefined, () => 1n);
    const writer = new LeaseFence(guardian.buffer, () => 1n);
    writer.close();
    guardian.openUntil(100n);
    expect([guardian.mayWrite(), writer.mayWrite()]).toEqual([false, false]);
  });

  it('measures by the clock of process.hrtime unless told otherwise', () => {
    const fence = new LeaseFence();
    fence.openUntil(process.hrtime.bigint() + 3_600_000_000_000n);
    expect(fence.mayWrite()).toBe(true);
    fence.openUntil(process.hrtime.bigint());
    expect(fence.mayWrite()).toBe(false);
  });
});

describe('openFence', () => {
  it('lets everything through', () => {
    expect(openFence.mayWrite()).toBe(true);
  });
});
