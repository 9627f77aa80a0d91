import type { WeightedScore } from '../framework/profile.js';

/** One plugin's part of the table; `raw[i]` and `normalized[i]` are about `slots[i]` of the table. */
export interface ScoreColumn {
  readonly plugin: string;
  readonly weight: number;
  /** As the plugin gave them. */
  readonly raw: Float64Array;
  /** In 0 to 100: what counts, times the weight. The very array of `raw` for a plugin that does not normalise. */
  readonly normalized: Float64Array;
  /** All nodes have the same score, exact ones included: it tells no two of them apart. */
  isConstant: boolean;
}

/** What one node scored. */
export interface ChosenScore {
  readonly total: number;
  /** By plugin, weights included. */
  readonly parts: ReadonlyMap<string, number>;
}

interface Arrays {
  raw: Float64Array<ArrayBuffer>;
  normalized: Float64Array<ArrayBuffer>;
}

/** Scores of all nodes that fit, by plugin. One table serves all evaluations: what it says holds until the next one. */
export class ScoreTable {
  /** The first `length` entries are the nodes that were scored. */
  slots = new Int32Array(0);
  length = 0;
  /** Sum over plugins of normalised score times weight. */
  totals = new Float64Array(0);
  /** Plugins that ran, in order. */
  columns: ScoreColumn[] = [];
  /** Score plugins that PreScore left out. */
  skipped: readonly string[] = [];
  /** Places, not slots, of the nodes that share the highest total: the first `bestLength` entries. */
  best = new Int32Array(0);
  bestLength = 0;
  /** Working space of the choice among the best, as long as `best`: slots, exact totals, exact scores of one plugin. */
  tied = new Int32Array(0);
  exactTotals = new Float64Array(0);
  exactScores = new Float64Array(0);
  readonly #arrays: Arrays[] = [];

  /** Forgets the previous scores and takes over the nodes to score. */
  begin(slots: Int32Array, length: number, skipped: readonly string[]): void {
    if (this.slots.length < length) {
      this.slots = new Int32Array(length);
      this.totals = new Float64Array(length);
      this.best = new Int32Array(length);
      this.tied = new Int32Array(length);
      this.exactTotals = new Float64Array(length);
      this.exactScores = new Float64Array(length);
      this.#arrays.length = 0;
    }
    this.slots.set(length === slots.length ? slots : slots.subarray(0, length));
    this.length = length;
    this.columns = [];
    this.skipped = skipped;
    this.bestLength = 0;
  }

  /** Space for one more plugin, filled with 0. */
  addColumn({ plugin, weight, normalizer }: WeightedScore): ScoreColumn {
    const index = this.columns.length;
    let arrays = this.#arrays[index];
    if (arrays === undefined) {
      arrays = { raw: new Float64Array(this.slots.length), normalized: new Float64Array(this.slots.length) };
      this.#arrays[index] = arrays;
    }
    arrays.raw.fill(0, 0, this.length);
    const column = {
      plugin: plugin.name,
      weight,
      raw: arrays.raw,
      normalized: normalizer === undefined ? arrays.raw : arrays.normalized,
      isConstant: false,
    };
    this.columns.push(column);
    return column;
  }

  /** The scores of a node that is in the table. */
  scoreOf(slot: number): ChosenScore {
    const place = this.slots.indexOf(slot);
    return {
      total: this.totals[place]!,
      parts: new Map(
        this.columns.map(({ plugin, weight, normalized }) => [plugin, weight * normalized[place]!]),
      ),
    };
  }

  /** Finds the nodes that share the highest total. */
  findBest(): void {
    const { totals, length, best } = this;
    // Scores of extenders may be anything.
    let top = Number.NEGATIVE_INFINITY;
    let count = 0;
    for (let i = 0; i < length; i++) {
      const total = totals[i]!;
      if (total < top) continue;
      if (total > top) count = 0;
      top = total;
      best[count++] = i;
    }
    this.bestLength = count;
  }

  /** Slots of the nodes that share the highest total. */
  bestSlots(): number[] {
    return Array.from(this.best.subarray(0, this.bestLength), (place) => this.slots[place]!);
  }
}
