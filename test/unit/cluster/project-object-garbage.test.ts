import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { objectKinds } from '../../../src/scheduler/object-kinds.js';
import { mutated, outcome } from './garbage.js';
import { rawObjects } from './raw-objects.js';

describe('garbage in objects that decisions ask about', () => {
  it.each(objectKinds.map(({ kind, project }) => [kind, project] as const))(
    'makes a %s refused with a ProjectionError or is overlooked, and never anything else',
    (kind, project) => {
      const seen = new Set<string>();
      fc.assert(
        fc.property(mutated(rawObjects().find((object) => object.kind === kind)), (garbage) => {
          seen.add(outcome(project, garbage));
        }),
        { numRuns: 400 },
      );
      expect([...seen].sort()).toEqual(['projected', 'refused']);
    },
  );

  it.each(objectKinds.map(({ kind, project }) => [kind, project] as const))(
    'of any shape is refused as a %s',
    (_, project) => {
      fc.assert(
        fc.property(fc.jsonValue(), (garbage) => {
          expect(outcome(project, garbage)).toBe('refused');
        }),
        { numRuns: 50 },
      );
    },
  );
});
