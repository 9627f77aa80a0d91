import { describe, expect, it } from '@jest/globals';
import { TimeExceeded, TimeGuard } from '../../../src/plugin-host/time-guard.js';

/** Only its own time counts: generous, because the machine may be busy. */
const limitMs = 100;

function endless(): never {
  for (;;);
}

describe('a guarded call', () => {
  it('returns what the call returns and throws what it throws', () => {
    const guard = new TimeGuard();
    const thrown = new Error('mine');
    expect(guard.run(() => [1], { limitMs })).toEqual([1]);
    expect(() =>
      guard.run(
        () => {
          throw thrown;
        },
        { limitMs },
      ),
    ).toThrow(thrown);
  });

  it.each([true, false])('is interrupted when it does not end by itself (repeatable: %s)', (repeatable) => {
    expect(() => new TimeGuard().run(endless, { limitMs, repeatable })).toThrow(new TimeExceeded(limitMs));
  });

  it('cannot keep itself alive by catching what ends it', () => {
    const stubborn = (): void => {
      for (;;) {
        try {
          endless();
        } catch {
          // Not reached: V8 lets nobody catch this.
        }
      }
    };
    expect(() => new TimeGuard().run(stubborn, { limitMs })).toThrow('its time limit of 100ms');
  });

  it('leaves the guard fit for the next one', () => {
    const guard = new TimeGuard();
    expect(() => guard.run(endless, { limitMs })).toThrow(TimeExceeded);
    expect(guard.run(() => 'next', { limitMs })).toBe('next');
  });

  it('is made again when the machine kept it from running, if it bears that', () => {
    let calls = 0;
    const blockedAtFirst = (): string => {
      calls += 1;
      // Waits without working, as a process does that gets no processor.
      if (calls === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limitMs * 3);
      return 'done';
    };
    expect(new TimeGuard().run(blockedAtFirst, { limitMs, repeatable: true })).toBe('done');
    expect(calls).toBe(2);
  });

  it('is not made again when it does not bear that', () => {
    let calls = 0;
    const blocked = (): void => {
      calls += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limitMs * 3);
    };
    expect(() => new TimeGuard().run(blocked, { limitMs })).toThrow(TimeExceeded);
    expect(calls).toBe(1);
  });

  it('counts as late after the fact where it is only measured', () => {
    const busy = (): void => {
      const cpu = process.cpuUsage();
      while ((process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1_000 < limitMs * 1.5);
    };
    expect(() => new TimeGuard().run(busy, { limitMs, interrupt: false })).toThrow(TimeExceeded);
    expect(new TimeGuard().run(() => 1, { limitMs, interrupt: false })).toBe(1);
  });

  it('is not late where it is only measured and the machine kept it from running', () => {
    const blocked = (): string => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limitMs * 3);
    expect(new TimeGuard().run(blocked, { limitMs, interrupt: false })).toBe('timed-out');
  });

  it('without a limit may take as long as it likes', () => {
    const guard = new TimeGuard();
    expect(guard.run(() => 1, { limitMs: 0 })).toBe(1);
  });
});
