import { type DecodedObject, decodeMessage, type Reading } from './decode-message.js';
import { encodeMessage } from './encode-message.js';
import { type MessageType, messageType } from './message-type.js';
import { ProtobufError, WireReader, wireType } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** Before every object: it says that the rest is a `runtime.Unknown`. */
const magic = Buffer.from('k8s\0', 'latin1');

interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** Where the object's own message is. */
  readonly start: number;
  readonly end: number;
}

const typeMetaType = messageType('TypeMeta') as MessageType;
const listMetaType = messageType('ListMeta') as MessageType;
const writer = new WireWriter();

/** A kind that another group has under the same name goes by group and version. */
export function typeOfKind(apiVersion: string, kind: string): MessageType | undefined {
  return messageType(`${apiVersion}/${kind}`) ?? messageType(kind);
}

/**
 * Decodes an object, or a list of them, as a Kubernetes API server writes it.
 * @throws ProtobufError for what is none, or of a kind that is not known here.
 */
export function decodeObject(bytes: Buffer, reading: Reading = 'known-fields'): DecodedObject {
  const { apiVersion, kind, start, end } = openEnvelope(bytes);
  const type = typeOfKind(apiVersion, kind);
  if (type === undefined) throw new UnknownKindError(kind);
  return { kind, apiVersion, ...decodeMessage(bytes, type, { start, end, reading }) };
}

/** Nothing but the metadata of a list: that comes first, and is small. @throws ProtobufError for what is no list. */
export function decodeListMetadata(bytes: Buffer): DecodedObject {
  const { kind, start, end } = openEnvelope(bytes);
  if (!kind.endsWith('List')) throw new ProtobufError(`the message ${kind} is no list`);
  const reader = new WireReader(bytes, start);
  if (start === end || reader.varint() !== ((1 << 3) | wireType.bytes)) return {};
  const length = reader.length(end);
  return decodeMessage(bytes, listMetaType, { start: reader.position, end: reader.position + length });
}

/** Writes an object by its `apiVersion` and `kind`; `undefined` for kinds that are not known here. */
export function encodeObject(object: unknown): Buffer | undefined {
  const { apiVersion, kind } = object as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  const type = typeOfKind(apiVersion, kind);
  if (type === undefined) return undefined;
  try {
    encodeMessage(writer, type, object);
    writer.varint(writer.length);
    writer.tag(2, wireType.bytes);
    const before = writer.length;
    writer.text(kind);
    writer.tag(2, wireType.bytes);
    writer.text(apiVersion);
    writer.tag(1, wireType.bytes);
    writer.varint(writer.length - before);
    writer.tag(1, wireType.bytes);
    writer.bytes(magic);
    return writer.take();
  } catch (error) {
    // What was begun is not to be the end of the next.
    writer.take();
    throw error;
  }
}

/** A kind that is not known here. */
export class UnknownKindError extends ProtobufError {
  constructor(kind: string) {
    super(`the message ${kind}`);
    this.name = 'UnknownKindError';
  }
}

/** `runtime.Unknown`: version and kind (1), and the object (2). */
function openEnvelope(bytes: Buffer): Envelope {
  if (!bytes.subarray(0, magic.length).equals(magic))
    throw new ProtobufError('the bytes are no Kubernetes protobuf message');
  const reader = new WireReader(bytes, magic.length);
  let typeMeta: DecodedObject = {};
  let [start, end] = [bytes.length, bytes.length];
  while (reader.position < bytes.length) {
    const tag = reader.varint();
    if ((tag & 7) !== wireType.bytes) {
      reader.skip(tag & 7, bytes.length);
      continue;
    }
    const length = reader.length(bytes.length);
    const from = reader.position;
    reader.position = from + length;
    if (tag >>> 3 === 1) typeMeta = decodeMessage(bytes, typeMetaType, { start: from, end: from + length });
    else if (tag >>> 3 === 2) [start, end] = [from, from + length];
  }
  const { apiVersion = '', kind = '' } = typeMeta as { readonly apiVersion?: string; readonly kind?: string };
  return { apiVersion, kind, start, end };
}
