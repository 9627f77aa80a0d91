import type { Clock } from '../../clock.js';
import type { JsonRecord } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type ListOptions, type ObjectMatcher, parseResourceVersion } from './list-options.js';
import type { Change, ChangeType, ObjectStore } from './object-store.js';
import { apiVersionOf, type ResourceKind } from './resource-kind.js';
import { expired } from './status-error.js';

/** Where the frames of one watch go. */
export interface WatchSink {
  write(frame: string | Buffer): void;
  /** The last frame was written: the client may come back. */
  end(): void;
  /** Cut off without a goodbye. */
  destroy(): void;
}

/** How objects are written in a watch; plain JSON when absent, else for instance as Table rows. */
export type ObjectRenderer = (object: KubeObject) => JsonRecord;

export interface WatchRequest {
  readonly kind: ResourceKind;
  readonly namespace: string | undefined;
  readonly options: ListOptions;
  readonly sink: WatchSink;
  readonly render?: ObjectRenderer;
}

interface Watcher extends WatchRequest {
  readonly cancels: (() => void)[];
  /** Changes up to this version were already delivered or were part of the initial state. */
  delivered: number;
}

/** Without a timeout of its own a watch ends after this; the real server draws 30 to 60 minutes. */
const DEFAULT_TIMEOUT_SECONDS = 45 * 60;

/** Longest delay a timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const INITIAL_EVENTS_END = { annotations: { 'k8s.io/initial-events-end': 'true' } };

interface Delivery {
  readonly type: ChangeType;
  readonly object: KubeObject;
}

/** What a change means to somebody who sees only what the selector matches. */
function deliveryOf(change: Change, matches: ObjectMatcher | undefined): Delivery | undefined {
  const { type, object, previous } = change;
  if (matches === undefined) return { type, object };
  const matched = previous !== undefined && matches(previous);
  if (type === 'DELETED') return matched ? { type, object } : undefined;
  if (matches(object)) return { type: matched ? 'MODIFIED' : 'ADDED', object };
  if (!matched || previous === undefined) return undefined;
  // The last state that matched, under the version of the change that ended it.
  const metadata = { ...previous.metadata, resourceVersion: String(change.version) };
  return { type: 'DELETED', object: { ...previous, metadata } };
}

/** All watches: initial state, resumption from history, live changes, bookmarks, timeouts. */
export class WatchHub {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #bookmarkIntervalMs: number;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #unsubscribe: () => void;

  constructor(options: {
    readonly store: ObjectStore;
    readonly clock: Clock;
    readonly bookmarkIntervalMs: number;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#bookmarkIntervalMs = options.bookmarkIntervalMs;
    this.#unsubscribe = this.#store.subscribe((change) => this.#broadcast(change));
  }

  /**
   * Starts a watch: writes what the client has missed, then every change as it happens. A version that is too old is
   * answered in the stream, as the real server does. The returned function ends the watch without touching the sink.
   */
  open(request: WatchRequest): () => void {
    const watcher: Watcher = { ...request, cancels: [], delivered: this.#store.version };
    const { options } = request;
    const since = options.resourceVersion === '' ? 0 : parseResourceVersion(options.resourceVersion);
    if (since === 0 || options.sendInitialEvents) this.#sendState(watcher);
    else if (!this.#sendMissed(watcher, since)) return () => {};
    this.#watchersOf(request.kind.bucket).add(watcher);
    this.#armTimers(watcher);
    return () => this.#forget(watcher);
  }

  /** Ends every watch; with `abrupt` as a broken connection would. Returns how many there were. */
  drop(options: { readonly abrupt?: boolean } = {}): number {
    const all = [...this.#watchers.values()].flatMap((watchers) => [...watchers]);
    for (const watcher of all) {
      this.#forget(watcher);
      if (options.abrupt) watcher.sink.destroy();
      else watcher.sink.end();
    }
    return all.length;
  }

  close(): void {
    this.drop({ abrupt: true });
    this.#unsubscribe();
  }

  #watchersOf(bucket: string): Set<Watcher> {
    let watchers = this.#watchers.get(bucket);
    if (watchers === undefined) {
      watchers = new Set();
      this.#watchers.set(bucket, watchers);
    }
    return watchers;
  }

  #sendState(watcher: Watcher): void {
    const { kind, namespace, options } = watcher;
    for (const object of this.#store.list(kind.bucket, namespace)) {
      if (options.matches?.(object) ?? true) this.#write(watcher, 'ADDED', object);
    }
    if (options.sendInitialEvents && options.allowWatchBookmarks) this.#bookmark(watcher, INITIAL_EVENTS_END);
  }

  /** False when history does not reach back so far; the watch is over then. */
  #sendMissed(watcher: Watcher, since: number): boolean {
    const { kind, sink } = watcher;
    const missed = this.#store.changesSince(kind.bucket, since);
    if (missed.kind === 'expired') {
      const status = expired(`too old resource version: ${since} (${missed.oldest})`).toStatus();
      sink.write(frame('ERROR', JSON.stringify(status)));
      sink.end();
      return false;
    }
    // A version from the future is waited for.
    watcher.delivered = Math.max(watcher.delivered, since);
    for (const change of missed.changes) this.#deliver(watcher, change, undefined);
    return true;
  }

  #armTimers(watcher: Watcher): void {
    const { options, sink } = watcher;
    const timeoutMs = (options.timeoutSeconds || DEFAULT_TIMEOUT_SECONDS) * 1000;
    watcher.cancels.push(
      this.#clock.after(Math.min(timeoutMs, MAX_TIMER_MS), () => {
        this.#forget(watcher);
        sink.end();
      }),
    );
    if (options.allowWatchBookmarks && this.#bookmarkIntervalMs > 0) this.#armBookmark(watcher);
  }

  #armBookmark(watcher: Watcher): void {
    const slot = watcher.cancels.length;
    const arm = (): void => {
      watcher.cancels[slot] = this.#clock.after(this.#bookmarkIntervalMs, () => {
        this.#bookmark(watcher);
        arm();
      });
    };
    arm();
  }

  #forget(watcher: Watcher): void {
    this.#watchers.get(watcher.kind.bucket)?.delete(watcher);
    for (const cancel of watcher.cancels) cancel();
  }

  #broadcast(change: Change): void {
    const watchers = this.#watchers.get(change.bucket);
    if (watchers === undefined || watchers.size === 0) return;
    // One encoding for all who see the same form of the same change.
    const encoded = new Map<string, Buffer>();
    for (const watcher of [...watchers]) {
      if (change.version > watcher.delivered) this.#deliver(watcher, change, encoded);
    }
  }

  #deliver(watcher: Watcher, change: Change, encoded: Map<string, Buffer> | undefined): void {
    const { namespace, options, kind } = watcher;
    if (namespace !== undefined && change.object.metadata.namespace !== namespace) return;
    const delivery = deliveryOf(change, options.matches);
    if (delivery === undefined) return;
    // What a watcher with a selector sees as gone is its own object, so only unaltered changes are shared.
    const isShared = delivery.object === change.object && watcher.render === undefined;
    if (!isShared || encoded === undefined) {
      this.#write(watcher, delivery.type, delivery.object);
      return;
    }
    const key = `${apiVersionOf(kind)} ${delivery.type}`;
    let buffer = encoded.get(key);
    if (buffer === undefined) {
      buffer = Buffer.from(frame(delivery.type, JSON.stringify(kind.fromStored(delivery.object))));
      encoded.set(key, buffer);
    }
    watcher.sink.write(buffer);
  }

  #write(watcher: Watcher, type: ChangeType, stored: KubeObject): void {
    const object = watcher.kind.fromStored(stored);
    watcher.sink.write(frame(type, JSON.stringify(watcher.render?.(object) ?? object)));
  }

  #bookmark(watcher: Watcher, metadata: JsonRecord = {}): void {
    // Tables are for people to read; nobody resumes from one.
    if (watcher.render !== undefined) return;
    const { kind, delivered } = watcher;
    const object = {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: { resourceVersion: String(Math.max(delivered, this.#store.version)), ...metadata },
    };
    watcher.sink.write(frame('BOOKMARK', JSON.stringify(object)));
  }
}

function frame(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}
