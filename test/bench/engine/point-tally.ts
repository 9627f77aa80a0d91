import type { EvaluationObserver, EvaluationPoint } from '../../../src/scheduler/evaluation-observer.js';
import { medianOf } from '../quantiles.js';

/** What decisions spent at one place: a plugin at an extension point, an extension point beside its plugins, or the rest. */
export interface Part {
  readonly point: EvaluationPoint | 'rest';
  /** '' for what the extension point does around its plugins. */
  readonly plugin: string;
  /** In the unit of the gauge, for one decision. */
  readonly perDecision: number;
}

/** What one attempt spent, by point and plugin. */
interface Attempt {
  readonly total: number;
  readonly spent: ReadonlyMap<string, number>;
}

/**
 * Adds up where decisions spend something that a gauge shows: time, or memory. An attempt is measured from `begin` to `end`. Only the
 * cheaper half of the attempts counts for the parts: the others were interrupted by something that is not theirs.
 */
export class PointTally {
  readonly #gauge: () => number;
  readonly #tolerance: number;
  readonly #attempts: Attempt[] = [];
  #current = new Map<string, number>();
  #began = 0;
  #isTorn = false;

  /** An attempt in which the gauge went back by more than `tolerance`, because garbage was collected, does not count at all. */
  constructor(gauge: () => number, { tolerance = 0 }: { readonly tolerance?: number } = {}) {
    this.#gauge = gauge;
    this.#tolerance = tolerance;
  }

  begin(): EvaluationObserver {
    this.#current = new Map();
    this.#isTorn = false;
    this.#began = this.#gauge();
    return {
      seconds: this.#gauge,
      onPoint: (point, _status, spent) => this.#add(point, '', spent),
      onPlugin: (plugin, point, _status, spent) => {
        this.#isTorn ||= spent < -this.#tolerance;
        this.#add(point, plugin, spent);
        // What is left to the point in the end is what it does around its plugins.
        this.#add(point, '', -spent);
      },
    };
  }

  end(): void {
    const total = this.#gauge() - this.#began;
    if (!this.#isTorn && total >= 0) this.#attempts.push({ total, spent: this.#current });
  }

  /** Of each attempt that counts. */
  get totals(): readonly number[] {
    return this.#attempts.map(({ total }) => total);
  }

  /** What was spent where, the most expensive first. */
  parts(): Part[] {
    const limit = medianOf(this.totals);
    const counted = this.#attempts.filter(({ total }) => total <= limit);
    const sums = new Map<string, number>();
    let rest = 0;
    for (const { total, spent } of counted) {
      rest += total;
      for (const [key, part] of spent) {
        sums.set(key, (sums.get(key) ?? 0) + part);
        rest -= part;
      }
    }
    const parts = Array.from(sums, ([key, sum]): Part => {
      const [point, plugin] = key.split('/') as [EvaluationPoint, string];
      return { point, plugin, perDecision: Math.max(0, sum / counted.length) };
    });
    parts.push({ point: 'rest', plugin: '', perDecision: Math.max(0, rest / counted.length) });
    return parts.sort((a, b) => b.perDecision - a.perDecision);
  }

  #add(point: EvaluationPoint, plugin: string, spent: number): void {
    const key = `${point}/${plugin}`;
    this.#current.set(key, (this.#current.get(key) ?? 0) + spent);
  }
}
