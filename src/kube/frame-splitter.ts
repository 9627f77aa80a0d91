const NEWLINE = 10;

/** A frame grew beyond what any Kubernetes object can be. */
export class FrameTooLargeError extends Error {
  constructor(limit: number) {
    super(`a watch frame is larger than ${limit} bytes`);
    this.name = 'FrameTooLargeError';
  }
}

/**
 * Cuts a watch stream (one JSON document per line) into lines. Works on bytes, so that a character split between two
 * chunks is decoded whole.
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  #parts: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? 16 * 1024 * 1024;
  }

  /** Bytes of a frame whose end has not come yet; above zero at the end of a stream means it was cut off. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Yields the frames that end in this chunk, without their newline; empty lines are left out. */
  *push(chunk: Uint8Array): Generator<string, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const frame = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (frame !== '') yield frame;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #complete(tail: Uint8Array): string {
    this.#keep(tail);
    const only = this.#parts.length === 1 ? this.#parts[0] : undefined;
    const bytes = only ?? Buffer.concat(this.#parts);
    this.#parts = [];
    this.#pendingBytes = 0;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').trim();
  }

  #keep(part: Uint8Array): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxFrameBytes) throw new FrameTooLargeError(this.#maxFrameBytes);
    this.#parts.push(part);
  }
}
