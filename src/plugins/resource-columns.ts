import type { NodeTable } from '../cluster/node-table.js';
import type { Requests } from '../cluster/requests.js';
import { cpu, ephemeralStorage, isScalar, memory } from '../cluster/resource-names.js';

/** One configured resource. */
export interface WeightedResource {
  readonly name: string;
  readonly weight: number;
}

/** One resource of one cycle: columns by slot, and what the pod wants of it. */
export interface ResourceColumns {
  readonly weight: number;
  readonly capacity: Float64Array;
  readonly used: Float64Array;
  readonly want: number;
}

export interface ColumnOptions {
  /** Count cpu and memory of containers that ask for nothing at their defaults. */
  readonly nonZero: boolean;
}

/**
 * The resources that count for a pod, in configured order: scalars that it does not ask for are left out, as are names that no
 * node can offer.
 */
export function resourceColumns(
  nodes: NodeTable,
  resources: readonly WeightedResource[],
  requests: Requests,
  { nonZero }: ColumnOptions,
): ResourceColumns[] {
  const columns: ResourceColumns[] = [];
  for (const { name, weight } of resources) {
    const want = wanted(requests, name);
    if (want === 0 && isScalar(name)) continue;
    const pair = capacityAndUse(nodes, name, nonZero);
    if (pair !== undefined) columns.push({ weight, want, ...pair });
  }
  return columns;
}

export function wanted(requests: Requests, name: string): number {
  switch (name) {
    case cpu:
      return requests.cpu;
    case memory:
      return requests.memory;
    case ephemeralStorage:
      return requests.ephemeralStorage;
    default:
      return requests.scalars.get(name) ?? 0;
  }
}

function capacityAndUse(
  nodes: NodeTable,
  name: string,
  nonZero: boolean,
): Pick<ResourceColumns, 'capacity' | 'used'> | undefined {
  switch (name) {
    case cpu:
      return { capacity: nodes.allocatableCpu, used: nonZero ? nodes.nonZeroCpu : nodes.requestedCpu };
    case memory:
      return {
        capacity: nodes.allocatableMemory,
        used: nonZero ? nodes.nonZeroMemory : nodes.requestedMemory,
      };
    case ephemeralStorage:
      return { capacity: nodes.allocatableEphemeral, used: nodes.requestedEphemeral };
    default: {
      const capacity = nodes.scalarAllocatable(name);
      const used = nodes.scalarRequested(name);
      return capacity === undefined || used === undefined ? undefined : { capacity, used };
    }
  }
}
