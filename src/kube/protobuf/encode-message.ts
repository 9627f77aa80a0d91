import type { Field, MessageType } from './message-type.js';
import { wireType } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/**
 * Writes an object, as JSON would have it, as a message: the inverse of `decodeMessage`. What the message does not know is left out.
 * @throws TypeError where a field is not of the type that the message says.
 */
export function encodeMessage(writer: WireWriter, type: MessageType, object: unknown): void {
  const values = recordOf(object, type.name);
  for (const field of type.backwards) {
    if (field.kind === 'inline') {
      writeInline(writer, field, values);
      continue;
    }
    const value = values[field.name];
    if (value === undefined || value === null || field.kind === 'skip') continue;
    if (field.map) writeMap(writer, field, value);
    else if (field.repeated) writeList(writer, field, value);
    else writeField(writer, field, value);
  }
}

/** Known by its length: a part that says nothing is as good as none. */
function writeInline(writer: WireWriter, { number, message }: Field, values: unknown): void {
  const before = writer.length;
  encodeMessage(writer, message as MessageType, values);
  close(writer, number, before);
}

function writeList(writer: WireWriter, field: Field, value: unknown): void {
  if (!Array.isArray(value)) throw mistyped(field, value);
  for (let i = value.length - 1; i >= 0; i--) writeField(writer, field, value[i]);
}

/** An entry is a message with a key (1) and a value (2). */
function writeMap(writer: WireWriter, field: Field, value: unknown): void {
  const map = recordOf(value, field.name);
  for (const key of Object.keys(map).reverse()) {
    const before = writer.length;
    writeField(writer, { ...field, number: 2 }, map[key]);
    writer.text(key);
    writer.tag(1, wireType.bytes);
    close(writer, field.number, before);
  }
}

function writeField(writer: WireWriter, field: Field, value: unknown): void {
  const { kind, number } = field;
  const before = writer.length;
  switch (kind) {
    case 'string':
    case 'string?':
      if (typeof value !== 'string') throw mistyped(field, value);
      writer.text(value);
      writer.tag(number, wireType.bytes);
      return;
    case 'int':
    case 'int?':
      if (!Number.isSafeInteger(value)) throw mistyped(field, value);
      writer.varint(value as number);
      writer.tag(number, wireType.varint);
      return;
    case 'bool':
    case 'bool?':
      if (typeof value !== 'boolean') throw mistyped(field, value);
      writer.varint(value ? 1 : 0);
      writer.tag(number, wireType.varint);
      return;
    case 'bytes':
      writer.bytes(Buffer.from(String(value), 'base64'));
      break;
    case 'Quantity':
      writer.text(String(value));
      writer.tag(1, wireType.bytes);
      break;
    case 'IntOrString':
      writeIntOrString(writer, value);
      break;
    case 'Time':
    case 'MicroTime':
      writeTime(writer, field, value);
      break;
    default:
      encodeMessage(writer, field.message as MessageType, value);
  }
  close(writer, number, before);
}

/** Writes length and tag of the message that was written since `before`. */
function close(writer: WireWriter, number: number, before: number): void {
  writer.varint(writer.length - before);
  writer.tag(number, wireType.bytes);
}

function writeIntOrString(writer: WireWriter, value: unknown): void {
  if (typeof value === 'number') {
    writer.varint(value);
    writer.tag(2, wireType.varint);
    return;
  }
  writer.text(String(value));
  writer.tag(3, wireType.bytes);
  writer.varint(1);
  writer.tag(1, wireType.varint);
}

/** Seconds (1) and nanoseconds (2) since 1970. */
function writeTime(writer: WireWriter, field: Field, value: unknown): void {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw mistyped(field, value);
  const fraction = /\.(\d{1,9})/.exec(value as string)?.[1] ?? '';
  const nanoseconds = Number(fraction.padEnd(9, '0'));
  if (nanoseconds > 0) {
    writer.varint(nanoseconds);
    writer.tag(2, wireType.varint);
  }
  writer.varint(Math.floor(time / 1000));
  writer.tag(1, wireType.varint);
}

function recordOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${name} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

function mistyped({ name, kind }: Field, value: unknown): TypeError {
  return new TypeError(`${name} is to be of type ${kind}, and is ${JSON.stringify(value)}`);
}
