import type { ControlPlane } from '../controlplane/control-plane.js';
import { createKwokNode, type KwokNode } from '../controlplane/kwok-node.js';
import { nodeGroup, nodesUsable } from './cluster-setup.js';
import type { PodOrder } from './workload.js';

const FAKE = { key: 'example.com/fake', effect: 'NoSchedule' } as const;

/** Makes a pod one for nodes that exist on paper only; they keep away all others, which are to run. */
export const ON_FAKE_NODES = {
  spec: { nodeSelector: { type: 'kwok' }, tolerations: [{ ...FAKE, operator: 'Exists' }] },
} satisfies Omit<PodOrder, 'name'>;

export async function addFakeNodes(
  plane: ControlPlane,
  count: number,
  node: KwokNode = { name: 'fake' },
): Promise<void> {
  const nodes = nodeGroup(count, { ...node, taints: [FAKE] });
  await Promise.all(nodes.map((one) => createKwokNode(plane.api, one)));
  await nodesUsable(plane, count);
}
