import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { Pod, PodSpec } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { RowScorePlugin } from '../framework/plugin.js';

/* Looked up once: the loops below run for every node. */
const { max, min, trunc } = Math;

export const imageLocality = 'ImageLocality';

const highest = 100;
const mebibyte = 1024 * 1024;
/** Fewer bytes already there than this are no advantage. */
const floor = 23 * mebibyte;
/** More bytes for each container than this are no further advantage. */
const ceilingOfOne = 1000 * mebibyte;

/**
 * Prefers nodes that have the pod's images, counted by size. An image that few nodes have counts for less, so that a pod is not
 * drawn to the one node that happens to have it.
 */
export class ImageLocality implements RowScorePlugin {
  readonly name = imageLocality;
  readonly events = [];
  /** By slot. */
  #bytes = new Float64Array(0);

  scoreRows({ nodes }: Cycle, { spec }: Pod, rows: Rows, scores: Float64Array): void {
    this.#score(nodes, spec, rows, scores, trunc);
  }

  exactScoreRows({ nodes }: Cycle, { spec }: Pod, rows: Rows, scores: Float64Array): void {
    this.#score(nodes, spec, rows, scores, (value) => value);
  }

  #score(
    nodes: NodeTable,
    spec: PodSpec,
    { slots, length }: Rows,
    scores: Float64Array,
    cut: (value: number) => number,
  ): void {
    if (!this.#addUp(nodes, spec.images, cut)) return;
    const bytes = this.#bytes;
    const ceiling = ceilingOfOne * spec.imageCount;
    for (let i = 0; i < length; i++) {
      const sum = min(max(bytes[slots[i]!]!, floor), ceiling);
      scores[i] = cut((highest * (sum - floor)) / (ceiling - floor));
    }
  }

  /** Bytes of the pod's images by node; false when no node has any of them. */
  #addUp(nodes: NodeTable, images: readonly string[], cut: (value: number) => number): boolean {
    let found = false;
    for (const image of images) {
      const entry = nodes.images.get(image);
      if (entry === undefined) continue;
      if (!found) this.#clear(nodes.capacity);
      found = true;
      const worth = cut(entry.sizeBytes * (entry.slots.size / nodes.nodeCount));
      for (const slot of entry.slots) this.#bytes[slot]! += worth;
    }
    return found;
  }

  #clear(capacity: number): void {
    if (this.#bytes.length < capacity) this.#bytes = new Float64Array(capacity);
    else this.#bytes.fill(0);
  }
}
