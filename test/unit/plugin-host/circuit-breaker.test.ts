import { describe, expect, it } from '@jest/globals';
import { type BreakerState, CircuitBreaker } from '../../../src/plugin-host/circuit-breaker.js';

function breaker() {
  const time = { now: 0 };
  const states: BreakerState[] = [];
  const it = new CircuitBreaker({
    faults: 3,
    windowMs: 1_000,
    pauseMs: 500,
    now: () => time.now,
    changed: (state) => states.push(state),
  });
  return { it, time, states };
}

describe('a circuit breaker', () => {
  it('opens after so many faults within the window, whatever succeeds in between', () => {
    const { it, time, states } = breaker();
    it.failed('Score');
    it.succeeded('Score');
    time.now = 400;
    it.failed('Score');
    expect(it.state).toBe('closed');
    time.now = 999;
    it.failed('Filter');
    expect(states).toEqual(['open']);
    expect(it.admits()).toBe(false);
  });

  it('forgets faults that are older than the window', () => {
    const { it, time } = breaker();
    for (const at of [0, 500, 1_000, 1_600]) {
      time.now = at;
      it.failed('Score');
    }
    expect(it.state).toBe('closed');
    time.now = 1_700;
    it.failed('Score');
    expect(it.state).toBe('open');
  });

  it('lets calls through again after the pause, and says how long that is', () => {
    const { it, time, states } = breaker();
    for (let i = 0; i < 3; i++) it.failed('Score');
    time.now = 499;
    expect(it.pauseLeftMs).toBe(1);
    expect(it.admits()).toBe(false);
    time.now = 500;
    expect(it.admits()).toBe(true);
    expect(states).toEqual(['open', 'half-open']);
    expect(it.pauseLeftMs).toBe(0);
  });

  it('closes when the plugin succeeds where it had failed, not elsewhere, and then counts anew', () => {
    const { it, time, states } = breaker();
    for (let i = 0; i < 3; i++) it.failed('Score');
    time.now = 500;
    it.admits();
    it.succeeded('PreScore');
    expect(it.state).toBe('half-open');
    it.succeeded('Score');
    expect(states).toEqual(['open', 'half-open', 'closed']);
    it.failed('Score');
    it.failed('Score');
    expect(it.state).toBe('closed');
  });

  it('opens at once when the plugin fails after the pause', () => {
    const { it, time, states } = breaker();
    for (let i = 0; i < 3; i++) it.failed('Score');
    time.now = 500;
    it.admits();
    it.failed('PreScore');
    expect(states).toEqual(['open', 'half-open', 'open']);
    time.now = 999;
    expect(it.admits()).toBe(false);
  });

  it('is not opened anew by faults of calls that were under way when it opened', () => {
    const { it, states } = breaker();
    for (let i = 0; i < 6; i++) it.failed('Score');
    expect(states).toEqual(['open']);
  });
});
