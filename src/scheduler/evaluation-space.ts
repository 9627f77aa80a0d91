import { Diagnosis } from './diagnosis.js';
import { ScoreTable } from './score-table.js';

/**
 * Arrays that evaluations use one after the other, so that judging 5,000 nodes allocates nothing; and the little that carries
 * over from one evaluation to the next. One for each scheduler. What a decision points to lies in here: it holds until the next
 * evaluation.
 */
export class EvaluationSpace {
  readonly diagnosis = new Diagnosis();
  readonly scores = new ScoreTable();
  /** Nodes that fit so far. */
  slots = new Int32Array(0);
  /** Verdicts of one plugin. */
  verdicts = new Int32Array(0);
  /** Verdict of one plugin on one row. */
  readonly verdict = new Int32Array(1);
  /** The row that a single judgement is about. */
  readonly row = { slots: new Int32Array(1), length: 1 };
  /** Where the next sampled search begins, in the order of rows. */
  nextStart = 0;

  #scores = new Float64Array(0);

  /** Working space for the scores of one plugin: that many, all 0. */
  scoreBuffer(length: number): Float64Array {
    if (this.#scores.length < length) this.#scores = new Float64Array(Math.max(length, this.slots.length));
    return this.#scores.fill(0, 0, length);
  }

  reserve(length: number): void {
    if (this.slots.length >= length) return;
    this.slots = new Int32Array(length);
    this.verdicts = new Int32Array(length);
  }
}
