import { describe, expect, it } from '@jest/globals';
import { pluginModuleDefaults } from '../../../src/config/berth-configuration.js';
import type { PluginFaultReport } from '../../../src/plugin-host/plugin-observer.js';
import { describeThrown, PluginSupervisor } from '../../../src/plugin-host/plugin-supervisor.js';
import { TimeGuard } from '../../../src/plugin-host/time-guard.js';
import { ManualClock } from '../../manual-clock.js';

function supervised() {
  const faults: PluginFaultReport[] = [];
  const clock = new ManualClock();
  const supervisor = new PluginSupervisor({
    settings: { ...pluginModuleDefaults, name: 'Mine' },
    guard: new TimeGuard(),
    clock,
    observer: { faulted: (fault) => faults.push(fault) },
  });
  return { supervisor, clock, faults };
}

const waiting = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('told to stop'))),
  );

describe('a call that may wait', () => {
  it('is no fault of the plugin when somebody else ends it', async () => {
    const { supervisor, faults } = supervised();
    const stop = new AbortController();
    const call = supervisor.callAsync({ point: 'PreBind' }, undefined, waiting, { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toThrow('told to stop');
    expect(faults).toEqual([]);
  });

  it('is told to stop when its time is over, and what it does then is of no interest', async () => {
    const { supervisor, clock, faults } = supervised();
    const call = supervisor.callAsync({ point: 'PreBind' }, undefined, waiting);
    const ended = expect(call).rejects.toThrow('took longer than its time limit of 10000ms');
    await clock.advance(10_000);
    await ended;
    expect(faults).toMatchObject([{ point: 'PreBind', kind: 'timeout' }]);
  });

  it('has no time left to wait for when it ended', async () => {
    const { supervisor, clock, faults } = supervised();
    const signals: AbortSignal[] = [];
    const run = async (signal: AbortSignal) => signals.push(signal);
    expect(await supervisor.callAsync({ point: 'Bind' }, 0, run)).toBe(1);
    await clock.advance(60_000);
    expect([faults, signals[0]?.aborted]).toEqual([[], false]);
  });

  it('may throw before it waits', async () => {
    const { supervisor, faults } = supervised();
    const call = supervisor.callAsync({ point: 'Bind' }, undefined, () => {
      throw new RangeError('at once');
    });
    await expect(call).rejects.toThrow('threw RangeError: at once');
    expect(faults).toHaveLength(1);
  });
});

describe('what was thrown', () => {
  it('is told in few words', () => {
    const told = describeThrown(new Error('x'.repeat(10_000)));
    expect([told.slice(0, 10), told.length, told.at(-1)]).toEqual(['Error: xxx', 401, '…']);
  });
});
