import { badRequest } from './status-error.js';

/** One field of a message as it stands on the wire. */
export type WireField =
  | { readonly number: number; readonly wire: 'varint'; readonly value: number }
  | { readonly number: number; readonly wire: 'bytes'; readonly value: Buffer };

const truncated = (): Error => badRequest('the body is no valid protobuf message');

/** A varint as a number; integers beyond 2^53 do not occur in the API and lose precision. */
function readVarint(bytes: Buffer, start: number): { value: number; next: number } {
  let result = 0n;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) break;
    result |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: Number(BigInt.asIntN(64, result)), next: start + index + 1 };
  }
  throw truncated();
}

/** Splits a protobuf message into its fields. Throws 400 when the bytes are none. */
export function readFields(bytes: Buffer): WireField[] {
  const fields: WireField[] = [];
  let position = 0;
  while (position < bytes.length) {
    const tag = readVarint(bytes, position);
    const number = Math.floor(tag.value / 8);
    const { value, next } = readVarint(bytes, tag.next);
    switch (tag.value % 8) {
      case 0:
        fields.push({ number, wire: 'varint', value });
        position = next;
        break;
      case 2:
        if (value < 0 || next + value > bytes.length) throw truncated();
        fields.push({ number, wire: 'bytes', value: bytes.subarray(next, next + value) });
        position = next + value;
        break;
      default:
        throw truncated();
    }
  }
  return fields;
}
