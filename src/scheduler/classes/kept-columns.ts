import type { WeightedScore } from '../../framework/profile.js';
import { scaledByHighest } from '../../framework/scale-by-highest.js';

/** More different raw scores than anything plausible has. */
const highestCounted = 1 << 16;

/** Scores of one plugin by place, for one that does not normalise: 0 to 100. */
export interface PlainColumn {
  readonly kind: 'plain';
  readonly score: WeightedScore;
  readonly raw: Uint8Array;
}

export type KeptColumn = PlainColumn | ScaledColumn;

/** Scores of a plugin that normalises by its highest: counts them, because the highest may go. */
export class ScaledColumn {
  readonly kind = 'scaled';
  readonly score: WeightedScore;
  /** By place; -1 for a row that does not pass. */
  readonly raw: Int32Array;
  /** Of the rows that pass. */
  highest = 0;
  readonly #reverse: boolean;
  /** By score, how many rows that pass have it. */
  #counts = new Int32Array(128);

  constructor(score: WeightedScore, length: number) {
    this.score = score;
    this.raw = new Int32Array(length).fill(-1);
    this.#reverse = score.normalizer?.byHighest?.reverse === true;
  }

  /** The row passes, and scores that. Throws on what cannot be counted. */
  set(place: number, value: number): void {
    if (this.raw[place] === value) return;
    this.unset(place);
    if (!(Number.isInteger(value) && value >= 0 && value < highestCounted))
      throw new RangeError(`a score of ${value} cannot be kept`);
    if (value >= this.#counts.length) this.#grow(value);
    this.raw[place] = value;
    this.#counts[value]! += 1;
    if (value > this.highest) this.highest = value;
  }

  /** The row passes no more. */
  unset(place: number): void {
    const value = this.raw[place]!;
    if (value === -1) return;
    this.raw[place] = -1;
    this.#counts[value]! -= 1;
    while (this.highest > 0 && this.#counts[this.highest] === 0) this.highest -= 1;
  }

  /** What every row has, normalised, while the highest score is 0. */
  get level(): number {
    return scaledByHighest(0, 0, this.#reverse);
  }

  /** Normalised. */
  scaled(place: number): number {
    return scaledByHighest(this.raw[place]!, this.highest, this.#reverse);
  }

  #grow(value: number): void {
    const counts = new Int32Array(Math.max(value + 1, 2 * this.#counts.length));
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

/** What counts in totals, before it is weighed. */
export function normalizedAt(column: KeptColumn, place: number): number {
  return column.kind === 'scaled' ? column.scaled(place) : column.raw[place]!;
}
