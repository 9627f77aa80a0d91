export const zoneKey = 'topology.kubernetes.io/zone';

const zones = ['zone-a', 'zone-b', 'zone-c'] as const;

/** What one node has to offer, in cores; the spread of the load is a share of it. */
export const nodeCores = 16;

export function nodeName(index: number): string {
  return `node-${index}`;
}

/** A node of 16 cores and 64 GiB in one of three zones, with the labels of a node of a cloud; every second one has an SSD. */
export function nodeObject(index: number): object {
  const name = nodeName(index);
  const allocatable = { cpu: String(nodeCores), memory: '64Gi', 'ephemeral-storage': '200Gi', pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': `type-${index % 4}`,
        'topology.kubernetes.io/region': 'region',
        [zoneKey]: zones[index % zones.length]!,
        disk: index % 2 === 0 ? 'ssd' : 'hdd',
        rack: `rack-${index % 40}`,
      },
    },
    status: {
      allocatable,
      capacity: allocatable,
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the bench says so' }],
    },
  };
}
