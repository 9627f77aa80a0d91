import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createNodeProjector } from '../../../src/cluster/project-node.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';
import { ProjectionError } from '../../../src/cluster/projection-error.js';
import { rawNode } from './raw-node.js';
import { rawPod } from './raw-pod.js';

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

const mutated = (raw: unknown) =>
  fc
    .array(fc.tuple(fc.constantFrom(...places(raw)), badPiece), { minLength: 1, maxLength: 4 })
    .map((changes) => changes.reduce((object, [path, piece]) => replaced(object, path, piece), raw));

function outcome(project: (raw: unknown) => unknown, raw: unknown): string {
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

describe('garbage in a decoded object', () => {
  it.each([
    ['pod', createPodProjector(), rawPodWithStatus()],
    ['node', createNodeProjector(), rawNode()],
  ])(
    'makes a %s refused with a ProjectionError or is overlooked, and never anything else',
    (_, project, raw) => {
      const seen = new Map<string, number>();
      fc.assert(
        fc.property(mutated(raw), (garbage) => {
          const result = outcome(project, garbage);
          seen.set(result, (seen.get(result) ?? 0) + 1);
        }),
        { numRuns: 1500 },
      );
      expect([...seen.keys()].sort()).toEqual(['projected', 'refused']);
    },
  );

  it('of any shape is refused', () => {
    const project = createPodProjector();
    fc.assert(
      fc.property(fc.jsonValue(), (garbage) => {
        expect(outcome(project, garbage)).toBe('refused');
      }),
      { numRuns: 300 },
    );
  });

  it('in one pod does not show in the next of its template', () => {
    fc.assert(
      fc.property(mutated(rawPod()), (garbage) => {
        const project = createPodProjector();
        outcome(project, garbage);
        const { spec, ...pod } = project(rawPod(1));
        const { spec: cleanSpec, ...clean } = createPodProjector()(rawPod(1));
        expect(pod).toEqual(clean);
        expect({ ...spec, id: 0 }).toEqual({ ...cleanSpec, id: 0 });
      }),
      { numRuns: 200 },
    );
  });
});

function rawPodWithStatus(): unknown {
  const raw = rawPod();
  const requests = { cpu: '1', memory: '1Gi' };
  Object.assign(raw.status as object, {
    resources: { requests },
    allocatedResources: requests,
    containerStatuses: [{ name: 'web', allocatedResources: requests, resources: { requests } }],
  });
  return raw;
}
