import type { Clock } from '../../clock.js';
import { ignoreVanished } from './cluster-controller.js';

/** Things to do a while later, each once however often it is asked for in between. */
export class DelayedActions {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #timers = new Map<string, () => void>();

  /** @param onError told of what an action throws, unless its object has vanished or changed meanwhile. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Does nothing while the same key is waiting. */
  after(delayMs: number, key: string, action: () => void): void {
    if (this.#timers.has(key)) return;
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      try {
        ignoreVanished(action);
      } catch (error) {
        this.#onError(error);
      }
    });
    this.#timers.set(key, cancel);
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
