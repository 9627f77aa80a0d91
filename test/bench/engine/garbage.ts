import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** As Node.js makes it, beyond its own types. */
interface DetailedEntry extends PerformanceEntry {
  readonly detail?: { readonly flags?: number };
}

/** Watches how long V8 collects garbage. */
export class GarbageWatch {
  #ms = 0;
  #count = 0;
  readonly #observer = new PerformanceObserver((list) => this.#take(list.getEntries()));

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Milliseconds and collections since the last call, but for those that somebody asked for. */
  async sinceLast(): Promise<{ readonly ms: number; readonly count: number }> {
    // Entries are handed over in a later turn.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.#take(this.#observer.takeRecords());
    const since = { ms: this.#ms, count: this.#count };
    this.#ms = 0;
    this.#count = 0;
    return since;
  }

  close(): void {
    this.#observer.disconnect();
  }

  #take(entries: readonly PerformanceEntry[]): void {
    for (const { duration, detail } of entries as readonly DetailedEntry[]) {
      const { flags = 0 } = detail ?? {};
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) continue;
      this.#ms += duration;
      this.#count += 1;
    }
  }
}

/** Collects what was allocated lately, so that no round pays for the one before. */
export const collectGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  return () => collect({ type: 'minor' });
})();

/** A gauge of bytes allocated, on the heap and in array buffers, less what the readings allocate themselves. */
export function allocationGauge(): () => number {
  let own = 0;
  return () => {
    // What a reading allocates changes as code is compiled: each time the second one shows what the first one took.
    const first = bytesInUse();
    const second = bytesInUse();
    const cost = Math.max(0, second - first);
    const reading = second - cost - own;
    own += 2 * cost;
    return reading;
  };
}

function bytesInUse(): number {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
  return heap + buffers;
}
