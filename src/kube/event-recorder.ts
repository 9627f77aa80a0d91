import { type Clock, systemClock } from '../clock.js';
import type { Random } from '../random.js';
import { ApiError } from './api-error.js';
import { EventQueue, type EventWrite } from './event-queue.js';
import {
  type EventObject,
  EventSeriesTable,
  type ObjectReference,
  seriesIdleMs,
  seriesKey,
  type TrackedEvent,
} from './event-series.js';
import { microTime } from './micro-time.js';
import { RateLimiter } from './rate-limiter.js';
import type { ApiTransport } from './transport.js';

/** Something that happened to an object, to be shown by `kubectl describe`. */
export interface EventRecord {
  readonly type: 'Normal' | 'Warning';
  /** Why, in one CamelCase word. */
  readonly reason: string;
  /** What was being done, in one CamelCase word. */
  readonly action: string;
  /** For people. Cut to 1,024 bytes. */
  readonly note: string;
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
  /** Told apart from others that differ in their note alone, which would count as repetitions. */
  readonly isNews?: boolean;
  /**
   * It tells of what went well, once for its object: nobody looks for it, so it is held back longer where something more urgent wants the
   * API server; and it is not kept in mind for minutes to count repetitions.
   */
  readonly isRoutine?: boolean;
  /** Who reports: for a scheduler, its scheduler name. */
  readonly reportingController: string;
}

export interface EventRecorderOptions {
  /** Where this runs; part of `reportingInstance`. */
  readonly hostname: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Events waiting to be written, at most; more are dropped and counted. @default 1000 */
  readonly queueLimit?: number;
  /**
   * Events remembered for counting repetitions. Where more of them repeat in turn, each is forgotten before it comes again, and every
   * repetition is written: two for each of 8,000 pods that wait, some 25 MB. @default 16384
   */
  readonly seriesLimit?: number;
  /** Requests under way at once. @default 4 */
  readonly concurrency?: number;
  /** Limit on requests; none when left out. */
  readonly rateLimit?: { readonly qps: number; readonly burst: number };
  /** False while something more urgent wants the API server; asked again every 20 ms. */
  readonly mayPost?: () => boolean;
  /** How long `mayPost` may hold an event back that can wait; others for 300 ms. @default 1000 */
  readonly maxHoldMs?: number;
  /** Called for every event given up, with the reason. For logs. */
  readonly onFailure?: (error: unknown, event: EventObject) => void;
  /** Told of what becomes of events, in the terms of `EventRecorderStats`. For metrics. */
  readonly onEnd?: (end: EventEnd) => void;
}

export interface EventRecorderStats {
  /** Successful writes, repetitions included. */
  readonly posted: number;
  /** Never tried: the queue was full. */
  readonly dropped: number;
  /** Tried and given up. */
  readonly failed: number;
  /** Waiting, under way, or waiting for another try. */
  readonly queued: number;
}

/** What becomes of an event, as `EventRecorderStats` counts it. */
export type EventEnd = 'posted' | 'dropped' | 'failed';

const defaultSeriesLimit = 16_384;
const noteLimit = 1024;
const instanceLimit = 128;
const nameLimit = 253;
const holdPollMs = 20;
/** Somebody asks at once why his pod does not run; the answer is to be there within a second. */
const awaitedHoldMs = 300;
const maxTries = 12;
const retryMs = 10_000;
const retryJitter = 0.25;
const refreshMs = 30 * 60_000;

/**
 * Writes events through `events.k8s.io/v1`, in the background, and gives them up rather than stand in anybody's way:
 * `record` never waits and never throws. Repetitions are counted as client-go does: the first occurrence creates the
 * event, the second makes it a series, later ones are counted here and written every half hour and when they cease.
 *
 * It has a loop of its own instead of a p-queue because what decides when an event goes out is not the number under
 * way but who else wants the API server (`mayPost`), for how long (`maxHoldMs`), and the rate limit.
 */
export class EventRecorder {
  readonly #transport: ApiTransport;
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limiter: RateLimiter | undefined;
  readonly #series: EventSeriesTable;
  readonly #queue = new EventQueue();
  /** Events with a write queued, under way or waiting for another try, and whether one more is due after it. */
  readonly #writing = new Map<TrackedEvent, { again: boolean }>();
  readonly #retries = new Set<() => void>();
  readonly #flushes = new Set<() => void>();
  readonly #closing = new AbortController();
  #active = 0;
  readonly #ends = { posted: 0, dropped: 0, failed: 0 };
  #lastNanoseconds = 0n;
  #wake: { readonly at: number; readonly cancel: () => void } | undefined;
  #cancelSweep: (() => void) | undefined;
  #refreshedAt = 0;

  constructor(transport: ApiTransport, options: EventRecorderOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#limiter = options.rateLimit && new RateLimiter({ ...options.rateLimit, clock: this.#clock });
    this.#series = new EventSeriesTable(options.seriesLimit ?? defaultSeriesLimit);
  }

  get stats(): EventRecorderStats {
    return { ...this.#ends, queued: this.#queued };
  }

  /** Takes note of an event. */
  record(record: EventRecord): void {
    if (this.#closing.signal.aborted) return;
    const event = this.#eventOf(record);
    if (record.isRoutine) {
      this.#enqueue(firstOf(event, this.#clock.monotonic()), 'create', { canWait: true });
      return;
    }
    const key = record.isNews ? `${seriesKey(event)} ${event.note}` : seriesKey(event);
    const known = this.#series.get(key);
    if (known !== undefined) this.#repeat(key, known, event.eventTime);
    else this.#begin(key, event);
    this.#sweepLater();
  }

  /** Resolves when nothing is left to write, or `signal` fires. Until then nothing is held back by `mayPost`. */
  flush(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    if (this.#queued === 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#flushes.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#flushes.add(done);
      signal?.addEventListener('abort', done, { once: true });
      this.#wakeIn(0);
    });
  }

  /** Stops at once: what is not written by now is dropped. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#wake?.cancel();
    this.#cancelSweep?.();
    for (const cancel of this.#retries) cancel();
    for (let left = this.#queue.length + this.#retries.size; left > 0; left--) this.#ended('dropped');
    this.#retries.clear();
    this.#queue.clear();
    for (const done of [...this.#flushes]) done();
  }

  get #queued(): number {
    return this.#queue.length + this.#active + this.#retries.size;
  }

  #begin(key: string, event: EventObject): void {
    const tracked = firstOf(event, this.#clock.monotonic());
    if (!this.#enqueue(tracked, 'create', { canWait: false })) return;
    const evicted = this.#series.put(key, tracked);
    if (evicted !== undefined) this.#writeLast(evicted);
  }

  #repeat(key: string, tracked: TrackedEvent, eventTime: string): void {
    const isSecond = tracked.series === undefined;
    tracked.series = { count: (tracked.series?.count ?? 1) + 1, lastObservedTime: eventTime };
    tracked.lastSeenAt = this.#clock.monotonic();
    this.#series.put(key, tracked);
    if (isSecond) this.#enqueue(tracked, 'series');
  }

  /** Writes of one event follow one another, so that its series never overtakes its creation. */
  #enqueue(
    tracked: TrackedEvent,
    kind: EventWrite['kind'],
    { canWait }: { readonly canWait: boolean } = { canWait: true },
  ): boolean {
    const writing = this.#writing.get(tracked);
    if (writing !== undefined) {
      writing.again = true;
      return true;
    }
    if (this.#queued >= (this.#options.queueLimit ?? 1000)) {
      this.#ended('dropped');
      return false;
    }
    this.#writing.set(tracked, { again: false });
    this.#queue.push({ tracked, kind, queuedAt: this.#clock.monotonic(), canWait, tries: 0 });
    this.#wakeIn(0);
    return true;
  }

  /** Sends later, never within the caller's turn: a scheduling cycle does not pay for its events. */
  #wakeIn(ms: number): void {
    const at = this.#clock.monotonic() + ms;
    // A steady stream of events must not put off the wake-up that is due.
    if (this.#wake !== undefined && this.#wake.at <= at) return;
    this.#wake?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#wake = undefined;
      this.#pump();
    });
    this.#wake = { at, cancel };
  }

  #pump(): void {
    const concurrency = this.#options.concurrency ?? 4;
    while (this.#queue.length > 0 && this.#active < concurrency) {
      const next = this.#queue.take((write) => this.#isHeld(write));
      if (next === undefined) {
        this.#wakeIn(holdPollMs);
        return;
      }
      void this.#run(next);
    }
  }

  #isHeld({ queuedAt, canWait }: EventWrite): boolean {
    if (this.#flushes.size > 0 || (this.#options.mayPost?.() ?? true)) return false;
    const { maxHoldMs = 1000 } = this.#options;
    return this.#clock.monotonic() - queuedAt < (canWait ? maxHoldMs : Math.min(awaitedHoldMs, maxHoldMs));
  }

  async #run(job: EventWrite): Promise<void> {
    this.#active++;
    job.tries++;
    let retryInMs: number | undefined;
    try {
      await this.#limiter?.acquire({ signal: this.#closing.signal });
      await this.#write(job);
      this.#ended('posted');
    } catch (error) {
      retryInMs = this.#retryDelay(job, error);
      if (retryInMs === undefined) this.#giveUp(job, error);
    }
    this.#active--;
    if (this.#closing.signal.aborted) return;
    if (retryInMs === undefined) this.#finish(job);
    else this.#retryIn(retryInMs, job);
    this.#pump();
    if (this.#queued === 0) for (const done of [...this.#flushes]) done();
  }

  #finish({ tracked }: EventWrite): void {
    const again = this.#writing.get(tracked)?.again ?? false;
    this.#writing.delete(tracked);
    if (again) this.#enqueue(tracked, 'series');
  }

  #retryIn(ms: number, job: EventWrite): void {
    const cancel = this.#clock.after(ms, () => {
      this.#retries.delete(cancel);
      this.#queue.putBack(job);
      this.#pump();
    });
    this.#retries.add(cancel);
  }

  /** Milliseconds until the next try, or undefined when another try makes no sense. */
  #retryDelay(job: EventWrite, error: unknown): number | undefined {
    if (job.tries >= maxTries || !(error instanceof ApiError)) return undefined;
    const delay = retryMs * (1 + this.#random() * retryJitter);
    switch (error.failure) {
      case 'unreachable':
      case 'ambiguous':
        return delay;
      case 'status':
        // A series whose event was deleted and made again at once by somebody else.
        if (isAlreadyExists(error)) return delay;
        return error.retryAfterMs;
      default:
        return undefined;
    }
  }

  #ended(end: EventEnd): void {
    this.#ends[end] += 1;
    this.#options.onEnd?.(end);
  }

  #giveUp(job: EventWrite, error: unknown): void {
    if (this.#closing.signal.aborted) {
      this.#ended('dropped');
      return;
    }
    this.#ended('failed');
    try {
      this.#options.onFailure?.(error, job.tracked.event);
    } catch {
      // An observer's fault must not stop the events.
    }
  }

  async #write(job: EventWrite): Promise<void> {
    const { tracked, kind } = job;
    if (kind === 'create') await this.#create(tracked.event, job.tries > 1);
    else await this.#writeSeries(tracked);
  }

  async #create(event: EventObject, isRetry: boolean): Promise<void> {
    try {
      await this.#send('POST', event, '', event);
    } catch (error) {
      // The try that got no answer was carried out after all.
      if (!(isRetry && isAlreadyExists(error))) throw error;
    }
  }

  async #writeSeries(tracked: TrackedEvent): Promise<void> {
    const { event, series } = tracked;
    if (series === undefined) return;
    try {
      await this.#send('PATCH', event, `/${encodeURIComponent(event.metadata.name)}`, { series });
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 404)) throw error;
      await this.#send('POST', event, '', { ...event, series });
    }
    tracked.writtenCount = series.count;
  }

  async #send(method: 'POST' | 'PATCH', event: EventObject, suffix: string, body: unknown): Promise<void> {
    await this.#transport.request({
      method,
      path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(event.metadata.namespace)}/events${suffix}`,
      body,
      ...(method === 'PATCH'
        ? { contentType: 'application/strategic-merge-patch+json' }
        : { protobuf: true }),
      // Waiting is done here, where it holds up no other event.
      retryThrottled: false,
      // It is the event as it was sent, and nobody asks for it.
      ignoreAnswer: true,
      signal: this.#closing.signal,
    });
  }

  /** Timers run only while there is something to forget. */
  #sweepLater(): void {
    if (this.#cancelSweep !== undefined || this.#series.size === 0) return;
    if (this.#refreshedAt === 0) this.#refreshedAt = this.#clock.monotonic();
    this.#cancelSweep = this.#clock.after(seriesIdleMs, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const tracked of this.#series.takeIdle(now - seriesIdleMs)) this.#writeLast(tracked);
    if (now - this.#refreshedAt < refreshMs) return;
    this.#refreshedAt = now;
    for (const tracked of this.#series.repeated()) this.#enqueue(tracked, 'series');
  }

  /** Writes what was counted since the last write of an event that is no longer remembered. */
  #writeLast(tracked: TrackedEvent): void {
    if (tracked.series !== undefined && tracked.series.count !== tracked.writtenCount) {
      this.#enqueue(tracked, 'series');
    }
  }

  #eventOf(record: EventRecord): EventObject {
    const { type, reason, action, regarding, related, reportingController } = record;
    const now = this.#clock.now();
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: this.#nameFor(regarding, now), namespace: regarding.namespace || 'default' },
      eventTime: microTime(now),
      reportingController,
      reportingInstance: `${reportingController}-${this.#options.hostname}`.slice(0, instanceLimit),
      type,
      reason,
      action,
      note: cutNote(record.note),
      regarding,
      ...(related === undefined ? {} : { related }),
    };
  }

  /** `<object name>.<hex unix-nanoseconds>`; the clock counts milliseconds, so the rest makes the name unique. */
  #nameFor({ name }: ObjectReference, nowMs: number): string {
    const nanoseconds = BigInt(Math.floor(nowMs)) * 1_000_000n;
    this.#lastNanoseconds = nanoseconds > this.#lastNanoseconds ? nanoseconds : this.#lastNanoseconds + 1n;
    const suffix = `.${this.#lastNanoseconds.toString(16)}`;
    return name.slice(0, nameLimit - suffix.length).replace(/[-.]+$/, '') + suffix;
  }
}

function isAlreadyExists(error: unknown): boolean {
  return error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';
}

/** Cuts to what the API server accepts, between characters, with ` ...` to show it. */
function cutNote(note: string): string {
  if (Buffer.byteLength(note) <= noteLimit) return note;
  const suffix = ' ...';
  const bytes = Buffer.from(note);
  let end = noteLimit - suffix.length;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + suffix;
}

function firstOf(event: EventObject, lastSeenAt: number): TrackedEvent {
  return { event, series: undefined, lastSeenAt, writtenCount: 1 };
}
