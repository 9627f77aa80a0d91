import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../oracle/case.js';
import { generate } from '../../oracle/generate/generate.js';
import { focuses } from '../../oracle/generate/world.js';

const seeds = Array.from({ length: 40 }, (_, index) => 1000 + index);
const cases = seeds.map((seed) => generate(seed).case);
const ofKind = (objects: readonly Manifest[], wanted: string) =>
  objects.filter(({ kind }) => kind === wanted);

describe('made-up cases', () => {
  it('are the same for the same seed, and others for others', () => {
    expect(generate(7)).toEqual(generate(7));
    expect(JSON.stringify(generate(7))).not.toBe(JSON.stringify(generate(8)));
  });

  it('are about everything', () => {
    expect(new Set(cases.map(({ profile }) => profile))).toEqual(new Set(focuses));
  });

  it('name every object once', () => {
    for (const { objects, pending } of cases) {
      const names = [...objects, ...pending].map(
        ({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`,
      );
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });

  it('have pods of profiles that exist alone', () => {
    for (const { config, pending } of cases) {
      const names = config?.profiles.map(({ schedulerName }: Manifest) => schedulerName) ?? [
        'default-scheduler',
      ];
      for (const { spec } of pending) expect(names).toContain(spec.schedulerName);
    }
  });

  it('leave neither the order of victims nor the choice of a volume to chance', () => {
    for (const { objects } of cases) {
      const starts = ofKind(objects, 'Pod')
        .filter(({ spec }) => spec.nodeName !== undefined)
        .map(({ status }) => status.startTime);
      expect(new Set(starts).size).toBe(starts.length);
      const capacities = ofKind(objects, 'PersistentVolume').map(({ spec }) => spec.capacity.storage);
      expect(new Set(capacities).size).toBe(capacities.length);
    }
  });
});
