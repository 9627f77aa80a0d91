import { describe, expect, it } from '@jest/globals';
import { createNodeProjector } from '../../../src/cluster/project-node.js';
import { ProjectionError } from '../../../src/cluster/projection-error.js';
import { rawNode } from './raw-node.js';

const withStatus = (status: unknown) => ({ metadata: { name: 'n' }, status });

describe('a projected node', () => {
  it('holds what decisions read and nothing else', () => {
    expect(createNodeProjector()(rawNode())).toEqual({
      uid: 'uid-0',
      name: 'node-0',
      resourceVersion: '1',
      labels: { 'topology.kubernetes.io/zone': 'zone-a', disk: 'ssd' },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
      taints: [
        { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' },
      ],
      unschedulable: true,
      podPreemptionPolicy: '',
      allocatable: {
        cpu: 3920,
        memory: 7 * 2 ** 30,
        ephemeralStorage: 47093746742,
        scalars: new Map([
          ['hugepages-2Mi', 0],
          ['example.com/gpu', 2],
        ]),
      },
      allowedPods: 110,
      images: [
        { names: ['web@sha256:00', 'web:1.2'], sizeBytes: 123456789 },
        { names: [], sizeBytes: 5 },
      ],
      declaredFeatures: ['A', 'B'],
      conditions: { MemoryPressure: 'False', Ready: 'True' },
    });
  });

  it('offers nothing before its kubelet has reported', () => {
    const node = createNodeProjector()({ metadata: { name: 'n' } });
    expect(node.allocatable).toEqual({ cpu: 0, memory: 0, ephemeralStorage: 0, scalars: new Map() });
    expect([node.allowedPods, node.taints, node.images, node.labels]).toEqual([0, [], [], {}]);
  });

  it('shares images with the other nodes that report them', () => {
    const project = createNodeProjector();
    const [first, second] = [project(rawNode(1)), project(rawNode(2))];
    expect(second.images[0]).toBe(first.images[0]);
    expect(Object.isFrozen(first.images[0])).toBe(true);
    const resized = withStatus({ images: [{ names: ['web@sha256:00', 'web:1.2'], sizeBytes: 1 }] });
    expect(project(resized).images).toEqual([{ names: ['web@sha256:00', 'web:1.2'], sizeBytes: 1 }]);
  });

  it('tells images apart that have their first name in common', () => {
    const images = [
      { names: ['web', 'web:1'], sizeBytes: 1 },
      { names: ['web', 'web:2'], sizeBytes: 1 },
      { names: ['web', 'web:1'], sizeBytes: 2 },
      { names: ['web'], sizeBytes: 1 },
      { names: ['web', 'web:1', 'web:2'], sizeBytes: 1 },
    ];
    const project = createNodeProjector();
    const first = project(withStatus({ images })).images;
    const again = project(withStatus({ images: images.toReversed() })).images;
    expect(first).toEqual(images);
    expect(again.every((image, i) => image === first[images.length - 1 - i])).toBe(true);
  });

  it.each<[unknown, string]>([
    [{}, 'Node ?: metadata: expected an object, found nothing'],
    [{ metadata: { name: '' } }, 'Node ?: metadata.name: expected a non-empty string, found ""'],
    [withStatus([]), 'Node n: status: expected an object, found a list of 0'],
    [
      withStatus({ allocatable: { pods: 'many' } }),
      'Node n: status.allocatable["pods"]: expected a quantity, found "many"',
    ],
    [
      withStatus({ images: [{ names: [1] }] }),
      'Node n: status.images[0].names[0]: expected a string, found 1',
    ],
  ])('is refused when a field has the wrong type: %j', (raw, message) => {
    expect(() => createNodeProjector()(raw)).toThrow(ProjectionError);
    expect(() => createNodeProjector()(raw)).toThrow(message);
  });
});
