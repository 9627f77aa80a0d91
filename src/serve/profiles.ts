import { Session } from 'node:inspector/promises';
import type { Readable } from 'node:stream';
import { getHeapSnapshot } from 'node:v8';
import { type Clock, systemClock } from '../clock.js';

/** Looks into the running program, with what V8 offers. One look at a time: each of them costs the program something. */
export class Profiles {
  readonly #clock: Clock;
  #busy = false;

  constructor({ clock = systemClock }: { readonly clock?: Clock } = {}) {
    this.#clock = clock;
  }

  /**
   * What the main thread did for so many milliseconds, in the `.cpuprofile` format of Chrome's and VS Code's viewers. Ends sooner when the signal
   * fires.
   */
  async processor(ms: number, { signal }: { readonly signal: AbortSignal }): Promise<string | 'busy'> {
    if (this.#busy) return 'busy';
    this.#busy = true;
    const session = new Session();
    try {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.start');
      await this.#clock.sleep(ms, { signal }).catch(() => undefined);
      const { profile } = await session.post('Profiler.stop');
      return JSON.stringify(profile);
    } finally {
      session.disconnect();
      this.#busy = false;
    }
  }

  /**
   * All objects of the main thread, in the `.heapsnapshot` format of Chrome's viewer. The program stands still while it is taken, and
   * needs as much memory again.
   */
  async heap(): Promise<Readable | 'busy'> {
    if (this.#busy) return 'busy';
    this.#busy = true;
    const snapshot = getHeapSnapshot();
    const free = (): void => {
      this.#busy = false;
    };
    snapshot.once('close', free).once('end', free);
    return snapshot;
  }
}
