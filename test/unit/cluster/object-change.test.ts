import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { Node } from '../../../src/cluster/node.js';
import { nodeChanges, podChanges } from '../../../src/cluster/object-change.js';
import { createNodeProjector } from '../../../src/cluster/project-node.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';
import { rawNode } from './raw-node.js';
import { rawPod, rawPodWith } from './raw-pod.js';

const node = createNodeProjector()(rawNode());
const pod = createPodProjector()(rawPod());

describe('what an update of a node changed', () => {
  it.each<[string, Partial<Node>, number]>([
    ['nothing but its version', { resourceVersion: '99' }, 0],
    ['its images', { images: [] }, 0],
    ['a cordon', { unschedulable: false }, Action.UpdateNodeTaint],
    ['its taints', { taints: node.taints.slice(1) }, Action.UpdateNodeTaint],
    ['the order of its taints', { taints: [...node.taints].reverse() }, Action.UpdateNodeTaint],
    ['a label', { labels: { ...node.labels, disk: 'hdd' } }, Action.UpdateNodeLabel],
    ['a label that vanished', { labels: { disk: 'ssd' } }, Action.UpdateNodeLabel],
    ['a label under another name', { labels: { ...node.labels, disk2: 'ssd' } }, Action.UpdateNodeLabel],
    ['an annotation', { annotations: {} }, Action.UpdateNodeAnnotation],
    ['a condition', { conditions: { ...node.conditions, Ready: 'Unknown' } }, Action.UpdateNodeCondition],
    ['room for pods', { allowedPods: 111 }, Action.UpdateNodeAllocatable],
    ['less cpu', { allocatable: { ...node.allocatable, cpu: 1 } }, Action.UpdateNodeAllocatable],
    ['more memory', { allocatable: { ...node.allocatable, memory: 2 ** 40 } }, Action.UpdateNodeAllocatable],
    [
      'devices that vanished',
      { allocatable: { ...node.allocatable, scalars: new Map() } },
      Action.UpdateNodeAllocatable,
    ],
    ['the order of features', { declaredFeatures: ['B', 'A'] }, Action.UpdateNodeDeclaredFeature],
    [
      'whom a resize may preempt',
      { podPreemptionPolicy: '{"disableResizePreemption":"Always"}' },
      Action.UpdateNodePreemptionPolicy,
    ],
    [
      'several aspects',
      { labels: {}, annotations: {} },
      Action.UpdateNodeLabel | Action.UpdateNodeAnnotation,
    ],
  ])('is seen: %s', (_, change, expected) => {
    expect(nodeChanges(node, { ...node, ...change })).toBe(expected);
  });

  it('is no reason to try pods again when the node is cordoned', () => {
    expect(nodeChanges({ ...node, unschedulable: false }, node)).toBe(0);
  });

  it('is nothing for the same report decoded twice', () => {
    expect(nodeChanges(node, createNodeProjector()(rawNode()))).toBe(0);
  });
});

describe('what an update of a pod changed', () => {
  const changed = (path: string, value: unknown) =>
    podChanges(pod, createPodProjector()(rawPodWith(path, value)));
  const requests = 'spec.containers.0.resources.requests';

  it.each<[string, string, unknown, number]>([
    ['a label', 'metadata.labels.app', 'api', Action.UpdatePodLabel],
    ['more memory', `${requests}.memory`, '9Gi', Action.UpdatePodScaleUp],
    ['less memory', `${requests}.memory`, '1Mi', Action.UpdatePodScaleDown],
    ['a toleration more', 'spec.tolerations', [{}, {}], Action.UpdatePodToleration],
    ['another toleration', 'spec.tolerations', [{ key: 'x' }], Action.Update],
    ['no gates left', 'spec.schedulingGates', [], Action.UpdatePodSchedulingGatesEliminated],
    ['one gate for another', 'spec.schedulingGates', [{ name: 'other' }], Action.Update],
    [
      'a claim made for it',
      'status.resourceClaimStatuses',
      [{ name: 'gpu', resourceClaimName: 'web-0-gpu' }],
      Action.UpdatePodGeneratedResourceClaim,
    ],
    [
      'a claim made for its devices',
      'status.extendedResourceClaimStatus',
      { resourceClaimName: 'web-0-extended' },
      Action.UpdatePodGeneratedResourceClaim,
    ],
    ['no claims made for it', 'status.resourceClaimStatuses', [], Action.Update],
    ['nothing specific', 'metadata.resourceVersion', '77', Action.Update],
  ])('is seen: %s', (_, path, value, expected) => {
    expect(changed(path, value)).toBe(expected);
  });

  it('may be growth and shrinkage at once', () => {
    const { scalars } = pod.accounted;
    const both = { ...pod, accounted: { cpu: 0, memory: 2 ** 40, ephemeralStorage: 0, scalars } };
    expect(podChanges(pod, both)).toBe(Action.UpdatePodScaleDown | Action.UpdatePodScaleUp);
  });

  it('is a shrinkage when a device vanishes, and growth when it appears', () => {
    const without = { ...pod, accounted: { ...pod.accounted, scalars: new Map() } };
    expect(podChanges(pod, without)).toBe(Action.UpdatePodScaleDown);
    expect(podChanges(without, pod)).toBe(Action.UpdatePodScaleUp);
  });
});
