import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../controlplane/control-plane.js';
import { createKwokNode, isUsable, type KwokNode, type Node } from '../controlplane/kwok-node.js';
import { AUDIT_POLICY, installBerth } from './berth-installation.js';

export interface TestCluster {
  readonly plane: ControlPlane;
  /** Of Berth's ServiceAccount. */
  readonly kubeconfig: string;
}

/** A control plane with Berth's manifests applied and an audit log, and these nodes ready for pods. */
export async function startCluster(
  nodes: readonly KwokNode[],
  options: ControlPlaneOptions = {},
): Promise<TestCluster> {
  const plane = await startControlPlane({ auditPolicy: AUDIT_POLICY, ...options });
  try {
    const kubeconfig = await installBerth(plane);
    await Promise.all(nodes.map((node) => createKwokNode(plane.api, node)));
    await nodesUsable(plane, nodes.length);
    return { plane, kubeconfig };
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** Waits until `count` nodes are Ready and free of the taints of nodes that are not. */
export async function nodesUsable(plane: ControlPlane, count: number, withinMs = 60_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const { items } = await plane.api.list<Node>('/api/v1/nodes');
    const usable = items.filter(isUsable).length;
    if (usable >= count) return;
    if (Date.now() > deadline) throw new Error(`${usable} of ${count} nodes are usable after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** `count` nodes alike, named `<name>-0` and so on. */
export function nodeGroup(count: number, node: KwokNode): KwokNode[] {
  return Array.from({ length: count }, (_, index) => ({ ...node, name: `${node.name}-${index}` }));
}
