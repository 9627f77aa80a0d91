import { describe, expect, it } from '@jest/globals';
import { RefusalSeries } from '../../../src/observe/refusal-series.js';

describe('the series that refusals are counted in', () => {
  it('keep plugin and reason as they are', () => {
    const series = new RefusalSeries();
    expect(series.labels({ plugin: 'NodeResourcesFit', reason: 'Insufficient cpu' })).toEqual([
      'NodeResourcesFit',
      'Insufficient cpu',
    ]);
  });

  it('are the same for all objects of a kind', () => {
    const series = new RefusalSeries();
    const [first, second] = ['data-0', 'data-1'].map((name) =>
      series.labels({ plugin: 'VolumeBinding', reason: `persistentvolumeclaim "${name}" not found` }),
    );
    expect(first).toEqual(['VolumeBinding', 'persistentvolumeclaim "…" not found']);
    expect(second).toEqual(first);
  });

  it('end somewhere, whatever a plugin says', () => {
    const series = new RefusalSeries();
    const labels = Array.from({ length: 1_000 }, (_, index) =>
      series.labels({ plugin: 'Chatty', reason: `at ${index}` }).join(),
    );
    expect(new Set(labels).size).toBe(201);
    expect(labels.at(-1)).toBe('Chatty,other');
    expect(labels[0]).toBe('Chatty,at 0');
  });
});
