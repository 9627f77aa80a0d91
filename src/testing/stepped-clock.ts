import { type Clock, sleepBy } from '../clock.js';

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** A clock that stands still until it is moved. */
export class SteppedClock implements Clock {
  readonly #start: number;
  #now: number;
  #timers: Timer[] = [];

  constructor(now: number) {
    this.#start = now;
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return sleepBy((...timer) => this.after(...timer), ms, options);
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { due: this.#now + ms, run: callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time and runs what is due, in order; what waits for promises has its turn in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const [next] = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.due);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.run();
    }
    this.#now = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
