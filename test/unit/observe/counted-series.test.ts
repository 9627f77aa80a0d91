import { describe, expect, it } from '@jest/globals';
import { CounterSeries, HistogramSeries } from '../../../src/observe/counted-series.js';

describe('a counter', () => {
  it('with labels begins with its first update, even one by nothing', () => {
    const series = new CounterSeries({ code: '200' });
    expect(series.samples()).toEqual([]);
    series.inc(0);
    expect(series.samples()).toEqual([{ labels: { code: '200' }, value: 0 }]);
    series.inc();
    series.inc(2);
    expect(series.samples()).toEqual([{ labels: { code: '200' }, value: 3 }]);
  });

  it('without labels is there from the start', () => {
    expect(new CounterSeries({}).samples()).toEqual([{ labels: {}, value: 0 }]);
  });

  it.each([-1, Number.NaN])('refuses to go by %s', (by) => {
    expect(() => new CounterSeries({}).inc(by)).toThrow(RangeError);
  });
});

describe('a histogram', () => {
  it('counts what is within each bound, the bound itself included, and adds up', () => {
    const series = new HistogramSeries('seconds', [1, 2], { verb: 'GET' });
    expect(series.samples()).toEqual([]);
    for (const value of [0.5, 1, 2, 3]) series.observe(value);
    expect(series.samples()).toEqual([
      { metricName: 'seconds_bucket', labels: { le: 1, verb: 'GET' }, value: 2 },
      { metricName: 'seconds_bucket', labels: { le: 2, verb: 'GET' }, value: 3 },
      { metricName: 'seconds_bucket', labels: { le: '+Inf', verb: 'GET' }, value: 4 },
      { metricName: 'seconds_sum', labels: { verb: 'GET' }, value: 6.5 },
      { metricName: 'seconds_count', labels: { verb: 'GET' }, value: 4 },
    ]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses %s, which would spoil its sum for good',
    (value) => {
      expect(() => new HistogramSeries('seconds', [1], {}).observe(value)).toThrow(RangeError);
    },
  );
});
