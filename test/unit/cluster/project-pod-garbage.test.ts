import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createNodeProjector } from '../../../src/cluster/project-node.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';
import { mutated, outcome } from './garbage.js';
import { rawNode } from './raw-node.js';
import { rawPod } from './raw-pod.js';

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
