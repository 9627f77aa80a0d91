import type { Cycle } from '../../framework/cycle.js';
import type { RowTrait } from '../../framework/plugin.js';
import type { ChangedRows } from './changed-rows.js';
import type { KeptRefusals } from './kept-refusals.js';

/** With more of them little is gained by asking one row for all that are like it, and each has a tree. */
const mostCohorts = 32;
const none = -1;

export interface CohortsOptions {
  readonly cycle: Cycle;
  readonly traits: readonly RowTrait[];
  /** Brought up to date before: rows that do not pass belong to no cohort. */
  readonly refusals: KeptRefusals;
  readonly changed: ChangedRows;
}

/**
 * Rows that pass, by what they have in common for the plugins that a class does not answer for: rows of one cohort agree in every trait. A
 * row that changed may change its cohort; all others stay.
 */
export class Cohorts {
  /** How often everything was divided anew. */
  beginnings = 0;
  #order: Int32Array = new Int32Array(0);
  #basis: readonly unknown[] = [];
  /** What was asked for last, if it was not what rows are divided by. */
  #otherBasis: readonly unknown[] | undefined;
  #refusalsBeginnings = 0;
  #journalLength = 0;
  #areTooMany = false;
  readonly #limit: number;
  /** By place: its cohort or `none`, and its neighbours in the list of its cohort. */
  #cohortOf = new Int8Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** By cohort: the first place of its list, its length, and its traits. */
  readonly #first: Int32Array;
  readonly #sizes: Int32Array;
  readonly #keys: (number | string)[] = [];
  readonly #byKey = new Map<number | string, number>();
  readonly #free: number[] = [];

  constructor(limit = mostCohorts) {
    this.#limit = limit;
    this.#first = new Int32Array(limit);
    this.#sizes = new Int32Array(limit);
  }

  /** Cohorts that have rows. */
  get present(): IterableIterator<number> {
    return this.#byKey.values();
  }

  get count(): number {
    return this.#byKey.size;
  }

  /** Of the row at a place; −1 for one that does not pass. */
  of(place: number): number {
    return this.#cohortOf[place]!;
  }

  sizeOf(cohort: number): number {
    return this.#sizes[cohort]!;
  }

  /** The slot of one of its rows: any may speak for the others. */
  standInFor(cohort: number): number {
    return this.#order[this.#first[cohort]!]!;
  }

  *placesOf(cohort: number): Generator<number> {
    for (let place = this.#first[cohort]!; place !== none; place = this.#next[place]!) yield place;
  }

  /**
   * Looks at what changed since the last call, or divides all rows anew. False where that is of no use: there are too many cohorts, or pods
   * of one class take turns that do not rest on the same; only the second in a row of its kind has rows divided for it.
   */
  catchUp({ cycle, traits, refusals, changed }: CohortsOptions): boolean {
    const basis = traits.flatMap((trait) => [trait.basis.length, ...trait.basis]);
    const isSameBasis = areSame(basis, this.#basis);
    if (!isSameBasis && this.beginnings > 0 && !areSame(basis, this.#otherBasis)) {
      this.#otherBasis = basis;
      return false;
    }
    const { journal } = cycle.nodes;
    const isKnown =
      isSameBasis && this.#order === changed.order && this.#refusalsBeginnings === refusals.beginnings;
    // Once as many rows have changed as there are, there may be fewer cohorts.
    if (isKnown && this.#areTooMany && journal.length - this.#journalLength < changed.order.length)
      return false;
    const count = isKnown && !this.#areTooMany ? changed.since(cycle.nodes, this.#journalLength) : undefined;
    this.#basis = basis;
    this.#otherBasis = undefined;
    this.#refusalsBeginnings = refusals.beginnings;
    if (count === undefined) this.#forget(changed.order);
    this.#divide(count ?? changed.all(), { traits, refusals, changed });
    this.#journalLength = journal.length;
    return !this.#areTooMany;
  }

  #forget(order: Int32Array): void {
    const { length } = order;
    this.beginnings += 1;
    this.#areTooMany = false;
    this.#order = order;
    this.#cohortOf = new Int8Array(length).fill(none);
    this.#next = new Int32Array(length);
    this.#previous = new Int32Array(length);
    this.#keys.length = 0;
    this.#byKey.clear();
    this.#free.length = 0;
  }

  #divide(
    count: number,
    {
      traits,
      refusals,
      changed: { slots, placeOf },
    }: Pick<CohortsOptions, 'traits' | 'refusals' | 'changed'>,
  ): void {
    for (let i = 0; i < count && !this.#areTooMany; i++) {
      const slot = slots[i]!;
      const place = placeOf[slot]!;
      const key = refusals.isPassing(place) ? keyOf(slot, traits) : undefined;
      const before = this.#cohortOf[place]!;
      if (before !== none && this.#keys[before] === key) continue;
      // First, as it may be the last of its cohort.
      if (before !== none) this.#leave(place, before);
      if (key !== undefined) this.#join(place, key);
    }
  }

  #join(place: number, key: number | string): void {
    const cohort = this.#byKey.get(key) ?? this.#found(key);
    if (cohort === none) return;
    const second = this.#first[cohort]!;
    this.#cohortOf[place] = cohort;
    this.#first[cohort] = place;
    this.#previous[place] = none;
    this.#next[place] = second;
    if (second !== none) this.#previous[second] = place;
    this.#sizes[cohort]! += 1;
  }

  /** A cohort without rows; `none` where there are too many. */
  #found(key: number | string): number {
    const cohort = this.#free.pop() ?? this.#keys.length;
    if (cohort === this.#limit) {
      this.#areTooMany = true;
      return none;
    }
    this.#keys[cohort] = key;
    this.#byKey.set(key, cohort);
    this.#first[cohort] = none;
    this.#sizes[cohort] = 0;
    return cohort;
  }

  #leave(place: number, cohort: number): void {
    this.#cohortOf[place] = none;
    const previous = this.#previous[place]!;
    const next = this.#next[place]!;
    if (previous === none) this.#first[cohort] = next;
    else this.#next[previous] = next;
    if (next !== none) this.#previous[next] = previous;
    this.#sizes[cohort]! -= 1;
    if (this.#sizes[cohort] !== 0) return;
    this.#byKey.delete(this.#keys[cohort]!);
    this.#free.push(cohort);
  }
}

function areSame(some: readonly unknown[], others: readonly unknown[] | undefined): boolean {
  return some.length === others?.length && some.every((part, index) => part === others[index]);
}

/** Equal for rows that agree in all traits. */
function keyOf(slot: number, traits: readonly RowTrait[]): number | string {
  if (traits.length === 1) return traits[0]!.at(slot);
  let key = '';
  for (const trait of traits) key += `${trait.at(slot)};`;
  return key;
}
