import type { ClusterEvent } from '../framework/cluster-event.js';

/** An event together with what it was about. */
export interface OccurredEvent {
  readonly event: ClusterEvent;
  readonly old: unknown;
  readonly now: unknown;
}

/**
 * Pods under way, and what happened since each was popped: an event that arrives during an attempt must still be weighed when
 * the attempt fails. Events older than the oldest pod under way are dropped.
 */
export class InFlight {
  readonly #since = new Map<string, number>();
  #events: OccurredEvent[] = [];
  /** Sequence number of `#events[0]`. */
  #base = 0;

  get podCount(): number {
    return this.#since.size;
  }

  get eventCount(): number {
    return this.#events.length;
  }

  has(uid: string): boolean {
    return this.#since.has(uid);
  }

  begin(uid: string): void {
    this.#since.set(uid, this.#base + this.#events.length);
  }

  /** Remembers an event for the pods under way; nothing to remember when there are none. */
  record(occurred: OccurredEvent): void {
    if (this.#since.size > 0) this.#events.push(occurred);
  }

  /** Events since the pod was popped. */
  since(uid: string): readonly OccurredEvent[] {
    const from = this.#since.get(uid);
    return from === undefined ? [] : this.#events.slice(from - this.#base);
  }

  /** Ends the attempt; bears being called twice. */
  end(uid: string): void {
    if (!this.#since.delete(uid)) return;
    // A Map keeps insertion order and sequence numbers only grow: the first pod left is the oldest.
    const oldest = this.#since.values().next().value;
    const drop = oldest === undefined ? this.#events.length : oldest - this.#base;
    if (drop > 0) {
      this.#events = this.#events.slice(drop);
      this.#base += drop;
    }
  }
}
