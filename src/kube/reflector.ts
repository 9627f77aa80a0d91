import { type Clock, systemClock } from '../clock.js';
import type { Random } from '../random.js';
import { ApiError } from './api-error.js';
import { Backoff } from './backoff.js';
import type { RelistCause } from './disruption.js';
import { type KubeObject, ObjectStore, type ReflectorHandler } from './object-store.js';
import { type Listing, readPagedList } from './paged-list.js';
import { isOlder } from './resource-version.js';
import { SilenceGuard } from './silence-guard.js';
import type { ApiTransport, ByteStream } from './transport.js';
import { MalformedError, type ObjectReference, referenceOf, type WatchEvent } from './watch-event.js';
import {
  isExpired,
  judgeWatchFailure,
  RegressedError,
  SilenceError,
  StaleListError,
  TruncatedError,
  watchError,
} from './watch-failure.js';
import { watchFrames } from './watch-frames.js';

export interface ReflectorObserver {
  /** A whole list was read and delivered. */
  listed?(info: { readonly objects: number; readonly pages: number; readonly durationMs: number }): void;
  watchEvent?(type: WatchEvent['type']): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly transport: ApiTransport;
  /** The collection, for example `/api/v1/pods`. */
  readonly path: string;
  readonly query?: { readonly fieldSelector?: string; readonly labelSelector?: string };
  /** Reduces a decoded object to what is kept; the decoded object is dropped at once. May throw for one that makes no sense. */
  readonly project: (raw: unknown) => T;
  readonly handler: ReflectorHandler<T>;
  /** Whether objects may come as protobuf, as far as its messages are known: see `ApiRequest.protobuf`. @default false */
  readonly protobuf?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  /** @default 500 */
  readonly pageSize?: number;
  /** A watch without a byte for so long is taken for dead; a healthy server sends a bookmark each minute. @default 150_000 */
  readonly idleTimeoutMs?: number;
  readonly observe?: ReflectorObserver;
}

/** A watch that ends sooner and brought nothing counts as a failure. */
const SHORT_WATCH_MS = 1_000;
/** So many lists older than what is known are refused in a row, which takes half a minute; the next is believed. */
const MAX_STALE_LISTS = 5;

/**
 * Keeps a copy of one collection of an API server: lists it, then watches from the list's version, for as long as it
 * runs. Every fault ends in a resumed watch or a new list whose differences are delivered, so that no change is lost;
 * each is reported as a `Disruption`. Rules and figures: client-go's reflector, with bounded notice of dead connections.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: ObjectStore<T>;
  readonly #backoff: Backoff;
  readonly #silence: SilenceGuard;
  #resourceVersion = '';
  #mustList = true;
  #hasSynced = false;
  #running = false;
  /** Objects may come as protobuf, which brings the known fields alone. */
  #protobuf: boolean;
  /** When the server began to answer the watch of this moment. */
  #openedAt: number | undefined;
  /** Where the stream was when it was unreadable last. */
  #malformedAt: string | undefined;
  /** Errors the server answered in a row, without anything new in between. */
  #refusals = 0;
  /** A list is being read that may bring the known fields alone. */
  #listsKnownFields = false;
  /** Ends the watch or the pause of this moment. */
  #interruption = new AbortController();
  /** Who waits for a list that begins after they asked. */
  readonly #refreshes: (() => void)[] = [];
  /** Lists in a row that were older than what is known. */
  #staleLists = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#store = new ObjectStore(options.handler);
    this.#protobuf = options.protobuf ?? false;
    this.#backoff = new Backoff({ clock: this.#clock, random: this.#random });
    this.#silence = new SilenceGuard({ clock: this.#clock, limitMs: options.idleTimeoutMs ?? 150_000 });
  }

  /** The collection that is watched. */
  get path(): string {
    return this.#options.path;
  }

  get query(): ReflectorOptions<T>['query'] {
    return this.#options.query;
  }

  /** What is known now, by UID. */
  get store(): ReadonlyMap<string, T> {
    return this.#store.objects;
  }

  /** True once the first list has been delivered, and for ever after. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Everything up to this version has been delivered; '' before the first list. */
  get lastResourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Monotonic milliseconds of the clock when the server was heard last. */
  get lastActivity(): number {
    return this.#silence.lastHeard;
  }

  /**
   * Lists anew, whatever the watch says, and resolves when that list was delivered, or the signal fires: everything that had happened
   * before the call is known then. A watch that fell silent would not tell.
   */
  refresh({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.#refreshes.push(done);
      if (this.#hasSynced) this.#scheduleRelist('asked');
      this.#interruption.abort(new Error('a list was asked for'));
    });
  }

  /**
   * Resolves when every object that comes from then on comes with all of its fields, or the signal fires. What was delivered before is not
   * delivered again.
   */
  async readWholeObjects({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#protobuf) this.#interruption.abort(new Error('objects are to come with all of their fields'));
    this.#protobuf = false;
    if (this.#listsKnownFields) await this.refresh({ signal });
  }

  /** Lists and watches until the signal fires; resolves then. No fault ends it. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#running) throw new Error('this reflector runs already');
    this.#running = true;
    const onAbort = (): void => this.#interruption.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        this.#interruption = new AbortController();
        const pauseMs = this.#mustList ? await this.#tryList(signal) : await this.#tryWatch();
        await this.#pause(pauseMs);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#running = false;
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#interruption;
    if (ms > 0 && !signal.aborted) await this.#clock.sleep(ms, { signal }).catch(() => undefined);
  }

  /** @returns milliseconds to pause before going on. */
  async #tryList(signal: AbortSignal): Promise<number> {
    this.#listsKnownFields = this.#protobuf;
    try {
      await this.#list(signal);
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      const retryInMs = this.#pauseAfter(error);
      const fault = { during: 'list', retryInMs, error: asError(error) } as const;
      if (isExpired(error)) this.#store.report({ ...fault, kind: 'expired' });
      else this.#store.report({ ...fault, kind: 'error', code: codeOf(error) });
      return retryInMs;
    } finally {
      this.#listsKnownFields = false;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { transport, path, query, pageSize = 500, observe } = this.#options;
    const startedAt = this.#clock.monotonic();
    const asked = this.#refreshes.length;
    const listing = await readPagedList({
      transport,
      path,
      query: { ...query },
      protobuf: this.#protobuf,
      pageSize,
      project: (raw) => this.#project(raw, referenceOf(raw)),
      onPage: () => this.#silence.heard(),
      onExpired: (error) => {
        this.#store.report({ kind: 'expired', during: 'list', retryInMs: 0, error: asError(error) });
      },
      signal,
    });
    signal.throwIfAborted();
    this.#checkAge(listing.resourceVersion);
    this.#adopt(listing);
    for (const done of this.#refreshes.splice(0, asked)) done();
    // Somebody asked while this list was being read.
    this.#mustList = this.#refreshes.length > 0;
    const durationMs = this.#clock.monotonic() - startedAt;
    observe?.listed?.({ objects: listing.objects.length, pages: listing.pages, durationMs });
  }

  /**
   * A list older than what was delivered would take everything back: bound pods would be pending again. It comes from a server that
   * lags behind, and the next try may reach another; only a server that insists was restored from a backup.
   */
  #checkAge(resourceVersion: string): void {
    if (!isOlder(resourceVersion, this.#resourceVersion)) return;
    this.#staleLists += 1;
    if (this.#staleLists <= MAX_STALE_LISTS) throw new StaleListError(resourceVersion, this.#resourceVersion);
  }

  #adopt({ objects, resourceVersion }: Listing<T>): void {
    this.#store.replace(objects, resourceVersion);
    this.#resourceVersion = resourceVersion;
    this.#mustList = false;
    this.#refusals = 0;
    this.#staleLists = 0;
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#store.synced();
  }

  /** @returns milliseconds to pause before going on. */
  async #tryWatch(): Promise<number> {
    const { signal } = this.#interruption;
    const startedFrom = this.#resourceVersion;
    this.#openedAt = undefined;
    let failure: unknown;
    try {
      await this.#watch(signal);
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return 0;
    const moved = this.#resourceVersion !== startedFrom;
    if (moved) this.#refusals = 0;
    const lived = this.#openedAt !== undefined && this.#clock.monotonic() - this.#openedAt >= SHORT_WATCH_MS;
    const worthwhile = moved || lived;
    if (failure === undefined && worthwhile) {
      this.#store.report({ kind: 'reconnect', resourceVersion: this.#resourceVersion });
      return 0;
    }
    return this.#recover(
      failure ?? new Error('very short watch: it ended at once and brought nothing'),
      worthwhile,
    );
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { transport, path, query } = this.#options;
    const connection = new AbortController();
    const onAbort = (): void => connection.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    let silentMs: number | undefined;
    this.#silence.start((ms) => {
      silentMs = ms;
      connection.abort(new Error('the watch fell silent'));
    });
    try {
      const chunks = await transport.stream({
        path,
        query: {
          ...query,
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: this.#resourceVersion,
          timeoutSeconds: 300 + Math.floor(this.#random() * 301),
        },
        protobuf: this.#protobuf,
        signal: connection.signal,
      });
      this.#openedAt = this.#clock.monotonic();
      await this.#read(chunks, connection.signal);
    } catch (error) {
      if (silentMs === undefined) throw error;
    } finally {
      this.#silence.stop();
      signal.removeEventListener('abort', onAbort);
    }
    if (silentMs !== undefined) throw new SilenceError(silentMs);
  }

  /** Leaving the loop by an error closes the connection, so that nothing after an unreadable frame is taken in. */
  async #read(chunks: ByteStream, signal: AbortSignal): Promise<void> {
    const frames = watchFrames(chunks);
    for await (const chunk of chunks) {
      this.#silence.heard();
      for (const event of frames.push(chunk)) {
        if (signal.aborted) return;
        this.#take(event);
      }
    }
    if (frames.pendingBytes > 0) throw new TruncatedError(frames.pendingBytes);
  }

  #take(event: WatchEvent): void {
    this.#options.observe?.watchEvent?.(event.type);
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED': {
        const object = this.#project(event.object, event.reference);
        if (object === undefined) this.#store.expel(event.reference);
        else this.#store.upsert(object);
        this.#advance(event.reference.resourceVersion);
        return;
      }
      case 'DELETED':
        this.#store.delete(event.reference);
        this.#advance(event.reference.resourceVersion);
        return;
      case 'BOOKMARK':
        this.#takeBookmark(event.resourceVersion);
        return;
      case 'ERROR':
        throw watchError(event, this.#options.path);
    }
  }

  #takeBookmark(resourceVersion: string): void {
    if (isOlder(resourceVersion, this.#resourceVersion)) throw new RegressedError(resourceVersion);
    this.#advance(resourceVersion);
  }

  /** A repeated older event must not take us back. */
  #advance(resourceVersion: string): void {
    if (!isOlder(resourceVersion, this.#resourceVersion)) this.#resourceVersion = resourceVersion;
  }

  #project(raw: unknown, reference: ObjectReference | undefined): T | undefined {
    try {
      if (reference === undefined) throw new MalformedError('the object has no uid, name or version');
      return this.#options.project(raw);
    } catch (error) {
      const object = reference ?? { uid: '', namespace: '', name: '', resourceVersion: '' };
      this.#store.report({ kind: 'unprojectable', object, error });
      return undefined;
    }
  }

  /** Decides what follows a failed watch and reports it. */
  #recover(error: unknown, worthwhile: boolean): number {
    const resourceVersion = this.#resourceVersion;
    const verdict = judgeWatchFailure(error, {
      worthwhile,
      malformedBefore: this.#malformedAt === resourceVersion,
      refusals: this.#refusals,
    });
    if (verdict.kind === 'malformed') this.#malformedAt = resourceVersion;
    if (verdict.refused) this.#refusals += 1;
    const retryInMs = verdict.atOnce ? 0 : this.#pauseAfter(error);
    const cause = asError(error);
    switch (verdict.kind) {
      case 'idle':
        this.#store.report({ kind: 'idle', idleMs: verdict.idleMs, retryInMs });
        break;
      case 'malformed':
        this.#store.report({ kind: 'malformed', resourceVersion, retryInMs, error: cause });
        break;
      case 'expired':
        this.#store.report({ kind: 'expired', during: 'watch', retryInMs, error: cause });
        break;
      case 'error':
        this.#store.report({ kind: 'error', during: 'watch', retryInMs, code: codeOf(error), error: cause });
        break;
    }
    if (verdict.relist !== undefined) this.#scheduleRelist(verdict.relist);
    return retryInMs;
  }

  #scheduleRelist(cause: RelistCause): void {
    this.#mustList = true;
    this.#malformedAt = undefined;
    this.#store.report({ kind: 'relist', resourceVersion: this.#resourceVersion, cause });
  }

  #pauseAfter(error: unknown): number {
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(asked, this.#backoff.next());
  }
}

function codeOf(error: unknown): number {
  return error instanceof ApiError ? error.code : 0;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
