import type { ObjectManifest } from './scenario.js';

const OFFERED = { cpu: '8', memory: '32Gi', 'ephemeral-storage': '100Gi', pods: '110' };

/** A scenario's node with what its kubelet would add, kept alive by KWOK; what the scenario says comes first. */
export function nodeManifest(node: ObjectManifest): ObjectManifest {
  const { name, labels, annotations } = node.metadata;
  const allocatable = { ...OFFERED, ...(node.status?.allocatable as object | undefined) };
  return {
    ...node,
    metadata: {
      ...node.metadata,
      annotations: { 'kwok.x-k8s.io/node': 'fake', ...annotations },
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        ...labels,
      },
    },
    status: { ...node.status, allocatable, capacity: allocatable },
  };
}
