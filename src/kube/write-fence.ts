/** Asked before every write: is this process still the one that may? */
export interface WriteFence {
  mayWrite(): boolean;
}

/** For running without leader election: always open. */
export const openFence: WriteFence = { mayWrite: () => true };

const deadlineCell = 0;
const closedCell = 1;

/**
 * A fence that time closes. The thread that renews the lease moves a deadline forward in shared memory; every other
 * thread compares it with the clock at the moment of writing. So a process that was frozen past its lease writes
 * nothing when it goes on, even before any timer or message tells it that it lost.
 *
 * Deadlines are nanoseconds of `process.hrtime` (CLOCK_MONOTONIC): one clock for all threads, running on while the
 * process is stopped.
 */
export class LeaseFence implements WriteFence {
  /** What the other threads build their fence from. */
  readonly buffer: SharedArrayBuffer;
  readonly #cells: BigInt64Array;
  readonly #now: () => bigint;

  /**
   * @param buffer Sixteen bytes shared with the other threads; a new, closed fence when left out.
   * @param now Monotonic nanoseconds, the same clock in all threads.
   */
  constructor(buffer = new SharedArrayBuffer(16), now: () => bigint = process.hrtime.bigint) {
    this.buffer = buffer;
    this.#cells = new BigInt64Array(buffer);
    this.#now = now;
  }

  mayWrite(): boolean {
    return (
      Atomics.load(this.#cells, closedCell) === 0n && Atomics.load(this.#cells, deadlineCell) > this.#now()
    );
  }

  /** Nanoseconds now, on the clock of the deadlines. */
  now(): bigint {
    return this.#now();
  }

  /** Opens the fence until `deadline` (nanoseconds), replacing the earlier one; 0 shuts it for now. */
  openUntil(deadline: bigint): void {
    Atomics.store(this.#cells, deadlineCell, deadline);
  }

  /** Shuts the fence until it is opened again. */
  shut(): void {
    this.openUntil(0n);
  }

  /** Shuts the fence for good: no thread can open it any more. */
  close(): void {
    Atomics.store(this.#cells, closedCell, 1n);
  }
}
