import type { ApiRequest, ApiTransport, StreamRequest } from '../../src/kube/transport.js';

type Json = Readonly<Record<string, unknown>>;

/** One open watch: what is pushed is read by the reflector in order. */
class Stream implements AsyncIterable<Uint8Array> {
  readonly #frames: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', () => this.#wake?.());
  }

  push(event: Json): void {
    this.#frames.push(new TextEncoder().encode(`${JSON.stringify(event)}\n`));
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.#signal?.aborted !== true) {
      const frame = this.#frames.shift();
      if (frame !== undefined) yield frame;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** Collections by path, as far as listing and watching them goes: every path can be listed, most are empty. */
export class WatchedCollections implements ApiTransport {
  /** Paths that were listed, in order. */
  readonly listed: string[] = [];
  /** Other requests that were made. */
  readonly requests: ApiRequest[] = [];
  readonly #objects = new Map<string, Json[]>();
  readonly #streams = new Map<string, Stream>();
  readonly #held = new Map<string, Promise<void>>();
  #version = 1000;

  /** What the path's list has from now on. */
  put(path: string, ...objects: readonly Json[]): void {
    this.#objects.set(path, [...objects]);
  }

  /** Lists of the path are not answered before the returned function is called. */
  hold(path: string): () => void {
    let release: () => void = () => undefined;
    this.#held.set(path, new Promise((resolve) => (release = resolve)));
    return release;
  }

  isWatched(path: string): boolean {
    return this.#streams.has(path);
  }

  /** Sends an event to the watch of the path. Each is of a version of its own. */
  send(path: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Json): void {
    this.#version += 1;
    const metadata = { ...(object.metadata as Json), resourceVersion: String(this.#version) };
    this.#streams.get(path)!.push({ type, object: { ...object, metadata } });
  }

  async request<T>(request: ApiRequest): Promise<T> {
    if (request.method !== 'GET') {
      this.requests.push(request);
      return {} as T;
    }
    this.listed.push(request.path);
    const held = this.#held.get(request.path);
    if (held !== undefined) await Promise.race([held, aborted(request.signal)]);
    request.signal?.throwIfAborted();
    const items = this.#objects.get(request.path) ?? [];
    return { metadata: { resourceVersion: '1000' }, items } as T;
  }

  async stream({ path, signal }: StreamRequest): Promise<AsyncIterable<Uint8Array>> {
    const stream = new Stream(signal);
    this.#streams.set(path, stream);
    signal?.addEventListener('abort', () => this.#streams.delete(path), { once: true });
    return stream;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}
