import type { NodeTable, Rows } from '../../cluster/node-table.js';
import type { Cycle } from '../../framework/cycle.js';
import type { WeightedScore } from '../../framework/profile.js';
import type { EvaluationObserver } from '../evaluation-observer.js';
import type { EvaluationSpace } from '../evaluation-space.js';
import { askScores, isScore } from '../score-pass.js';
import { BestTree, type RankedRows } from './best-tree.js';
import type { ChangedRows } from './changed-rows.js';
import { type KeptColumn, ScaledColumn } from './kept-columns.js';
import type { KeptRefusals } from './kept-refusals.js';

export interface KeptScoresOptions {
  readonly cycle: Cycle;
  /** Those that are kept and that PreScore does not leave out, in the profile's order. */
  readonly scores: readonly WeightedScore[];
  /** Brought up to date before. */
  readonly refusals: KeptRefusals;
  readonly changed: ChangedRows;
  readonly space: EvaluationSpace;
  readonly observer: EvaluationObserver | undefined;
}

/** What rows score for the pods of one class, and which is the best. */
export class KeptScores implements RankedRows {
  #order: Int32Array = new Int32Array(0);
  #nodes: NodeTable | undefined;
  #refusals: KeptRefusals | undefined;
  #refusalsBeginnings = 0;
  #scores: readonly WeightedScore[] = [];
  /** By plugin, in order. */
  #columns: readonly KeptColumn[] = [];
  #scaled: readonly ScaledColumn[] = [];
  /** What the scaled columns are scaled by in `#scaledSums`. */
  #highest: readonly number[] = [];
  /** By place: sums of weighted scores, those that are scaled left out; the same uncut; those that are scaled. */
  #sums = new Float64Array(0);
  #exactSums = new Float64Array(0);
  #scaledSums = new Float64Array(0);
  #basis = '';
  #journalLength = 0;
  #upheavals = 0;
  #tree: BestTree | undefined;

  /** Built when it is first asked for: pods of which other plugins have a say never do. */
  get tree(): BestTree {
    if (this.#tree === undefined) {
      this.#tree = new BestTree(this);
      this.#tree.refreshAll();
    }
    return this.#tree;
  }

  /** How often scores of rows changed that did not change themselves. */
  get upheavals(): number {
    return this.#upheavals;
  }

  /** No plugin that normalises by its highest score tells any two rows apart. */
  get isLevel(): boolean {
    return this.#scaled.every(({ highest }) => highest === 0);
  }

  get length(): number {
    return this.#order.length;
  }

  get columns(): readonly KeptColumn[] {
    return this.#columns;
  }

  isPassing(place: number): boolean {
    return this.#refusals!.isPassing(place);
  }

  total(place: number): number {
    return this.#sums[place]! + this.#scaledSums[place]!;
  }

  exact(place: number): number {
    return this.#exactSums[place]! + this.#scaledSums[place]!;
  }

  podCount(place: number): number {
    return this.#nodes!.podCount[this.#order[place]!]!;
  }

  /** True when the highest score of each plugin that normalises by it is the same for these rows: then totals hold for them. */
  holdFor({ slots, length }: Rows, placeOf: Int32Array): boolean {
    return this.#scaled.every(({ highest, raw }) => {
      if (highest === 0) return true;
      // The first rows mostly have it.
      for (let i = 0; i < length; i++) if (raw[placeOf[slots[i]!]!] === highest) return true;
      return false;
    });
  }

  /** Adds totals, or exact ones, of some rows. A loop over all nodes. */
  addTotals(
    { slots, length }: Rows,
    placeOf: Int32Array,
    totals: Float64Array,
    kind: 'integer' | 'exact',
  ): void {
    const sums = kind === 'integer' ? this.#sums : this.#exactSums;
    const scaledSums = this.#scaledSums;
    for (let i = 0; i < length; i++) {
      const place = placeOf[slots[i]!]!;
      totals[i]! += sums[place]! + scaledSums[place]!;
    }
  }

  /** Scores what changed since the last call, or everything. Throws `PluginFault`, and `RangeError` on a score that cannot be kept. */
  catchUp(options: KeptScoresOptions): void {
    const { cycle, scores, refusals, changed } = options;
    const basis = basisOf(scores, cycle);
    const isKnown =
      this.#refusalsBeginnings === refusals.beginnings &&
      this.#basis === basis &&
      this.#scores.length === scores.length &&
      this.#scores.every((score, index) => score === scores[index]);
    const count = isKnown ? changed.since(cycle.nodes, this.#journalLength) : undefined;
    this.#nodes = cycle.nodes;
    this.#refusals = refusals;
    this.#refusalsBeginnings = refusals.beginnings;
    this.#basis = basis;
    if (count === undefined) this.#forget(changed.order, scores);
    this.#score(options, count ?? changed.all());
    this.#journalLength = cycle.nodes.journal.length;
  }

  #forget(order: Int32Array, scores: readonly WeightedScore[]): void {
    const { length } = order;
    this.#order = order;
    this.#scores = scores;
    this.#columns = scores.map((score) =>
      score.normalizer === undefined
        ? { kind: 'plain', score, raw: new Uint8Array(length) }
        : new ScaledColumn(score, length),
    );
    this.#scaled = this.#columns.filter((column) => column.kind === 'scaled');
    this.#highest = [];
    this.#sums = new Float64Array(length);
    this.#exactSums = new Float64Array(length);
    this.#scaledSums = new Float64Array(length);
    this.#tree = undefined;
    this.#upheavals += 1;
  }

  #score(options: KeptScoresOptions, count: number): void {
    const { changed } = options;
    const { slots, placeOf } = changed;
    const passing = this.#withPassingFirst(changed, count);
    for (let i = passing; i < count; i++) this.#leave(placeOf[slots[i]!]!);
    const sums = this.#sums;
    const exactSums = this.#exactSums;
    for (let i = 0; i < passing; i++) {
      const place = placeOf[slots[i]!]!;
      sums[place] = 0;
      exactSums[place] = 0;
    }
    if (passing > 0) for (const column of this.#columns) this.#scoreColumn(column, options, passing);
    if (this.#isScaledAnew()) this.#scaleAll();
    else {
      for (let i = 0; i < passing; i++) this.#scale(placeOf[slots[i]!]!);
      if (this.#tree !== undefined) for (let i = 0; i < count; i++) this.#tree.refresh(placeOf[slots[i]!]!);
    }
  }

  /** Reorders the changed rows; returns how many pass. */
  #withPassingFirst({ slots, placeOf }: ChangedRows, count: number): number {
    let passing = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      if (!this.isPassing(placeOf[slot]!)) continue;
      slots[i] = slots[passing]!;
      slots[passing++] = slot;
    }
    return passing;
  }

  #leave(place: number): void {
    for (const column of this.#scaled) column.unset(place);
  }

  #scoreColumn(column: KeptColumn, options: KeptScoresOptions, length: number): void {
    const { cycle, changed, space, observer } = options;
    const { slots, placeOf } = changed;
    const { score } = column;
    const values = space.scoreBuffer(length);
    const rows = { slots, length };
    if (askScores(score, cycle, rows, values, observer) === 'constant') values.fill(values[0]!, 0, length);
    if (column.kind === 'scaled') {
      for (let i = 0; i < length; i++) column.set(placeOf[slots[i]!]!, values[i]!);
      return;
    }
    const { weight, plugin } = score;
    const { raw } = column;
    const sums = this.#sums;
    const exactSums = this.#exactSums;
    for (let i = 0; i < length; i++) {
      const place = placeOf[slots[i]!]!;
      const value = values[i]!;
      if (!isScore(value)) throw new RangeError(`a score of ${value} cannot be kept`);
      raw[place] = value;
      sums[place]! += weight * value;
    }
    if (plugin.exactScoreRows !== undefined) {
      values.fill(0, 0, length);
      plugin.exactScoreRows(cycle, cycle.pod, rows, values);
    }
    for (let i = 0; i < length; i++) exactSums[placeOf[slots[i]!]!]! += weight * values[i]!;
  }

  /** Some highest score is another than it was. */
  #isScaledAnew(): boolean {
    const before = this.#highest;
    if (this.#scaled.every(({ highest }, index) => highest === before[index])) return false;
    this.#highest = this.#scaled.map(({ highest }) => highest);
    return true;
  }

  #scaleAll(): void {
    // Mostly nobody scores anything, and all rows have the same.
    this.#upheavals += 1;
    if (this.isLevel) {
      let sum = 0;
      for (const { score, level } of this.#scaled) sum += score.weight * level;
      this.#scaledSums.fill(sum);
    } else {
      for (let place = 0; place < this.#order.length; place++) if (this.isPassing(place)) this.#scale(place);
    }
    this.#tree?.refreshAll();
  }

  #scale(place: number): void {
    let sum = 0;
    for (const column of this.#scaled) sum += column.score.weight * column.scaled(place);
    this.#scaledSums[place] = sum;
  }
}

/** What scores depend on beside rows and pod. */
function basisOf(scores: readonly WeightedScore[], cycle: Cycle): string {
  let basis = '';
  for (const { plugin } of scores)
    if (plugin.scoreBasis !== undefined) basis += `${plugin.scoreBasis(cycle, cycle.pod)};`;
  return basis;
}
