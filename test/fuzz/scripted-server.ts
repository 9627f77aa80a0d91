import { ApiError } from '../../src/kube/api-error.js';
import type { ApiRequest, ApiTransport, StreamRequest } from '../../src/kube/transport.js';
import { objectKinds } from '../../src/scheduler/object-kinds.js';
import type { Dice } from '../oracle/dice.js';
import { type Json, read, write } from './json-place.js';
import { rawJson, writeJson } from './raw-json.js';
import type { Operation } from './storm.js';

/** One frame that watches have seen, or are going to. */
interface Frame {
  readonly version: number;
  readonly text: string;
}

/** So many frames are kept for watches that begin late; who asks for older ones is told to list again. */
const keptFrames = 60;

class Collection {
  /** By `namespace/name`. */
  readonly objects = new Map<string, { readonly object: Json; readonly version: number }>();
  readonly frames: Frame[] = [];
  /** Version of the newest frame that was dropped. */
  dropped = 0;
  readonly streams = new Set<Stream>();
}

/**
 * An API server that stores whatever it is given, sense or nonsense, and shows it to lists and watches as bytes. It binds pods,
 * takes conditions and evictions, and refuses to write volumes.
 */
export class ScriptedServer implements ApiTransport {
  readonly #collections = new Map<string, Collection>();
  readonly #pathOf = new Map<string, string>();
  readonly #dice: Dice;
  /** Decides about a write: a status code refuses it. */
  #refuse: (request: ApiRequest) => number | undefined = () => undefined;
  #version = 1_000;
  /** Nodes of the pods that were bound here, by uid. */
  readonly #bound = new Map<string, string>();
  /** Frames sent, by type. */
  readonly sent: Record<string, number> = {};

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#pathOf.set('Pod', '/api/v1/pods').set('Node', '/api/v1/nodes');
    for (const { kind, path } of objectKinds) this.#pathOf.set(kind, path);
    for (const path of this.#pathOf.values()) this.#collections.set(path, new Collection());
  }

  /** From now on asked about every write. */
  set refusals(refuse: (request: ApiRequest) => number | undefined) {
    this.#refuse = refuse;
  }

  object(kind: string, place: string): Json | undefined {
    return this.#of(kind).objects.get(place)?.object;
  }

  places(kind: string): string[] {
    return [...this.#of(kind).objects.keys()];
  }

  /** True when no open watch has anything left to read. */
  get isRead(): boolean {
    for (const { streams } of this.#collections.values())
      for (const stream of streams) if (stream.behind) return false;
    return true;
  }

  /** True when every collection is watched. */
  get isWatched(): boolean {
    for (const { streams } of this.#collections.values()) if (streams.size === 0) return false;
    return true;
  }

  play(operation: Operation): void {
    const { kind } = operation;
    if (operation.what === 'put') this.put(kind, operation.place, operation.object!);
    else if (operation.what === 'delete') this.remove(kind, operation.place);
    else this.#trouble(operation.what, this.#of(kind));
  }

  /** Stores an object; another one with the same uid goes without a word: it is the same object, renamed. */
  put(kind: string, place: string, object: Json): void {
    const collection = this.#of(kind);
    const uid = read(object, ['metadata', 'uid']);
    const known = collection.objects.get(place);
    if (typeof uid === 'string' && uid !== '') {
      for (const [other, { object: there }] of collection.objects)
        if (other !== place && read(there, ['metadata', 'uid']) === uid) collection.objects.delete(other);
    }
    const isNew = known === undefined || read(known.object, ['metadata', 'uid']) !== uid;
    if (kind === 'Pod') this.#keepBound(object, String(uid));
    const version = ++this.#version;
    collection.objects.set(place, { object, version });
    // A watch may also learn of another object under the same name without having seen the first one's end.
    this.#send(
      collection,
      isNew && this.#dice.chance(0.7) ? 'ADDED' : 'MODIFIED',
      versioned(object, version),
      version,
    );
  }

  remove(kind: string, place: string): void {
    const collection = this.#of(kind);
    const known = collection.objects.get(place);
    if (known === undefined) return;
    collection.objects.delete(place);
    const version = ++this.#version;
    this.#send(collection, 'DELETED', versioned(known.object, version), version);
  }

  async request<T>(request: ApiRequest): Promise<T> {
    await Promise.resolve();
    request.signal?.throwIfAborted();
    if (request.method === 'GET') return this.#get(request) as T;
    const code = this.#refuse(request);
    if (code !== undefined) throw refused(request, code);
    return this.#write(request) as T;
  }

  async stream({ path, query, signal }: StreamRequest): Promise<AsyncIterable<Uint8Array>> {
    const collection = this.#collections.get(path)!;
    const since = Number(query?.resourceVersion);
    if (since < collection.dropped) throw refused({ method: 'GET', path }, 410, 'Expired');
    const stream = new Stream(collection, since, this.#dice, signal);
    signal?.addEventListener('abort', () => stream.end(), { once: true });
    return stream;
  }

  #of(kind: string): Collection {
    return this.#collections.get(this.#pathOf.get(kind)!)!;
  }

  #get({ path, method }: ApiRequest): unknown {
    const collection = this.#collections.get(path);
    if (collection !== undefined) {
      const items = Array.from(collection.objects.values(), ({ object, version }) =>
        writeJson(versioned(object, version)),
      );
      return JSON.parse(`{"metadata":{"resourceVersion":"${this.#version}"},"items":[${items.join(',')}]}`);
    }
    const pod = this.object('Pod', podPlace(path));
    if (pod === undefined) throw refused({ method, path }, 404, 'NotFound');
    return JSON.parse(writeJson(pod));
  }

  #write(request: ApiRequest): unknown {
    const { method, path } = request;
    if (path.includes('/events')) return { ...(request.body as Json), metadata: { resourceVersion: '1' } };
    if (!path.includes('/pods/')) throw refused(request, 409, 'Conflict');
    const place = podPlace(path);
    const pod = this.object('Pod', place);
    const sent = request.body as Json;
    const wanted = read(sent, ['metadata', 'uid']) ?? read(sent, ['preconditions', 'uid']);
    if (pod === undefined) throw refused(request, 404, 'NotFound');
    if (wanted !== read(pod, ['metadata', 'uid'])) throw refused(request, 409, 'Conflict');
    if (method === 'DELETE') this.remove('Pod', place);
    else if (path.endsWith('/binding'))
      this.#bind(request, place, pod, String(read(sent, ['target', 'name'])));
    else this.#patchStatus(request, place, pod, read(sent, ['status']) as Json);
    return {};
  }

  #bind(request: ApiRequest, place: string, pod: Json, nodeName: string): void {
    if (read(pod, ['spec', 'nodeName'])) throw refused(request, 409, 'Conflict');
    const bound = structuredClone(pod);
    write(bound, ['spec', 'nodeName'], nodeName);
    this.#bound.set(String(read(pod, ['metadata', 'uid'])), nodeName);
    this.put('Pod', place, bound);
  }

  /** What was answered with success stays: a binding that its sender has not seen yet is never taken back. */
  #keepBound(pod: Json, uid: string): void {
    const nodeName = this.#bound.get(uid);
    if (nodeName !== undefined) write(pod, ['spec', 'nodeName'], nodeName);
  }

  #patchStatus(request: ApiRequest, place: string, pod: Json, status: Json): void {
    const known = read(pod, ['status']) ?? {};
    const conditions = read(pod, ['status', 'conditions']) ?? [];
    if (typeof known !== 'object' || Array.isArray(known) || !Array.isArray(conditions))
      throw refused(request, 422, 'Invalid');
    const changed = structuredClone(pod);
    if (status.nominatedNodeName !== undefined)
      write(changed, ['status', 'nominatedNodeName'], status.nominatedNodeName ?? undefined);
    for (const condition of (status.conditions ?? []) as Json[]) {
      const others = (read(changed, ['status', 'conditions']) ?? []) as Json[];
      const rest = others.filter((other) => other?.type !== condition.type);
      write(changed, ['status', 'conditions'], [...rest, condition]);
    }
    this.put('Pod', place, changed);
  }

  #send(collection: Collection, type: string, object: Json, version: number): void {
    this.sent[type] = (this.sent[type] ?? 0) + 1;
    collection.frames.push({ version, text: `${writeJson({ type, object })}\n` });
    this.#trim(collection);
    for (const stream of collection.streams) stream.wake();
  }

  /** Drops old frames, but none that an open watch has still to read. */
  #trim(collection: Collection): void {
    const { frames, streams } = collection;
    if (frames.length <= 2 * keptFrames) return;
    const read = Math.min(frames.length, ...Array.from(streams, ({ position }) => position));
    const gone = frames.splice(0, Math.min(keptFrames, read));
    collection.dropped = gone.at(-1)?.version ?? collection.dropped;
    for (const stream of streams) stream.shifted(gone.length);
  }

  #trouble(what: 'cut' | 'close' | 'expire' | 'repeat', collection: Collection): void {
    this.sent[what] = (this.sent[what] ?? 0) + 1;
    for (const stream of [...collection.streams]) {
      if (what === 'close') stream.end();
      else if (what === 'cut') stream.endWith('{"type":"MODIFIED","object":{"meta');
      else if (what === 'expire')
        stream.endWith(
          '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
        );
      else
        stream.repeat(
          collection.frames
            .slice(-5)
            .map(({ text }) => text)
            .join(''),
        );
    }
  }
}

/** One open watch. Bytes arrive in pieces that know nothing of frames. */
class Stream implements AsyncIterable<Uint8Array> {
  readonly #collection: Collection;
  readonly #dice: Dice;
  readonly #signal: AbortSignal | undefined;
  #next: number;
  #extra = '';
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(collection: Collection, since: number, dice: Dice, signal: AbortSignal | undefined) {
    this.#collection = collection;
    this.#dice = dice;
    this.#signal = signal;
    const first = collection.frames.findIndex(({ version }) => version > since);
    this.#next = first === -1 ? collection.frames.length : first;
    collection.streams.add(this);
  }

  /** Index of the frame that is read next. */
  get position(): number {
    return this.#next;
  }

  get behind(): boolean {
    return this.#next < this.#collection.frames.length || this.#extra !== '';
  }

  shifted(frames: number): void {
    this.#next -= frames;
  }

  wake(): void {
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#collection.streams.delete(this);
    this.#wake?.();
  }

  endWith(text: string): void {
    this.#extra += text;
    this.end();
  }

  repeat(text: string): void {
    this.#extra += text;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (this.#signal?.aborted === true) return;
        const { frames } = this.#collection;
        const text =
          frames
            .slice(this.#next)
            .map((frame) => frame.text)
            .join('') + this.#extra;
        this.#next = frames.length;
        this.#extra = '';
        if (text !== '') {
          for (const piece of this.#pieces(Buffer.from(text))) yield piece;
          continue;
        }
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#collection.streams.delete(this);
    }
  }

  *#pieces(bytes: Buffer): Generator<Uint8Array> {
    let from = 0;
    while (from < bytes.length) {
      const to = this.#dice.chance(0.5)
        ? bytes.length
        : from + this.#dice.int(1, Math.min(bytes.length - from, 50_000));
      yield bytes.subarray(from, to);
      from = to;
    }
  }
}

/** As stored: with the server's version, unless something odd stands in its place. */
function versioned(object: Json, version: number): Json {
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return object;
  const stated = (metadata as Json).resourceVersion;
  if (typeof stated !== 'string' || stated === '') return object;
  return { ...object, metadata: { ...metadata, resourceVersion: rawJson(`"${version}"`) } };
}

function podPlace(path: string): string {
  const [, , , , namespace = '', , name = ''] = path.split('/');
  return `${decodeURIComponent(namespace)}/${decodeURIComponent(name)}`;
}

function refused({ method, path }: ApiRequest, code: number, reason = 'Refused'): ApiError {
  return new ApiError(`${code} ${reason}`, { failure: 'status', code, reason, method, path });
}
