import { expect } from '@jest/globals';
import fc from 'fast-check';
import { ProjectionError } from '../../../src/cluster/projection-error.js';

const badPieces: unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  1e308,
  true,
  '',
  'abc',
  '1Gi',
  '-5',
  '2026-13-45T99:99:99Z',
  [],
  [null],
  [[]],
  {},
  { requests: 5 },
  JSON.parse('{"__proto__": {"name": "x"}, "constructor": 1, "toJSON": "x", "toString": null}'),
];
const badPiece = fc.oneof(fc.constantFrom(...badPieces), fc.jsonValue({ maxDepth: 3 }));

/** All places in a decoded object, as paths. */
function places(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]))];
}

function replaced(raw: unknown, path: readonly string[], piece: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return piece;
  if (typeof raw !== 'object' || raw === null) return raw;
  const copy = (Array.isArray(raw) ? [...raw] : { ...raw }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, piece);
  return copy;
}

/** The object with some of its parts replaced by what does not belong there. */
export const mutated = (raw: unknown): fc.Arbitrary<unknown> =>
  fc
    .array(fc.tuple(fc.constantFrom(...places(raw)), badPiece), { minLength: 1, maxLength: 4 })
    .map((changes) => changes.reduce((object, [path, piece]) => replaced(object, path, piece), raw));

/** Throws when the projector throws anything but a ProjectionError of one line. */
export function outcome(project: (raw: unknown) => unknown, raw: unknown): 'projected' | 'refused' {
  try {
    project(raw);
    return 'projected';
  } catch (error) {
    if (!(error instanceof ProjectionError)) throw error;
    expect(error.message).not.toMatch(/[\n\r]/);
    expect(error.message.length).toBeLessThan(1200);
    return 'refused';
  }
}
