import { describe, expect, it } from '@jest/globals';
import type { EvaluationObserver } from '../../../../src/scheduler/evaluation-observer.js';
import { PointTally } from '../../../bench/engine/point-tally.js';

/** A gauge that a test moves. */
class Gauge {
  value = 0;
  readonly read = (): number => this.value;
}

/** One attempt with a plugin at Filter, and what Filter, Score and the attempt take around it. */
function attempt(tally: PointTally, gauge: Gauge, plugin: number, { around = 2, rest = 5 } = {}): void {
  const observer: EvaluationObserver = tally.begin();
  gauge.value += plugin + around + rest;
  observer.onPlugin?.('Fit', 'Filter', 'Success', plugin);
  observer.onPoint?.('Filter', 'Success', plugin + around);
  tally.end();
}

describe('a tally of points', () => {
  it('tells a plugin from what its extension point does around it, and both from the rest', () => {
    const gauge = new Gauge();
    const tally = new PointTally(gauge.read);
    attempt(tally, gauge, 10);
    expect(tally.totals).toEqual([17]);
    expect(tally.parts()).toEqual([
      { point: 'Filter', plugin: 'Fit', perDecision: 10 },
      { point: 'rest', plugin: '', perDecision: 5 },
      { point: 'Filter', plugin: '', perDecision: 2 },
    ]);
  });

  it('takes the parts from the cheaper half of the attempts', () => {
    const gauge = new Gauge();
    const tally = new PointTally(gauge.read);
    for (const plugin of [10, 20, 30, 9_000, 9_000]) attempt(tally, gauge, plugin);
    expect(tally.parts()[0]).toEqual({ point: 'Filter', plugin: 'Fit', perDecision: 20 });
  });

  it('leaves out an attempt in which the gauge went backwards', () => {
    const gauge = new Gauge();
    const tally = new PointTally(gauge.read, { tolerance: 3 });
    attempt(tally, gauge, -4, { rest: 50 });
    attempt(tally, gauge, -60);
    expect(tally.totals).toEqual([]);
    attempt(tally, gauge, -2);
    expect(tally.totals).toEqual([5]);
  });
});
