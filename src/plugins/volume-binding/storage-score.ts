import type { Rows } from '../../cluster/node-table.js';
import type { UtilizationShapePoint } from '../../config/plugin-args.js';
import { type ResourceScore, requestedToCapacityRatio } from '../resource-strategies.js';
import type { DelayedClaims, PoolVisitor, VolumeVisitor } from './delayed-claims.js';

const { round } = Math;

/**
 * Scores nodes by how much of its storage a pod would use there: of the volumes that its claims would get, or, where it would get
 * none of those, of the pools that its volumes would be made from. Classes are scored each by itself, and the mean counts.
 */
export class StorageScore {
  readonly #integer: ResourceScore;
  readonly #exact: ResourceScore;
  #requested = new Float64Array(0);
  #capacity = new Float64Array(0);
  #counts = new Uint8Array(0);

  /** `shape` as configured: scores 0 to 10. */
  constructor(shape: readonly UtilizationShapePoint[]) {
    const { integer, exact } = requestedToCapacityRatio(shape);
    this.#integer = integer;
    this.#exact = exact;
  }

  /** Writes scores of 0 to 100: integers, or, if `exact`, the same before anything is cut off. */
  scoreRows(
    delayed: DelayedClaims,
    { slots, length }: Rows,
    scores: Float64Array,
    { exact }: { readonly exact: boolean },
  ): void {
    this.#reserve(delayed.classes.length);
    const add = (classIndex: number, requested: number, capacity: number): void => {
      this.#requested[classIndex]! += requested;
      this.#capacity[classIndex]! += capacity;
      this.#counts[classIndex] = 1;
    };
    const addVolume: VolumeVisitor = (classIndex, { requested = 0 }, { capacity }) =>
      add(classIndex, requested, capacity);
    const addPool: PoolVisitor = (classIndex, { requested = 0 }, { capacity = 0 }) => {
      // One pool is what the class has, however many claims draw on it.
      this.#capacity[classIndex] = 0;
      add(classIndex, requested, capacity);
    };
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      this.#clear();
      if (!delayed.eachVolume(slot, addVolume)) delayed.eachPool(slot, addPool);
      const mean = this.#mean(exact ? this.#exact : this.#integer);
      scores[i] = exact ? mean : round(mean);
    }
  }

  /** 0 without classes. */
  #mean(score: ResourceScore): number {
    let sum = 0;
    let classes = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      if (this.#counts[i] === 0) continue;
      const capacity = this.#capacity[i]!;
      // Nothing to take from counts as taken in full.
      sum += capacity === 0 ? score(1, 0) : score(this.#requested[i]!, capacity);
      classes += 1;
    }
    return classes === 0 ? 0 : sum / classes;
  }

  #clear(): void {
    this.#requested.fill(0);
    this.#capacity.fill(0);
    this.#counts.fill(0);
  }

  #reserve(classes: number): void {
    if (this.#counts.length === classes) return;
    this.#requested = new Float64Array(classes);
    this.#capacity = new Float64Array(classes);
    this.#counts = new Uint8Array(classes);
  }
}
