import type { wireType } from './wire-reader.js';

const firstSize = 4096;

/**
 * Writes a message from its end to its beginning: so the length of every part is known when it is to be written, and nothing is written
 * twice.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(firstSize);
  /** What is written begins here. */
  #start = firstSize;

  /** Bytes that are written. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** What was written since the last call, as a copy. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#start));
    this.#start = this.#buffer.length;
    return bytes;
  }

  tag(number: number, wire: (typeof wireType)[keyof typeof wireType]): void {
    this.varint(number * 8 + wire);
  }

  varint(value: number): void {
    if (value < 0 || value > 0x7fffffff) {
      this.#wideVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let size = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) size += 1;
    this.#reserve(size);
    let at = this.#start - size;
    this.#start = at;
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#buffer[at++] = (rest & 0x7f) | 0x80;
    this.#buffer[at] = rest;
  }

  /** A text, and its length before it. */
  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.#reserve(length);
    this.#start -= length;
    this.#buffer.write(text, this.#start, length, 'utf8');
    this.varint(length);
  }

  /** Bytes as they are, without their length. */
  bytes(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#start -= bytes.length;
    bytes.copy(this.#buffer, this.#start);
  }

  #wideVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.bytes(Buffer.from(bytes));
  }

  #reserve(size: number): void {
    if (size <= this.#start) return;
    const written = this.length;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, written + size));
    this.#buffer.copy(larger, larger.length - written, this.#start);
    this.#start = larger.length - written;
    this.#buffer = larger;
  }
}
