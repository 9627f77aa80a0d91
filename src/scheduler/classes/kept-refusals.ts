import type { Cycle } from '../../framework/cycle.js';
import type { RowFilterPlugin } from '../../framework/plugin.js';
import type { EvaluationObserver } from '../evaluation-observer.js';
import type { EvaluationSpace } from '../evaluation-space.js';
import { askFilter, closeRanks, type Refusals } from '../filter-pass.js';
import type { ChangedRows } from './changed-rows.js';

/** In place of a filter. */
const passed = -1;
const unknown = -2;

export interface KeptRefusalsOptions {
  readonly cycle: Cycle;
  /** Those of the profile that are kept, in its order, from its first on. */
  readonly filters: readonly RowFilterPlugin[];
  /** Plugins that PreFilter left out. */
  readonly skipped: ReadonlySet<string>;
  readonly changed: ChangedRows;
  readonly space: EvaluationSpace;
  readonly observer: EvaluationObserver | undefined;
}

/** Which filter refuses which row for the pods of one class. */
export class KeptRefusals implements Refusals {
  /** Rows that pass. */
  passingCount = 0;
  /** How often everything was judged anew: then rows may pass that have not changed. */
  beginnings = 0;
  #order: Int32Array = new Int32Array(0);
  /** By place: a filter's place in the profile, `passed` or `unknown`. */
  #refusedBy = new Int8Array(0);
  #verdicts = new Int32Array(0);
  #placeOf: Int32Array = new Int32Array(0);
  #skips: readonly boolean[] = [];
  /** Slots that pass, in the order of rows; undefined while nobody knows. */
  #passing: Int32Array | undefined;
  #journalLength = 0;

  get refusedCount(): number {
    return this.#order.length - this.passingCount;
  }

  isPassing(place: number): boolean {
    return this.#refusedBy[place] === passed;
  }

  /** Judges what changed since the last call, or everything. Throws `PluginFault`. */
  catchUp(options: KeptRefusalsOptions): void {
    const { cycle, filters, skipped, changed } = options;
    const skips = filters.map(({ name }) => skipped.has(name));
    const isKnown =
      this.#order === changed.order && skips.every((skip, index) => skip === this.#skips[index]);
    const count = isKnown ? changed.since(cycle.nodes, this.#journalLength) : undefined;
    this.#placeOf = changed.placeOf;
    this.#skips = skips;
    if (count === undefined) this.#forget(changed.order);
    this.#judge(options, count ?? changed.all());
    this.#journalLength = cycle.nodes.journal.length;
  }

  /** Takes note of a refusal. */
  reject(slot: number, plugin: number, verdict: number): void {
    const place = this.#placeOf[slot]!;
    if (this.#refusedBy[place] === passed) {
      this.passingCount -= 1;
      this.#passing = undefined;
    }
    this.#refusedBy[place] = plugin;
    this.#verdicts[place] = verdict;
  }

  /** Tells of every refusal. */
  tell(refusals: Refusals): void {
    if (this.refusedCount === 0) return;
    for (let place = 0; place < this.#order.length; place++) {
      const plugin = this.#refusedBy[place]!;
      if (plugin !== passed) refusals.reject(this.#order[place]!, plugin, this.#verdicts[place]!);
    }
  }

  /** Writes the slots that pass, in the order of rows; there is room for all. */
  copyPassing(slots: Int32Array): void {
    this.#passing ??= this.#listPassing();
    slots.set(this.#passing);
  }

  #listPassing(): Int32Array {
    const passing = new Int32Array(this.passingCount);
    let count = 0;
    for (let place = 0; place < this.#order.length; place++)
      if (this.#refusedBy[place] === passed) passing[count++] = this.#order[place]!;
    return passing;
  }

  #forget(order: Int32Array): void {
    this.#order = order;
    this.#refusedBy = new Int8Array(order.length).fill(unknown);
    this.#verdicts = new Int32Array(order.length);
    this.passingCount = 0;
    this.beginnings += 1;
    this.#passing = undefined;
  }

  #judge({ cycle, filters, changed, space, observer }: KeptRefusalsOptions, count: number): void {
    const { slots } = changed;
    const { verdicts } = space;
    let left = count;
    for (let index = 0; index < filters.length && left > 0; index++) {
      if (this.#skips[index]) continue;
      const rows = { slots, length: left };
      verdicts.fill(0, 0, left);
      if (askFilter(filters[index]!, cycle, rows, verdicts, observer) !== 'none')
        left = closeRanks(rows, verdicts, index, this);
    }
    for (let i = 0; i < left; i++) this.#pass(this.#placeOf[slots[i]!]!);
  }

  #pass(place: number): void {
    if (this.#refusedBy[place] === passed) return;
    this.#refusedBy[place] = passed;
    this.passingCount += 1;
    this.#passing = undefined;
  }
}
