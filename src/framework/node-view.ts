import type { Node } from '../cluster/node.js';
import type { NodeTable } from '../cluster/node-table.js';
import type { Labels, Pod } from '../cluster/pod.js';

/**
 * One row of the node table, as authors of per-node plugins see it. The view is moved from node to node: read from it, do not
 * keep it.
 */
export class NodeView {
  readonly #nodes: NodeTable;
  #slot = 0;

  constructor(nodes: NodeTable) {
    this.#nodes = nodes;
  }

  /** Points the view at another row. */
  moveTo(slot: number): this {
    this.#slot = slot;
    return this;
  }

  get slot(): number {
    return this.#slot;
  }

  get name(): string {
    return this.#nodes.nameAt(this.#slot);
  }

  get node(): Node {
    return this.#nodes.nodeAt(this.#slot)!;
  }

  get labels(): Labels {
    return this.node.labels;
  }

  get annotations(): Labels {
    return this.node.annotations;
  }

  /** Bound and assumed pods. */
  get pods(): Iterable<Pod> {
    return this.#nodes.podsAt(this.#slot).values();
  }

  get podCount(): number {
    return this.#nodes.podCount[this.#slot]!;
  }

  /** What the node offers: milli-cores for cpu, else base units; 0 when it does not offer the resource. */
  allocatable(resource: string): number {
    switch (resource) {
      case 'cpu':
        return this.#nodes.allocatableCpu[this.#slot]!;
      case 'memory':
        return this.#nodes.allocatableMemory[this.#slot]!;
      case 'ephemeral-storage':
        return this.#nodes.allocatableEphemeral[this.#slot]!;
      case 'pods':
        return this.#nodes.allowedPods[this.#slot]!;
      default:
        return this.#nodes.scalarAllocatable(resource)?.[this.#slot] ?? 0;
    }
  }

  /** What bound and assumed pods ask for, in the units of `allocatable`. */
  requested(resource: string): number {
    switch (resource) {
      case 'cpu':
        return this.#nodes.requestedCpu[this.#slot]!;
      case 'memory':
        return this.#nodes.requestedMemory[this.#slot]!;
      case 'ephemeral-storage':
        return this.#nodes.requestedEphemeral[this.#slot]!;
      case 'pods':
        return this.#nodes.podCount[this.#slot]!;
      default:
        return this.#nodes.scalarRequested(resource)?.[this.#slot] ?? 0;
    }
  }
}
