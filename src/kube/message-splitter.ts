import { FrameTooLargeError } from './frame-splitter.js';

const prefixBytes = 4;

/** Cuts a watch stream in protobuf into its messages; each has its length before it, in four bytes. */
export class MessageSplitter {
  readonly #maxFrameBytes: number;
  /** Of a message whose end has not come, and its length with the prefix as soon as that is known. */
  #parts: Buffer[] = [];
  #pendingBytes = 0;
  #awaitedBytes = 0;

  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? 16 * 1024 * 1024;
  }

  /** Bytes of a message whose end has not come yet; above zero at the end of a stream means it was cut off. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Yields the messages that end in this chunk, without their lengths. */
  *push(chunk: Uint8Array): Generator<Buffer, void, undefined> {
    this.#parts.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#pendingBytes += chunk.length;
    // A large message comes in many chunks: they are put together once.
    if (this.#pendingBytes < Math.max(this.#awaitedBytes, prefixBytes)) return;
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    yield* this.#messagesOf(bytes);
  }

  *#messagesOf(bytes: Buffer): Generator<Buffer, void, undefined> {
    let start = 0;
    this.#awaitedBytes = 0;
    while (start + prefixBytes <= bytes.length) {
      const length = bytes.readUInt32BE(start);
      if (length > this.#maxFrameBytes) throw new FrameTooLargeError(this.#maxFrameBytes);
      const end = start + prefixBytes + length;
      if (end > bytes.length) {
        this.#awaitedBytes = end - start;
        break;
      }
      yield bytes.subarray(start + prefixBytes, end);
      start = end;
    }
    this.#parts = start === bytes.length ? [] : [bytes.subarray(start)];
    this.#pendingBytes = bytes.length - start;
  }
}
