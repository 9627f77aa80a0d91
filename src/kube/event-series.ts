/** An event as `events.k8s.io/v1` stores it, and which events count as the same one happening again. */

export interface ObjectReference {
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface EventSeries {
  readonly count: number;
  /** With six fractional digits. */
  readonly lastObservedTime: string;
}

export interface EventObject {
  readonly apiVersion: 'events.k8s.io/v1';
  readonly kind: 'Event';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
}

/** One event object on the server, with the repetitions counted since. */
export interface TrackedEvent {
  readonly event: EventObject;
  series: EventSeries | undefined;
  /** Milliseconds, monotonic. */
  lastSeenAt: number;
  /** The count that the server has; 1 from the first write on. */
  writtenCount: number;
}

/** After this long without a repetition an event is forgotten. */
export const seriesIdleMs = 6 * 60_000;

/**
 * Two events are the same when they agree in everything but note and time. The references carry uid and
 * resourceVersion: an object that changed in between starts a new event.
 */
export function seriesKey(event: EventObject): string {
  const { type, action, reason, reportingController, reportingInstance, regarding, related } = event;
  return JSON.stringify([
    type,
    action,
    reason,
    reportingController,
    reportingInstance,
    referenceKey(regarding),
    related === undefined ? null : referenceKey(related),
  ]);
}

/** The events of the last minutes, at most `limit` of them; the one longest not repeated goes first. */
export class EventSeriesTable {
  readonly #limit: number;
  readonly #entries = new Map<string, TrackedEvent>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): TrackedEvent | undefined {
    return this.#entries.get(key);
  }

  /** Enters an event as the latest. Returns what had to go to make room. */
  put(key: string, tracked: TrackedEvent): TrackedEvent | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, tracked);
    if (this.#entries.size <= this.#limit) return undefined;
    const [oldest, evicted] = this.#entries.entries().next().value!;
    this.#entries.delete(oldest);
    return evicted;
  }

  /** Forgets and returns the events not repeated since `before`. */
  takeIdle(before: number): readonly TrackedEvent[] {
    const idle: TrackedEvent[] = [];
    // The map is in the order of the latest occurrence.
    for (const [key, tracked] of this.#entries) {
      if (tracked.lastSeenAt > before) break;
      this.#entries.delete(key);
      idle.push(tracked);
    }
    return idle;
  }

  /** The events that happened more than once. */
  repeated(): readonly TrackedEvent[] {
    return [...this.#entries.values()].filter(({ series }) => series !== undefined);
  }
}

function referenceKey(reference: ObjectReference): readonly (string | undefined)[] {
  const { kind, apiVersion, namespace, name, uid, resourceVersion } = reference;
  return [kind, apiVersion, namespace, name, uid, resourceVersion];
}
