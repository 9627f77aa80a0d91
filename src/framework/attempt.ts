import type { Pod } from '../cluster/pod.js';
import type { Cycle, StateKey } from './cycle.js';
import { NodeView } from './node-view.js';

/** One attempt to place one pod, as plugins of users see it: the nodes as they are now, and a place for notes between extension points. */
export class Attempt {
  readonly #cycle: Cycle;

  constructor(cycle: Cycle) {
    this.#cycle = cycle;
  }

  get pod(): Pod {
    return this.#cycle.pod;
  }

  /** Nodes in the cluster. */
  get nodeCount(): number {
    return this.#cycle.nodes.nodeCount;
  }

  /** All nodes, zones taking turns. One view moves from node to node: read from it, do not keep it. */
  *nodes(): Generator<NodeView> {
    const { nodes } = this.#cycle;
    const { slots, length } = nodes.rows();
    const view = new NodeView(nodes);
    for (let i = 0; i < length; i++) yield view.moveTo(slots[i]!);
  }

  /** The node of that name; undefined when there is none. */
  node(name: string): NodeView | undefined {
    const { nodes } = this.#cycle;
    const slot = nodes.slotOf(name);
    return slot === undefined || nodes.nodeAt(slot) === undefined
      ? undefined
      : new NodeView(nodes).moveTo(slot);
  }

  /** Keeps a note for the extension points that come later in this attempt. */
  write<T>(key: StateKey<T>, value: T): void {
    this.#cycle.write(key, value);
  }

  /** What was noted. Throws when nothing was. */
  read<T>(key: StateKey<T>): T {
    return this.#cycle.read(key);
  }

  find<T>(key: StateKey<T>): T | undefined {
    return this.#cycle.find(key);
  }
}
