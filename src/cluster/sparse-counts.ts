const initialLength = 4;

/**
 * Numbers under few of many ids, such as slots or label values: takes room for those that are not 0 alone, and lists them in
 * arrays, so that reading all of them is a plain loop.
 */
export class SparseCounts {
  /** The first `length` entries are in use, in no order. Replaced when they grow. */
  #ids: Int32Array = new Int32Array(initialLength);
  #counts: Int32Array = new Int32Array(initialLength);
  readonly #placeOf = new Map<number, number>();
  #sum = 0;

  get ids(): Int32Array {
    return this.#ids;
  }

  /** `counts[i]` is about `ids[i]`; never 0. */
  get counts(): Int32Array {
    return this.#counts;
  }

  get length(): number {
    return this.#placeOf.size;
  }

  get sum(): number {
    return this.#sum;
  }

  at(id: number): number {
    const place = this.#placeOf.get(id);
    return place === undefined ? 0 : this.#counts[place]!;
  }

  add(id: number, delta: number): void {
    if (delta === 0) return;
    this.#sum += delta;
    const place = this.#placeOf.get(id);
    if (place === undefined) this.#append(id, delta);
    else {
      this.#counts[place]! += delta;
      if (this.#counts[place] === 0) this.#take(id, place);
    }
  }

  clear(): void {
    this.#placeOf.clear();
    this.#sum = 0;
  }

  #append(id: number, count: number): void {
    const place = this.#placeOf.size;
    if (place === this.#ids.length) {
      this.#ids = twiceAsLong(this.#ids);
      this.#counts = twiceAsLong(this.#counts);
    }
    this.#ids[place] = id;
    this.#counts[place] = count;
    this.#placeOf.set(id, place);
  }

  /** The last entry moves into the gap. */
  #take(id: number, place: number): void {
    const last = this.#placeOf.size - 1;
    const moved = this.#ids[last]!;
    this.#ids[place] = moved;
    this.#counts[place] = this.#counts[last]!;
    this.#placeOf.set(moved, place);
    this.#placeOf.delete(id);
  }
}

function twiceAsLong(array: Int32Array): Int32Array {
  const longer = new Int32Array(array.length * 2);
  longer.set(array);
  return longer;
}
