import type { Connection } from './connection.js';

/** Bytes that wait for their reader, at most, before the server has to wait as well. */
const highWaterMark = 1024 * 1024;

/** The body of an answer as it comes, for one reader. Who stops reading ends the connection. */
export class BodyStream implements AsyncIterableIterator<Uint8Array> {
  readonly #connection: Connection;
  readonly #onDone: () => void;
  #pieces: Buffer[] = [];
  #length = 0;
  #end: { readonly cause: unknown } | undefined;
  #reader: { resolve(result: IteratorResult<Uint8Array>): void; reject(cause: unknown): void } | undefined;

  /** `onDone` is called once, when nothing more can come or nobody reads any more. */
  constructor(connection: Connection, onDone: () => void) {
    this.#connection = connection;
    this.#onDone = onDone;
  }

  /** The bytes are copied. */
  push(bytes: Buffer): void {
    if (this.#end !== undefined) return;
    const piece = Buffer.from(bytes);
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: piece });
      return;
    }
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length > highWaterMark) this.#connection.pause();
  }

  /** Nothing more comes; `cause` is undefined when the answer is complete. */
  end(cause?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    this.#onDone();
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) return;
    if (cause === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(cause);
  }

  /** Ends the connection; the reader gets the cause. */
  cut(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#connection.cut();
    this.end(cause);
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#pieces.length > 0) {
      const value = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces, this.#length);
      this.#pieces = [];
      // The connection of an answer that has ended carries others.
      if (this.#length > highWaterMark && this.#end === undefined) this.#connection.resume();
      this.#length = 0;
      return Promise.resolve({ done: false, value: value as Uint8Array });
    }
    if (this.#end !== undefined) {
      const { cause } = this.#end;
      this.#end = { cause: undefined };
      return cause === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(cause);
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#end === undefined) {
      this.#connection.cut();
      this.end();
    }
    this.#pieces = [];
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
