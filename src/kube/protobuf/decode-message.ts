import type { Field, MessageType } from './message-type.js';
import { ProtobufError, WireReader, wireType } from './wire-reader.js';

/** An object as JSON would have brought it. */
export type DecodedObject = Record<string, unknown>;

/** Whether what is not known here is passed over, or must not be lost. */
export type Reading = 'known-fields' | 'all-fields';

const second = 1000;
const maxDepth = 64;

/**
 * Decodes the message in bytes from `start` to `end` into what JSON would have brought: zeros that Go leaves out are left out, times are texts.
 * @throws ProtobufError for what is no such message, and for unknown fields where all of them are to be read.
 */
export function decodeMessage(
  bytes: Buffer,
  type: MessageType,
  { start = 0, end = bytes.length, reading = 'known-fields' }: DecodeOptions = {},
): DecodedObject {
  const result: DecodedObject = {};
  decodeInto(result, new WireReader(bytes, start), end, type, reading, 0);
  return result;
}

export interface DecodeOptions {
  readonly start?: number;
  readonly end?: number;
  readonly reading?: Reading;
}

function decodeInto(
  result: DecodedObject,
  reader: WireReader,
  end: number,
  type: MessageType,
  reading: Reading,
  depth: number,
): void {
  if (depth > maxDepth) throw new ProtobufError('the message is nested too deeply');
  const { fields } = type;
  while (reader.position < end) {
    const tag = reader.varint();
    const wire = tag & 7;
    const field = fields[tag >>> 3];
    if (field === undefined) passOver(reader, wire, end, type, tag >>> 3, reading);
    else if (field.kind === 'skip' || (field.forServers && reading === 'known-fields'))
      reader.skip(wire, end);
    else if (field.repeated) append(result, field, readValue(reader, wire, end, field, reading, depth));
    else if (field.map) addEntry(result, field, reader, wire, end, reading, depth);
    else if (field.kind === 'inline')
      decodeInto(result, reader, endOf(reader, wire, end), field.message as MessageType, reading, depth + 1);
    else {
      const value = readValue(reader, wire, end, field, reading, depth);
      if (isSaid(field, value, reading)) result[field.name] = value;
    }
  }
  reader.expectEnd(end);
}

/** Items of lists are always said. */
function append(result: DecodedObject, { name }: Field, value: unknown): void {
  const list = result[name];
  if (list === undefined) result[name] = [value];
  else (list as unknown[]).push(value);
}

/** False for zeros that Go leaves out of JSON. In what clients send, empty messages that are no pointers mean nothing either. */
function isSaid({ kind }: Field, value: unknown, reading: Reading): boolean {
  switch (kind) {
    case 'string':
    case 'bytes':
      return value !== '';
    case 'int':
      return value !== 0;
    case 'bool':
      return value !== false;
    case 'Time':
    case 'MicroTime':
      return value !== undefined;
    case 'message':
      if (reading === 'known-fields') return true;
      for (const _ in value as object) return true;
      return false;
    default:
      return true;
  }
}

function readValue(
  reader: WireReader,
  wire: number,
  end: number,
  field: Field,
  reading: Reading,
  depth: number,
): unknown {
  switch (field.kind) {
    case 'string':
    case 'string?':
      expect(wire, wireType.bytes);
      return reader.text(end);
    case 'int':
    case 'int?':
      expect(wire, wireType.varint);
      return reader.varint();
    case 'bool':
    case 'bool?':
      expect(wire, wireType.varint);
      return reader.varint() !== 0;
    case 'Quantity':
      return readQuantity(reader, endOf(reader, wire, end));
    case 'Time':
      return readTime(reader, endOf(reader, wire, end), 0);
    case 'MicroTime':
      return readTime(reader, endOf(reader, wire, end), 6);
    case 'IntOrString':
      return readIntOrString(reader, endOf(reader, wire, end));
    case 'bytes': {
      const last = endOf(reader, wire, end);
      const from = reader.position;
      reader.position = last;
      return reader.bytes.toString('base64', from, last);
    }
    default: {
      const result: DecodedObject = {};
      decodeInto(result, reader, endOf(reader, wire, end), field.message as MessageType, reading, depth + 1);
      return result;
    }
  }
}

/** Where the message ends whose length comes next. */
function endOf(reader: WireReader, wire: number, end: number): number {
  expect(wire, wireType.bytes);
  const length = reader.length(end);
  return reader.position + length;
}

/** Maps are lists of messages with a key (1) and a value (2). */
function addEntry(
  result: DecodedObject,
  field: Field,
  reader: WireReader,
  wire: number,
  end: number,
  reading: Reading,
  depth: number,
): void {
  const last = endOf(reader, wire, end);
  let key = '';
  let value: unknown = '';
  while (reader.position < last) {
    const tag = reader.varint();
    if (tag === ((1 << 3) | wireType.bytes)) key = reader.text(last);
    else if (tag >>> 3 === 2) value = readValue(reader, tag & 7, last, field, reading, depth + 1);
    else reader.skip(tag & 7, last);
  }
  reader.expectEnd(last);
  let map = result[field.name] as DecodedObject | undefined;
  if (map === undefined) {
    map = {};
    result[field.name] = map;
  }
  if (key === '__proto__') addProtoKey(map, value, reading);
  else map[key] = value;
}

/**
 * API servers check the names of few maps: whoever may create a pod may write this key into one, and must not stop the whole list by it. As
 * JSON has it, it is a key like any other, where a plain assignment would change the prototype.
 */
function addProtoKey(map: DecodedObject, value: unknown, reading: Reading): void {
  if (reading === 'all-fields') throw new ProtobufError('a key must not be named __proto__');
  Object.defineProperty(map, '__proto__', { value, enumerable: true, configurable: true, writable: true });
}

/** `resource.Quantity` is a message with its text (1). */
function readQuantity(reader: WireReader, end: number): string {
  let amount = '0';
  while (reader.position < end) {
    const tag = reader.varint();
    if (tag === ((1 << 3) | wireType.bytes)) amount = reader.text(end);
    else reader.skip(tag & 7, end);
  }
  reader.expectEnd(end);
  return amount;
}

/** Seconds (1) and nanoseconds (2) since 1970; nothing at all for a time that is not set. */
function readTime(reader: WireReader, end: number, digits: 0 | 6): string | undefined {
  if (reader.position === end) return undefined;
  let seconds = 0;
  let nanoseconds = 0;
  while (reader.position < end) {
    const tag = reader.varint();
    if (tag === 1 << 3) seconds = reader.varint();
    else if (tag === 2 << 3) nanoseconds = reader.varint();
    else reader.skip(tag & 7, end);
  }
  reader.expectEnd(end);
  const text = wholeSeconds(seconds);
  if (digits === 0) return `${text}Z`;
  return `${text}.${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}Z`;
}

const outOfRange = 'out of range: ';

let lastSeconds = 0;
let lastText = '1970-01-01T00:00:00';

/** Objects that come together were mostly made in the same second. */
function wholeSeconds(seconds: number): string {
  if (seconds !== lastSeconds) {
    const date = new Date(seconds * second);
    // An API server stores what is no time as well: it concerns the one object that has it, and whoever reads it there.
    lastText = Number.isNaN(date.getTime()) ? outOfRange : date.toISOString().slice(0, -5);
    lastSeconds = seconds;
  }
  return lastText;
}

/** Which of the two it is (1), the number (2), the text (3). */
function readIntOrString(reader: WireReader, end: number): number | string {
  let isText = false;
  let number = 0;
  let text = '';
  while (reader.position < end) {
    const tag = reader.varint();
    if (tag === 1 << 3) isText = reader.varint() === 1;
    else if (tag === 2 << 3) number = reader.varint();
    else if (tag === ((3 << 3) | wireType.bytes)) text = reader.text(end);
    else reader.skip(tag & 7, end);
  }
  reader.expectEnd(end);
  return isText ? text : number;
}

function passOver(
  reader: WireReader,
  wire: number,
  end: number,
  { name }: MessageType,
  number: number,
  reading: Reading,
): void {
  const start = reader.position;
  reader.skip(wire, end);
  // Go writes every zero value, in one byte.
  const isZero = reader.position === start + 1 && reader.bytes[start] === 0;
  if (reading === 'all-fields' && !isZero) throw new UnknownFieldError(number, name);
}

/** A field that would be lost. */
export class UnknownFieldError extends ProtobufError {
  constructor(number: number, message: string) {
    super(`field ${number} of ${message}`);
    this.name = 'UnknownFieldError';
  }
}

function expect(wire: number, wanted: number): void {
  if (wire !== wanted) throw new ProtobufError('a field of the message is not of its type');
}
