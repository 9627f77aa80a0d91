import type { Rows } from '../cluster/node-table.js';
import type { ResourceColumns } from './resource-columns.js';

/* Looked up once: the loops below run for every node. */
const { floor, max, min, round, trunc } = Math;

/*
 * The three ways in which NodeResourcesFit scores. Each has an integer form, which is kube-scheduler's int64 arithmetic, and an
 * exact one without any cutting off, which tells apart nodes that the integer form calls equal.
 */

const highest = 100;
const largestExact = Number.MAX_SAFE_INTEGER;
/** Configured shapes score 0 to 10. */
const shapeScale = 10;

/** One point of a shape, scores already scaled to 0 to 100. */
export interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

/** Score of one resource: what would be requested, of what there is. */
export type ResourceScore = (requested: number, capacity: number) => number;

export interface ResourceStrategy {
  /** What of a resource earns points, in proportion; undefined for a strategy with a shape of its own. */
  readonly rewards: 'free' | 'taken' | undefined;
  readonly integer: ResourceScore;
  readonly exact: ResourceScore;
  /** Resources that score 0 count in neither sum, and the mean is rounded instead of cut off. */
  readonly dropsZero: boolean;
}

export const leastAllocated: ResourceStrategy = {
  rewards: 'free',
  integer: (requested, capacity) => (requested > capacity ? 0 : percent(capacity - requested, capacity)),
  exact: (requested, capacity) => (requested > capacity ? 0 : ((capacity - requested) * highest) / capacity),
  dropsZero: false,
};

export const mostAllocated: ResourceStrategy = {
  rewards: 'taken',
  integer: (requested, capacity) => percent(min(requested, capacity), capacity),
  exact: (requested, capacity) => (min(requested, capacity) * highest) / capacity,
  dropsZero: false,
};

/** `shape` as configured: scores 0 to 10, utilisation strictly increasing. */
export function requestedToCapacityRatio(shape: readonly ShapePoint[]): ResourceStrategy {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * shapeScale }));
  return {
    rewards: undefined,
    integer: (requested, capacity) =>
      brokenLinear(points, requested > capacity ? highest : percent(requested, capacity), trunc),
    exact: (requested, capacity) =>
      brokenLinear(
        points,
        requested > capacity ? highest : (requested * highest) / capacity,
        (value) => value,
      ),
    dropsZero: true,
  };
}

/** Linear between the points, level beyond them. `cut` is applied to what is added to a segment's start. */
export function brokenLinear(
  points: readonly ShapePoint[],
  at: number,
  cut: (value: number) => number,
): number {
  for (let i = 0; i < points.length; i++) {
    const { utilization, score } = points[i]!;
    if (at > utilization) continue;
    if (i === 0) return score;
    const from = points[i - 1]!;
    return (
      from.score + cut(((score - from.score) * (at - from.utilization)) / (utilization - from.utilization))
    );
  }
  return points.at(-1)!.score;
}

/** ⌊part·100/whole⌋ for 0 ≤ part ≤ whole, whole > 0, exact beyond 2^53. */
export function percent(part: number, whole: number): number {
  const product = part * highest;
  if (product <= largestExact) return floor(product / whole);
  return Number((BigInt(part) * 100n) / BigInt(whole));
}

export interface StrategyOptions {
  /** Nothing is cut off. */
  readonly exact: boolean;
}

/** Weighted mean over the resources that a node has; 0 when it has none of them. */
export function scoreByStrategy(
  strategy: ResourceStrategy,
  columns: readonly ResourceColumns[],
  rows: Rows,
  scores: Float64Array,
  options: StrategyOptions,
): void {
  const [first, second] = columns;
  const { rewards } = strategy;
  if (rewards !== undefined && first !== undefined && second !== undefined && columns.length === 2) {
    scorePair(rewards === 'taken', [first, second], rows, scores, options);
  } else scoreAny(strategy, columns, rows, scores, options);
}

/** The usual case, two resources and no shape: one loop over all nodes that calls and allocates nothing. */
function scorePair(
  rewardsTaken: boolean,
  [a, b]: readonly [ResourceColumns, ResourceColumns],
  { slots, length }: Rows,
  scores: Float64Array,
  { exact }: StrategyOptions,
): void {
  const { capacity: capacityA, used: usedA, want: wantA, weight: weightA } = a;
  const { capacity: capacityB, used: usedB, want: wantB, weight: weightB } = b;
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    const availableA = capacityA[slot]!;
    const availableB = capacityB[slot]!;
    let sum = 0;
    let weights = 0;
    if (availableA !== 0) {
      const requested = usedA[slot]! + wantA;
      const part = rewardsTaken ? min(requested, availableA) : max(0, availableA - requested);
      sum = weightA * (exact ? (part * highest) / availableA : percent(part, availableA));
      weights = weightA;
    }
    if (availableB !== 0) {
      const requested = usedB[slot]! + wantB;
      const part = rewardsTaken ? min(requested, availableB) : max(0, availableB - requested);
      sum += weightB * (exact ? (part * highest) / availableB : percent(part, availableB));
      weights += weightB;
    }
    const mean = weights === 0 ? 0 : sum / weights;
    scores[i] = exact ? mean : floor(mean);
  }
}

let weighted = new Float64Array(0);
let weights = new Float64Array(0);

function scoreAny(
  strategy: ResourceStrategy,
  columns: readonly ResourceColumns[],
  { slots, length }: Rows,
  scores: Float64Array,
  { exact }: StrategyOptions,
): void {
  if (weighted.length < length) {
    weighted = new Float64Array(length);
    weights = new Float64Array(length);
  }
  const sums = weighted.fill(0, 0, length);
  const counted = weights.fill(0, 0, length);
  const score = exact ? strategy.exact : strategy.integer;
  for (const { capacity, used, want, weight } of columns) {
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      const available = capacity[slot]!;
      if (available === 0) continue;
      const value = score(used[slot]! + want, available);
      if (strategy.dropsZero && value <= 0) continue;
      sums[i]! += value * weight;
      counted[i]! += weight;
    }
  }
  for (let i = 0; i < length; i++) {
    const mean = counted[i] === 0 ? 0 : sums[i]! / counted[i]!;
    scores[i] = exact ? mean : strategy.dropsZero ? round(mean) : floor(mean);
  }
}
