/**
 * A binary heap that knows where each item lies, so that any item can be taken out or moved in O(log n). Items that compare
 * equal leave in the order in which they came.
 */
export class Heap<T extends object> {
  readonly #items: T[] = [];
  readonly #position = new Map<T, number>();
  readonly #arrival = new Map<T, number>();
  readonly #less: (a: T, b: T) => boolean;
  #arrivals = 0;

  constructor(less: (a: T, b: T) => boolean) {
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#position.has(item);
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    if (this.#position.has(item)) throw new Error('the item is in the heap already');
    this.#arrival.set(item, this.#arrivals++);
    this.#place(item, this.#items.length);
    this.#up(this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** False when the item is not in the heap. */
  remove(item: T): boolean {
    const index = this.#position.get(item);
    if (index === undefined) return false;
    const last = this.#items.pop()!;
    this.#position.delete(item);
    this.#arrival.delete(item);
    if (last !== item) {
      this.#place(last, index);
      this.#settle(index);
    }
    return true;
  }

  /** To be called when something that `less` reads has changed. */
  changed(item: T): void {
    const index = this.#position.get(item);
    if (index !== undefined) this.#settle(index);
  }

  values(): IterableIterator<T> {
    return this.#items.values();
  }

  #before(a: T, b: T): boolean {
    if (this.#less(a, b)) return true;
    if (this.#less(b, a)) return false;
    return this.#arrival.get(a)! < this.#arrival.get(b)!;
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    this.#position.set(item, index);
  }

  #settle(index: number): void {
    if (!this.#up(index)) this.#down(index);
  }

  #up(start: number): boolean {
    let index = start;
    const item = this.#items[index]!;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#items[parent]!;
      if (!this.#before(item, above)) break;
      this.#place(above, index);
      index = parent;
    }
    this.#place(item, index);
    return index !== start;
  }

  #down(start: number): void {
    let index = start;
    const item = this.#items[index]!;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#items.length) break;
      if (child + 1 < this.#items.length && this.#before(this.#items[child + 1]!, this.#items[child]!))
        child += 1;
      const below = this.#items[child]!;
      if (!this.#before(below, item)) break;
      this.#place(below, index);
      index = child;
    }
    this.#place(item, index);
  }
}
