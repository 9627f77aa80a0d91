import type { TrackedEvent } from './event-series.js';

/** A write to do: the event's creation, or its series as it stands when the write is sent. */
export interface EventWrite {
  readonly tracked: TrackedEvent;
  readonly kind: 'create' | 'series';
  /** Of a monotonic clock, milliseconds. */
  readonly queuedAt: number;
  /** Nobody looks for it: others go first. */
  readonly canWait: boolean;
  tries: number;
}

/** Writes of events in the order in which they go out: first those that somebody looks for, each kind as it came. */
export class EventQueue {
  readonly #awaited: EventWrite[] = [];
  readonly #patient: EventWrite[] = [];

  get length(): number {
    return this.#awaited.length + this.#patient.length;
  }

  push(write: EventWrite): void {
    this.#laneOf(write).push(write);
  }

  /** One that was taken, and is to be tried again. */
  putBack(write: EventWrite): void {
    this.#laneOf(write).unshift(write);
  }

  /** The next one that nothing holds back; undefined when there is none. */
  take(isHeld: (write: EventWrite) => boolean): EventWrite | undefined {
    for (const lane of [this.#awaited, this.#patient]) {
      const [first] = lane;
      if (first !== undefined && !isHeld(first)) return lane.shift();
    }
    return undefined;
  }

  clear(): void {
    this.#awaited.length = 0;
    this.#patient.length = 0;
  }

  #laneOf({ canWait }: EventWrite): EventWrite[] {
    return canWait ? this.#patient : this.#awaited;
  }
}
