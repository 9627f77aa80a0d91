import { FrameTooLargeError } from './frame-splitter.js';

const prefixBytes = 4;

/** Cuts a watch stream in protobuf into its messages; each has its length before it, in four bytes. */
export class MessageSplitter {
  readonly #maxFrameBytes: number;
  #pending: Buffer | undefined;

  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? 16 * 1024 * 1024;
  }

  /** Bytes of a message whose end has not come yet; above zero at the end of a stream means it was cut off. */
  get pendingBytes(): number {
    return this.#pending?.length ?? 0;
  }

  /** Yields the messages that end in this chunk, without their lengths. */
  *push(chunk: Uint8Array): Generator<Buffer, void, undefined> {
    const come = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const bytes = this.#pending === undefined ? come : Buffer.concat([this.#pending, come]);
    let start = 0;
    while (start + prefixBytes <= bytes.length) {
      const length = bytes.readUInt32BE(start);
      if (length > this.#maxFrameBytes) throw new FrameTooLargeError(this.#maxFrameBytes);
      const end = start + prefixBytes + length;
      if (end > bytes.length) break;
      yield bytes.subarray(start + prefixBytes, end);
      start = end;
    }
    this.#pending = start === bytes.length ? undefined : bytes.subarray(start);
  }
}
