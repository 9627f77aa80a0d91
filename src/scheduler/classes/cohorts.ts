import type { Cycle } from '../../framework/cycle.js';
import type { RowTrait } from '../../framework/plugin.js';
import type { ChangedRows } from './changed-rows.js';
import type { KeptRefusals } from './kept-refusals.js';

/** With more of them, each of its own kind, little is gained by asking one row for all that are like it. */
const maxCohorts = 64;
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
  #refusalsBeginnings = 0;
  #journalLength = 0;
  #areTooMany = false;
  /** By place: its cohort or `none`, and its neighbours in the list of its cohort. */
  #cohortOf = new Int8Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** By cohort: the first place of its list, its length, and its traits. */
  readonly #first = new Int32Array(maxCohorts);
  readonly #sizes = new Int32Array(maxCohorts);
  readonly #keys: (number | string)[] = [];
  readonly #byKey = new Map<number | string, number>();
  readonly #free: number[] = [];

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

  /** Looks at what changed since the last call, or divides all rows anew. False where there are too many cohorts to be of use. */
  catchUp({ cycle, traits, refusals, changed }: CohortsOptions): boolean {
    const basis = traits.flatMap((trait) => [trait.basis.length, ...trait.basis]);
    const isKnown =
      this.#order === changed.order &&
      this.#refusalsBeginnings === refusals.beginnings &&
      this.#basis.length === basis.length &&
      basis.every((part, index) => part === this.#basis[index]);
    if (isKnown && this.#areTooMany) return false;
    const count = isKnown ? changed.since(cycle.nodes, this.#journalLength) : undefined;
    this.#basis = basis;
    this.#refusalsBeginnings = refusals.beginnings;
    if (count === undefined) this.#forget(changed.order);
    this.#divide(count ?? changed.all(), { traits, refusals, changed });
    this.#journalLength = cycle.nodes.journal.length;
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
      this.#move(place, refusals.isPassing(place) ? this.#withKey(keyOf(slot, traits)) : none);
    }
  }

  #withKey(key: number | string): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const cohort = this.#free.pop() ?? this.#keys.length;
    if (cohort === maxCohorts) {
      this.#areTooMany = true;
      return none;
    }
    this.#keys[cohort] = key;
    this.#byKey.set(key, cohort);
    this.#first[cohort] = none;
    this.#sizes[cohort] = 0;
    return cohort;
  }

  #move(place: number, cohort: number): void {
    const before = this.#cohortOf[place]!;
    if (before === cohort) return;
    if (before !== none) this.#leave(place, before);
    this.#cohortOf[place] = cohort;
    if (cohort === none) return;
    const second = this.#first[cohort]!;
    this.#first[cohort] = place;
    this.#previous[place] = none;
    this.#next[place] = second;
    if (second !== none) this.#previous[second] = place;
    this.#sizes[cohort]! += 1;
  }

  #leave(place: number, cohort: number): void {
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

/** Equal for rows that agree in all traits. */
function keyOf(slot: number, traits: readonly RowTrait[]): number | string {
  if (traits.length === 1) return traits[0]!.at(slot);
  let key = '';
  for (const trait of traits) key += `${trait.at(slot)};`;
  return key;
}
