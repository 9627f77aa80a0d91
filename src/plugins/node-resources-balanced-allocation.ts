import type { Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import type { NodeResourcesBalancedAllocationArgs } from '../config/plugin-args.js';
import type { Cycle } from '../framework/cycle.js';
import type { PreScorePlugin, RowScorePlugin } from '../framework/plugin.js';
import { defaultResources } from './node-resources-fit-args.js';
import { type ResourceColumns, resourceColumns, type WeightedResource, wanted } from './resource-columns.js';

/* Looked up once: the loops below run for every node. */
const { abs, min, sqrt, trunc } = Math;

export const nodeResourcesBalancedAllocation = 'NodeResourcesBalancedAllocation';

const highest = 100;
/** Score where the balance stays as it is. */
const unchanged = 75;

/** Prefers nodes whose resources would be used more evenly than before: 75 when nothing changes. */
export class NodeResourcesBalancedAllocation implements PreScorePlugin, RowScorePlugin {
  readonly name = nodeResourcesBalancedAllocation;
  readonly events = [];
  readonly #resources: readonly WeightedResource[];

  constructor({ resources }: NodeResourcesBalancedAllocationArgs = { resources: defaultResources }) {
    this.#resources = resources;
  }

  preScore(_cycle: Cycle, { accounted }: Pod): 'skip' | undefined {
    return this.#resources.every(({ name }) => wanted(accounted, name) === 0) ? 'skip' : undefined;
  }

  judgesByRow(): boolean {
    return true;
  }

  scoreRows({ nodes }: Cycle, { accounted }: Pod, rows: Rows, scores: Float64Array): undefined {
    const columns = resourceColumns(nodes, this.#resources, accounted, { nonZero: false });
    scoreBalance(columns, rows, scores, { exact: false });
  }

  exactScoreRows({ nodes }: Cycle, { accounted }: Pod, rows: Rows, scores: Float64Array): void {
    const columns = resourceColumns(nodes, this.#resources, accounted, { nonZero: false });
    scoreBalance(columns, rows, scores, { exact: true });
  }
}

interface BalanceOptions {
  /** Nothing is cut off. */
  readonly exact: boolean;
}

/** The change of balance counts, not the balance: half of 100 for no change, and half of the balance with the pod. */
function scoreBalance(
  columns: readonly ResourceColumns[],
  rows: Rows,
  scores: Float64Array,
  options: BalanceOptions,
): void {
  const [first, second] = columns;
  if (first !== undefined && second !== undefined && columns.length === 2)
    scorePair(first, second, rows, scores, options);
  else scoreAny(columns, rows, scores, options);
}

/** The usual case: one loop over all nodes, with its formulas written out, so that no number leaves a register. */
function scorePair(
  { capacity: capacityA, used: usedA, want: wantA }: ResourceColumns,
  { capacity: capacityB, used: usedB, want: wantB }: ResourceColumns,
  { slots, length }: Rows,
  scores: Float64Array,
  { exact }: BalanceOptions,
): void {
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    const availableA = capacityA[slot]!;
    const availableB = capacityB[slot]!;
    if (availableA === 0 || availableB === 0) {
      // One resource alone is always in balance.
      scores[i] = unchanged;
      continue;
    }
    const takenA = usedA[slot]!;
    const takenB = usedB[slot]!;
    const then = (1 - abs(min(1, takenA / availableA) - min(1, takenB / availableB)) / 2) * highest;
    const now =
      (1 - abs(min(1, (takenA + wantA) / availableA) - min(1, (takenB + wantB) / availableB)) / 2) * highest;
    if (exact) scores[i] = 50 + (50 + now - then) / 2;
    // Integers cut off what `trunc` would, in half the time.
    else scores[i] = 50 + ((50 + (now | 0) - (then | 0)) >> 1);
  }
}

function scoreAny(
  columns: readonly ResourceColumns[],
  { slots, length }: Rows,
  scores: Float64Array,
  { exact }: BalanceOptions,
): void {
  const before = new Float64Array(columns.length);
  const after = new Float64Array(columns.length);
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    let count = 0;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      const available = column.capacity[slot]!;
      if (available === 0) continue;
      const taken = column.used[slot]!;
      before[count] = min(1, taken / available);
      after[count] = min(1, (taken + column.want) / available);
      count += 1;
    }
    const then = balance(before, count);
    const now = balance(after, count);
    scores[i] = exact ? 50 + (50 + now - then) / 2 : 50 + trunc((50 + trunc(now) - trunc(then)) / 2);
  }
}

/** 100 when all fractions are equal, less by their standard deviation. */
function balance(fractions: Float64Array, count: number): number {
  return (1 - deviation(fractions, count)) * highest;
}

function deviation(fractions: Float64Array, count: number): number {
  if (count === 2) return abs(fractions[0]! - fractions[1]!) / 2;
  if (count < 2) return 0;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += fractions[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (fractions[i]! - mean) * (fractions[i]! - mean);
  return sqrt(squares / count);
}
