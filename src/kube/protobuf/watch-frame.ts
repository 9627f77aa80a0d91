import type { DecodedObject } from './decode-message.js';
import { decodeObject, encodeObject } from './envelope.js';
import { ProtobufError, WireReader, wireType } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** What one frame of a watch carries. */
export interface WatchFrame {
  readonly type: string;
  readonly object: DecodedObject;
}

const emptyObject: DecodedObject = {};

/** A `WatchEvent`: its type (1), and a `RawExtension` (2) with the bytes of the object (1). @throws ProtobufError */
export function decodeWatchFrame(frame: Buffer): WatchFrame {
  const reader = new WireReader(frame);
  let type = '';
  let object = emptyObject;
  while (reader.position < frame.length) {
    const tag = reader.varint();
    if (tag === ((1 << 3) | wireType.bytes)) type = reader.text(frame.length);
    else if (tag === ((2 << 3) | wireType.bytes)) {
      const end = reader.length(frame.length) + reader.position;
      object = decodeExtension(frame, reader.position, end);
      reader.position = end;
    } else reader.skip(tag & 7, frame.length);
  }
  return { type, object };
}

/** As an API server writes it into a stream: four bytes with its length, and the frame. */
export function encodeWatchFrame({
  type,
  object,
}: {
  readonly type: string;
  readonly object: unknown;
}): Buffer {
  const bytes = encodeObject(object);
  if (bytes === undefined) throw new TypeError('the object is of a kind that is not known here');
  const writer = new WireWriter();
  writer.bytes(bytes);
  writer.varint(writer.length);
  writer.tag(1, wireType.bytes);
  writer.varint(writer.length);
  writer.tag(2, wireType.bytes);
  writer.text(type);
  writer.tag(1, wireType.bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.length);
  writer.bytes(length);
  return writer.take();
}

function decodeExtension(frame: Buffer, start: number, end: number): DecodedObject {
  const reader = new WireReader(frame, start);
  while (reader.position < end) {
    const tag = reader.varint();
    if (tag !== ((1 << 3) | wireType.bytes)) {
      reader.skip(tag & 7, end);
      continue;
    }
    const length = reader.length(end);
    return decodeObject(frame.subarray(reader.position, reader.position + length));
  }
  throw new ProtobufError('a watch frame carries no object');
}
