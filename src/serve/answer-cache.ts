import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';

export interface AnswerCacheOptions<Answer> {
  /** How long an answer is good for, in milliseconds; 0 for not at all. */
  readonly keepMs: (answer: Answer) => number;
  /** Most answers that are kept; the oldest goes first. */
  readonly capacity: number;
  /** Most questions under way at a time. */
  readonly maxPending: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Too many questions are under way: this one was not asked. */
export class BusyError extends Error {
  constructor() {
    super('too many reviews are under way');
    this.name = 'BusyError';
  }
}

/**
 * Remembers answers for a while, and asks only once what several want to know at the same time. Failures are not remembered. Of a question
 * only a digest is kept: it may be a secret, and as long as somebody likes.
 */
export class AnswerCache<Answer> {
  readonly #options: AnswerCacheOptions<Answer>;
  readonly #kept = new Map<string, { readonly answer: Answer; readonly until: number }>();
  readonly #pending = new Map<string, Promise<Answer>>();

  constructor(options: AnswerCacheOptions<Answer>) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The answer to the question, from memory or from `ask`. Rejects as `ask` does, or with `BusyError`. */
  async get(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const key = createHash('sha256').update(question).digest('base64');
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#options.clock.monotonic() < kept.until) return kept.answer;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= this.#options.maxPending) throw new BusyError();
    const asked = ask();
    this.#pending.set(key, asked);
    try {
      const answer = await asked;
      this.#keep(key, answer);
      return answer;
    } finally {
      this.#pending.delete(key);
    }
  }

  #keep(key: string, answer: Answer): void {
    const { keepMs, capacity, clock } = this.#options;
    // Deleted first, so that the order of the map is that of age.
    this.#kept.delete(key);
    const ms = keepMs(answer);
    if (ms <= 0) return;
    this.#kept.set(key, { answer, until: clock.monotonic() + ms });
    if (this.#kept.size > capacity) this.#kept.delete(this.#kept.keys().next().value as string);
  }
}
