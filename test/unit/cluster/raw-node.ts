/** A node as its kubelet reports it. */
export function rawNode(n = 0): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${n}`,
      uid: `uid-${n}`,
      resourceVersion: `${n + 1}`,
      labels: { 'topology.kubernetes.io/zone': 'zone-a', disk: 'ssd' },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
      managedFields: [{ manager: 'kubelet' }],
    },
    spec: {
      podCIDR: '10.0.0.0/24',
      unschedulable: true,
      taints: [
        { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: '2026-01-02T03:04:05Z' },
      ],
    },
    status: {
      capacity: { cpu: '4' },
      allocatable: {
        cpu: '3920m',
        memory: '7Gi',
        'ephemeral-storage': '47093746742',
        'hugepages-2Mi': '0',
        'example.com/gpu': '2',
        storage: '1Ti',
        pods: '110',
      },
      conditions: [
        { type: 'MemoryPressure', status: 'False', lastHeartbeatTime: '2026-01-02T03:04:05Z' },
        { type: 'Ready', status: 'True', reason: 'KubeletReady' },
      ],
      images: [
        { names: ['web@sha256:00', 'web:1.2'], sizeBytes: 123456789 },
        { names: null, sizeBytes: 5 },
      ],
      declaredFeatures: ['A', 'B'],
      nodeInfo: { kubeletVersion: 'v1.37.1' },
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    },
  };
}
