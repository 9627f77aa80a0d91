import type { Clock } from '../clock.js';

/** Notices that a connection has fallen silent: a dead peer behind a broken network sends no error, it sends nothing. */
export class SilenceGuard {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #lastHeard: number;
  #cancel: () => void = () => {};

  constructor(options: { readonly clock: Clock; readonly limitMs: number }) {
    this.#clock = options.clock;
    this.#limitMs = options.limitMs;
    this.#lastHeard = this.#clock.monotonic();
  }

  /** Monotonic milliseconds of the last sign of life. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  heard(): void {
    this.#lastHeard = this.#clock.monotonic();
  }

  /** Starts to listen; `onSilence` is called once, with the length of the silence. */
  start(onSilence: (silentMs: number) => void): void {
    this.stop();
    this.heard();
    this.#listen(this.#limitMs, onSilence);
  }

  stop(): void {
    this.#cancel();
  }

  /** One timer for each stretch of silence, not one for each byte. */
  #listen(ms: number, onSilence: (silentMs: number) => void): void {
    this.#cancel = this.#clock.after(ms, () => {
      const silentMs = this.#clock.monotonic() - this.#lastHeard;
      if (silentMs >= this.#limitMs) onSilence(silentMs);
      else this.#listen(this.#limitMs - silentMs, onSilence);
    });
  }
}
