import { type Random, seededRandom } from '../../src/random.js';

/** Random choices that are the same for the same seed. */
export class Draw {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** From 0 on, below 1. */
  next(): number {
    return this.#random();
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Undefined of nothing. */
  one<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)];
  }

  weighted<T>(choices: readonly (readonly [T, number])[]): T {
    let rest = this.next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [choice, weight] of choices) {
      rest -= weight;
      if (rest < 0) return choice;
    }
    throw new Error('nothing to choose from');
  }
}
