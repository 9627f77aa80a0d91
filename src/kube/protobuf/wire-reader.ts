import { TextCache } from './text-cache.js';

/** Bytes that are no protobuf message, or none that is understood. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufError';
  }
}

/** How a value is written: protobuf's wire types, as far as the Kubernetes API uses them. */
export const wireType = { varint: 0, bytes: 2 } as const;

const texts = new TextCache();

/** Reads the values of a message one after the other. Whoever reads sees to it that `position` stays below the end of what it reads. */
export class WireReader {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** A number, signed as int64 is; beyond 2^53 it loses precision, which no field that is read here does. */
  varint(): number {
    let byte = this.#next();
    if (byte < 0x80) return byte;
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.#next();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low;
    }
    let high = 0;
    for (let shift = 0; shift < 42; shift += 7) {
      byte = this.#next();
      high += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return signed(high, low);
    }
    return fail();
  }

  /** The length of what follows; not beyond `end`. */
  length(end: number): number {
    const length = this.varint();
    if (length < 0 || this.position + length > end) fail();
    return length;
  }

  /** A text with its length before it. */
  text(end: number): string {
    const length = this.length(end);
    const start = this.position;
    this.position = start + length;
    return texts.read(this.bytes, start, start + length);
  }

  /** Passes over a value. */
  skip(wire: number, end: number): void {
    switch (wire) {
      case wireType.varint:
        this.varint();
        break;
      case wireType.bytes: {
        // Reading the length moves the position itself.
        const length = this.length(end);
        this.position += length;
        break;
      }
      case 1:
        this.position += 8;
        break;
      case 5:
        this.position += 4;
        break;
      default:
        fail();
    }
    if (this.position > end) fail();
  }

  /** A message was read to its end, and nothing beyond it. */
  expectEnd(end: number): void {
    if (this.position !== end) fail();
  }

  #next(): number {
    return this.bytes[this.position++] ?? fail();
  }
}

/** Of a varint of more than four bytes: 28 bits, and all above them. Negative ones are written with all 64 bits. */
function signed(high: number, low: number): number {
  return high >= 2 ** 35 ? (high - 2 ** 36) * 2 ** 28 + low : high * 2 ** 28 + low;
}

function fail(): never {
  throw new ProtobufError('the bytes are no valid protobuf message');
}
