import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { makeNode, makePod } from '../../build-objects.js';

/*
 * Clusters that benches run on. Everything follows from the number of nodes, so that two runs measure the same.
 */

export const zones = ['zone-a', 'zone-b', 'zone-c'] as const;

/** Apps that the pods on the nodes belong to. */
const apps = 50;

export function nodeName(index: number): string {
  return `node-${index}`;
}

export function zoneOf(index: number): string {
  return zones[index % zones.length]!;
}

/** Nodes of 8 cores and 32 GiB in three zones; every second one has an SSD, every tenth is kept for others by a taint. */
export function benchNodes(count: number): Node[] {
  return Array.from({ length: count }, (_, index) =>
    makeNode({
      name: nodeName(index),
      labels: {
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': `type-${index % 4}`,
        'topology.kubernetes.io/region': 'region',
        'topology.kubernetes.io/zone': zoneOf(index),
        disk: index % 2 === 0 ? 'ssd' : 'hdd',
        rack: `rack-${index % 40}`,
      },
      metadata: { annotations: { 'example.com/preference': String(index % 101) } },
      allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
      status: { images: imagesOf(index) },
      ...(index % 10 === 9 ? { taints: [{ key: 'dedicated', value: 'others', effect: 'NoSchedule' }] } : {}),
    }),
  );
}

/** Ten images on every node; one node in four has the image of the pods. */
function imagesOf(index: number) {
  const others = Array.from({ length: 10 }, (_, image) => `registry.example/other-${(index + image) % 60}:1`);
  const names = index % 4 === 0 ? ['registry.example/app:1', ...others] : others;
  return names.map((name) => ({ names: [name], sizeBytes: 200 * 1024 * 1024 }));
}

/** Two pods on every node: what a scheduler finds that is not new. Every fifth of them wishes to be apart from its own kind. */
export function boundPods(nodes: number): Pod[] {
  return Array.from({ length: 2 * nodes }, (_, index) => {
    const app = `app-${index % apps}`;
    return makePod({
      name: `bound-${index}`,
      labels: { app, tier: index % 3 === 0 ? 'web' : 'batch' },
      requests: { cpu: `${100 * (1 + (index % 5))}m`, memory: `${256 * (1 + (index % 4))}Mi` },
      nodeName: nodeName(index % nodes),
      ...(index % 5 === 0 ? { spec: { affinity: apart({ app }) } } : {}),
    });
  });
}

/** An affinity that wishes pods with the labels onto other nodes. */
export function apart(matchLabels: Readonly<Record<string, string>>) {
  const podAffinityTerm = { labelSelector: { matchLabels }, topologyKey: 'kubernetes.io/hostname' };
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm }],
    },
  };
}
