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
/** More lists of images than templates plausibly take turns with; beyond it they are added up anew. */
const maxKept = 64;

type Cut = (value: number) => number;

/** Scores by slot for one list of images. */
interface Kept {
  readonly basis: string;
  /** 0 to 100. */
  readonly cut: Uint8Array;
  /** Worked out when nodes first tie. */
  exact?: Float64Array;
}

/**
 * Prefers nodes that have the pod's images, counted by size. An image that few nodes have counts for less, so that a pod is not
 * drawn to the one node that happens to have it.
 */
export class ImageLocality implements RowScorePlugin {
  readonly name = imageLocality;
  readonly events = [];
  /** By list of images. */
  readonly #kept = new Map<string, Kept>();
  #nodes: NodeTable | undefined;

  judgesByRow(): boolean {
    return true;
  }

  /** A node more or less changes what an image is worth on all others, and so does every node that gets or loses it. */
  scoreBasis({ nodes }: Cycle, { spec }: Pod): string {
    return basisOf(nodes, spec.images);
  }

  scoreRows({ nodes }: Cycle, { spec }: Pod, rows: Rows, scores: Float64Array): 'constant' | undefined {
    if (!areAnywhere(spec.images, nodes)) return 'constant';
    copyTo(rows, this.#keptFor(nodes, spec).cut, scores);
    return undefined;
  }

  exactScoreRows({ nodes }: Cycle, { spec }: Pod, rows: Rows, scores: Float64Array): void {
    if (!areAnywhere(spec.images, nodes)) return;
    const kept = this.#keptFor(nodes, spec);
    kept.exact ??= scoresBySlot(nodes, spec, (value) => value);
    copyTo(rows, kept.exact, scores);
  }

  #keptFor(nodes: NodeTable, spec: PodSpec): Kept {
    if (this.#nodes !== nodes) this.#kept.clear();
    this.#nodes = nodes;
    const key = `${spec.imageCount}\n${spec.images.join('\n')}`;
    const basis = `${basisOf(nodes, spec.images)} ${nodes.capacity}`;
    let kept = this.#kept.get(key);
    if (kept?.basis !== basis) {
      if (this.#kept.size >= maxKept) this.#kept.clear();
      kept = { basis, cut: new Uint8Array(scoresBySlot(nodes, spec, trunc)) };
      this.#kept.set(key, kept);
    }
    return kept;
  }
}

function basisOf(nodes: NodeTable, images: readonly string[]): string {
  let basis = String(nodes.nodeCount);
  for (const image of images) basis += ` ${nodes.images.get(image)?.version ?? ''}`;
  return basis;
}

function areAnywhere(images: readonly string[], nodes: NodeTable): boolean {
  for (const image of images) if (nodes.images.get(image) !== undefined) return true;
  return false;
}

function copyTo({ slots, length }: Rows, bySlot: Uint8Array | Float64Array, scores: Float64Array): void {
  for (let i = 0; i < length; i++) scores[i] = bySlot[slots[i]!]!;
}

function scoresBySlot(nodes: NodeTable, { images, imageCount }: PodSpec, cut: Cut): Float64Array {
  const scores = bytesBySlot(nodes, images, cut);
  const ceiling = ceilingOfOne * imageCount;
  for (let slot = 0; slot < scores.length; slot++) {
    const sum = min(max(scores[slot]!, floor), ceiling);
    scores[slot] = cut((highest * (sum - floor)) / (ceiling - floor));
  }
  return scores;
}

/** What is there already of the images, weighed by how common each is. */
function bytesBySlot(nodes: NodeTable, images: readonly string[], cut: Cut): Float64Array {
  const bytes = new Float64Array(nodes.capacity);
  for (const image of images) {
    const entry = nodes.images.get(image);
    if (entry === undefined) continue;
    const worth = cut(entry.sizeBytes * (entry.slots.size / nodes.nodeCount));
    for (const slot of entry.slots) bytes[slot]! += worth;
  }
  return bytes;
}
