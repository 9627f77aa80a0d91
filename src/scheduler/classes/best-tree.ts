import type { Random } from '../../random.js';
import { roundingNoise } from '../tie-break.js';

/** What a choice compares, by place in the list of rows. */
export interface RankedRows {
  readonly length: number;
  isPassing(place: number): boolean;
  /** Sum of weighted integer scores. */
  total(place: number): number;
  /** The same before anything was cut off. */
  exact(place: number): number;
  podCount(place: number): number;
}

const nobody = Number.NEGATIVE_INFINITY;

/**
 * Finds the best of many rows when few of them have changed. Over blocks of rows stands a binary tree; each of its nodes knows of the rows
 * below it the highest total, how many have it, and of those the highest exact total, the fewest pods, and how many have both.
 * Rows keep their order, so that a draw among equals picks the row that a look through all of them would pick.
 */
export class BestTree {
  readonly #rows: RankedRows;
  readonly #blockSize: number;
  /** Leaves are the blocks, from `leaves` on; the children of node i are 2i and 2i + 1. */
  readonly #leaves: number;
  readonly #total: Float64Array;
  readonly #exact: Float64Array;
  readonly #ties: Int32Array;
  readonly #fewest: Int32Array;
  readonly #count: Int32Array;
  /** 1 where exact totals were near each other without being equal: then who is "equal" depends on the highest of all rows. */
  readonly #isFuzzy: Uint8Array;

  /** Larger blocks take less memory, and longer to look through. */
  constructor(rows: RankedRows, blockSize = 16) {
    this.#rows = rows;
    this.#blockSize = blockSize;
    let leaves = 1;
    while (leaves * blockSize < rows.length) leaves *= 2;
    this.#leaves = leaves;
    this.#total = new Float64Array(2 * leaves).fill(nobody);
    this.#exact = new Float64Array(2 * leaves);
    this.#ties = new Int32Array(2 * leaves);
    this.#fewest = new Int32Array(2 * leaves);
    this.#count = new Int32Array(2 * leaves);
    this.#isFuzzy = new Uint8Array(2 * leaves);
  }

  /** A row has changed. */
  refresh(place: number): void {
    const leaf = this.#leafOf(place);
    this.#lookThroughBlock(leaf);
    for (let node = leaf >> 1; node > 0; node >>= 1) this.#combine(node);
  }

  /** Any row may have changed. */
  refreshAll(): void {
    for (let place = 0; place < this.#rows.length; place += this.#blockSize)
      this.#lookThroughBlock(this.#leafOf(place));
    this.#combineAll();
  }

  /** In a tree that is new: the rows in the blocks of these places have come, and no others. */
  fill(places: readonly number[]): void {
    for (const place of places) this.#lookThroughBlock(this.#leafOf(place));
    this.#combineAll();
  }

  /** The highest total; −∞ where no row passes. */
  get total(): number {
    return this.#total[1]!;
  }

  /** How many rows share the highest total. */
  get ties(): number {
    return this.#ties[1]!;
  }

  /** Of these, the highest exact total. */
  get exact(): number {
    return this.#exact[1]!;
  }

  /** Of those that have it, the fewest pods. */
  get fewestPods(): number {
    return this.#fewest[1]!;
  }

  /** How many are best in all three. */
  get winners(): number {
    return this.#count[1]!;
  }

  /** Exact totals are near each other without being equal: then `exact` and what follows from it are not the last word. */
  get isFuzzy(): boolean {
    return this.#isFuzzy[1] === 1;
  }

  /** The place of the best row: highest total, then highest exact total, then fewest pods, then the draw. There must be one. */
  draw(random: Random): number {
    return this.isFuzzy ? this.#drawByLooking(random) : BestTree.drawAmong([this], random);
  }

  /** One of the winners of several trees over the same rows, none of them fuzzy, as if they were winners of one. */
  static drawAmong(trees: readonly [BestTree, ...BestTree[]], random: Random): number {
    let count = 0;
    for (const { winners } of trees) count += winners;
    let left = count === 1 ? 0 : Math.floor(random() * count);
    const [first] = trees;
    const { length } = first.#rows;
    const leaves = first.#leaves;
    let node = 1;
    while (node < leaves) {
      node *= 2;
      let before = 0;
      for (const tree of trees) before += tree.#winnersBelow(node);
      if (left < before) continue;
      left -= before;
      node += 1;
    }
    for (let place = (node - leaves) * first.#blockSize; place < length; place++) {
      if (!trees.some((tree) => tree.#isWinner(place))) continue;
      if (left === 0) return place;
      left -= 1;
    }
    throw new Error('the tree counts a row that is not there');
  }

  #winnersBelow(node: number): number {
    const isAsGoodAsAny =
      this.#total[node] === this.#total[1] &&
      this.#exact[node] === this.#exact[1] &&
      this.#fewest[node] === this.#fewest[1];
    return isAsGoodAsAny ? this.#count[node]! : 0;
  }

  #isWinner(place: number): boolean {
    const rows = this.#rows;
    return (
      rows.isPassing(place) &&
      rows.total(place) === this.#total[1] &&
      rows.exact(place) === this.#exact[1] &&
      rows.podCount(place) === this.#fewest[1]
    );
  }

  #drawByLooking(random: Random): number {
    const rows = this.#rows;
    const top = this.#total[1]!;
    const least = this.#exact[1]! - roundingNoise;
    let fewest = Number.POSITIVE_INFINITY;
    let places: number[] = [];
    for (let place = 0; place < rows.length; place++) {
      if (!rows.isPassing(place) || rows.total(place) !== top || rows.exact(place) < least) continue;
      const pods = rows.podCount(place);
      if (pods > fewest) continue;
      if (pods < fewest) places = [];
      fewest = pods;
      places.push(place);
    }
    return places[places.length === 1 ? 0 : Math.floor(random() * places.length)]!;
  }

  #leafOf(place: number): number {
    return this.#leaves + Math.floor(place / this.#blockSize);
  }

  #combineAll(): void {
    for (let node = this.#leaves - 1; node > 0; node--) this.#combine(node);
  }

  #lookThroughBlock(leaf: number): void {
    const rows = this.#rows;
    const from = (leaf - this.#leaves) * this.#blockSize;
    const to = Math.min(from + this.#blockSize, rows.length);
    let top = nobody;
    let ties = 0;
    let exactTop = 0;
    let fewest = 0;
    let count = 0;
    let isFuzzy = 0;
    for (let place = from; place < to; place++) {
      if (!rows.isPassing(place)) continue;
      const total = rows.total(place);
      if (total < top) continue;
      const exact = rows.exact(place);
      const pods = rows.podCount(place);
      if (total > top) {
        top = total;
        ties = 0;
      }
      ties += 1;
      const ahead = exact - exactTop;
      if (ties === 1 || ahead > roundingNoise) {
        exactTop = exact;
        fewest = pods;
        count = 1;
        isFuzzy = 0;
      } else if (ahead >= -roundingNoise) {
        if (ahead !== 0) isFuzzy = 1;
        if (ahead > 0) exactTop = exact;
        if (pods === fewest) count += 1;
        else if (pods < fewest) {
          fewest = pods;
          count = 1;
        }
      }
    }
    this.#total[leaf] = top;
    this.#ties[leaf] = ties;
    this.#exact[leaf] = exactTop;
    this.#fewest[leaf] = fewest;
    this.#count[leaf] = count;
    this.#isFuzzy[leaf] = isFuzzy;
  }

  #combine(node: number): void {
    const left = 2 * node;
    const right = left + 1;
    const lead = this.#total[left]! - this.#total[right]!;
    // Neither has a row: the difference is no number.
    if (lead > 0 || this.#ties[right] === 0) {
      this.#take(node, left);
      return;
    }
    if (lead < 0 || this.#ties[left] === 0) {
      this.#take(node, right);
      return;
    }
    const ahead = this.#exact[left]! - this.#exact[right]!;
    const better = ahead > 0 || (ahead === 0 && this.#fewest[left]! <= this.#fewest[right]!) ? left : right;
    this.#take(node, better);
    this.#ties[node] = this.#ties[left]! + this.#ties[right]!;
    if (Math.abs(ahead) > roundingNoise) return;
    if (ahead !== 0) this.#isFuzzy[node] = 1;
    else {
      this.#isFuzzy[node] = this.#isFuzzy[left]! | this.#isFuzzy[right]!;
      if (this.#fewest[left] === this.#fewest[right])
        this.#count[node] = this.#count[left]! + this.#count[right]!;
    }
  }

  #take(node: number, child: number): void {
    this.#total[node] = this.#total[child]!;
    this.#ties[node] = this.#ties[child]!;
    this.#exact[node] = this.#exact[child]!;
    this.#fewest[node] = this.#fewest[child]!;
    this.#count[node] = this.#count[child]!;
    this.#isFuzzy[node] = this.#isFuzzy[child]!;
  }
}
