import { FrameSplitter } from './frame-splitter.js';
import { MessageSplitter } from './message-splitter.js';
import { decodeWatchFrame } from './protobuf/watch-frame.js';
import { ProtobufError } from './protobuf/wire-reader.js';
import type { ByteStream } from './transport.js';
import { MalformedError, readWatchEvent, type WatchEvent } from './watch-event.js';

/** Reads the events of a watch out of its bytes, as they come. */
export interface WatchFrames {
  /** Yields the events that end in this chunk. @throws MalformedError for anything that is none: a frame is never skipped. */
  push(chunk: Uint8Array): Generator<WatchEvent, void, undefined>;
  /** Bytes of a frame whose end has not come yet; above zero at the end of a stream means it was cut off. */
  readonly pendingBytes: number;
}

export function watchFrames({ format }: Pick<ByteStream, 'format'>): WatchFrames {
  return format === 'protobuf'
    ? new DecodedFrames(new MessageSplitter(), decode)
    : new DecodedFrames(new FrameSplitter(), parse);
}

/** Cuts a stream into frames. */
interface Splitter<Frame> {
  push(chunk: Uint8Array): Iterable<Frame>;
  readonly pendingBytes: number;
}

class DecodedFrames<Frame> implements WatchFrames {
  readonly #splitter: Splitter<Frame>;
  readonly #decode: (frame: Frame) => unknown;

  constructor(splitter: Splitter<Frame>, decodeFrame: (frame: Frame) => unknown) {
    this.#splitter = splitter;
    this.#decode = decodeFrame;
  }

  get pendingBytes(): number {
    return this.#splitter.pendingBytes;
  }

  *push(chunk: Uint8Array): Generator<WatchEvent, void, undefined> {
    for (const frame of this.#splitter.push(chunk)) yield readWatchEvent(this.#decode(frame));
  }
}

function parse(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch (cause) {
    throw new MalformedError('a watch frame is not JSON', { cause });
  }
}

function decode(frame: Buffer): unknown {
  try {
    return decodeWatchFrame(frame);
  } catch (cause) {
    if (cause instanceof ProtobufError)
      throw new MalformedError('a watch frame is not protobuf that is understood', { cause });
    throw cause;
  }
}
