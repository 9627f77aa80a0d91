import { quantityMilliValue } from '../../../src/kube/quantity.js';

export interface PlacedPod {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
    }[];
  };
}

export interface PlacementQuality {
  /** Nodes with at least one of the pods. */
  readonly nodesUsed: number;
  /** Standard deviation over all nodes of the requested share of their processors, in percent of a node. */
  readonly cpuDeviation: number;
}

/** How pods lie on `nodes` nodes of `cores` each, by what they request. */
export function placementQuality(
  pods: Iterable<PlacedPod>,
  { nodes, cores }: { readonly nodes: number; readonly cores: number },
): PlacementQuality {
  const milliByNode = new Map<string, number>();
  for (const { spec } of pods) {
    if (spec.nodeName === undefined) continue;
    const before = milliByNode.get(spec.nodeName) ?? 0;
    milliByNode.set(spec.nodeName, before + requestedMilli(spec.containers));
  }
  const shares = Array.from(milliByNode.values(), (milli) => (100 * milli) / (1000 * cores));
  const mean = shares.reduce((sum, share) => sum + share, 0) / nodes;
  // The nodes without pods are as far from the mean as the mean is from nothing.
  const squares = shares.reduce(
    (sum, share) => sum + (share - mean) ** 2,
    (nodes - shares.length) * mean ** 2,
  );
  return { nodesUsed: milliByNode.size, cpuDeviation: Math.sqrt(squares / nodes) };
}

function requestedMilli(containers: PlacedPod['spec']['containers']): number {
  return containers.reduce(
    (sum, { resources }) => sum + quantityMilliValue(resources?.requests?.cpu ?? '0'),
    0,
  );
}
