import type { BreakerConfiguration } from '../config/berth-configuration.js';

/** `closed`: calls go through. `open`: none does. `half-open`: calls go through, and the next fault opens it again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerOptions extends BreakerConfiguration {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly changed?: (state: BreakerState) => void;
}

/**
 * Keeps a plugin that fails again and again from being called for a while. Faults are counted in a window that slides; after the pause
 * the plugin is tried, and counts as well again when it succeeds where it had failed.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  /** Times of the latest faults, oldest first; never more than it takes to open. */
  #faults: number[] = [];
  #openedAt = 0;
  #failedAt = '';

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** May the plugin be called now? */
  admits(): boolean {
    if (this.#state !== 'open') return true;
    if (this.pauseLeftMs > 0) return false;
    this.#become('half-open');
    return true;
  }

  /** How long it stays open; 0 when it is not. */
  get pauseLeftMs(): number {
    const { now, pauseMs } = this.#options;
    return this.#state === 'open' ? Math.max(0, this.#openedAt + pauseMs - now()) : 0;
  }

  succeeded(point: string): void {
    if (this.#state === 'half-open' && point === this.#failedAt) {
      this.#faults = [];
      this.#become('closed');
    }
  }

  failed(point: string): void {
    const { now, windowMs, faults } = this.#options;
    const time = now();
    this.#failedAt = point;
    this.#faults = [...this.#faults, time].filter((at) => time - at < windowMs).slice(-faults);
    if (this.#state === 'half-open' || (this.#state === 'closed' && this.#faults.length >= faults)) {
      this.#openedAt = time;
      this.#become('open');
    }
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#options.changed?.(state);
  }
}
