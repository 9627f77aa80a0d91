import type { JsonRecord } from './json-value.js';
import { readFields, type WireField } from './protobuf-reader.js';
import { type FieldType, PROTOBUF_SCHEMAS } from './protobuf-schemas.js';
import { badRequest, unsupportedMediaType } from './status-error.js';

const notUnderstood = (what: string): Error =>
  unsupportedMediaType(
    `protobuf is understood for simple "kubectl create" bodies only, and not ${what}; send application/json`,
  );

const MAGIC = Buffer.from('k8s\0', 'latin1');

/** An absent value is one that Go would leave out of JSON. */
function decodeValue(field: WireField, type: FieldType): unknown {
  if (field.wire === 'varint') {
    switch (type) {
      case 'int?':
        return field.value;
      case 'int':
        return field.value === 0 ? undefined : field.value;
      case 'bool?':
        return field.value !== 0;
      case 'bool':
        return field.value !== 0 || undefined;
      default:
        throw badRequest('the body is no valid protobuf message');
    }
  }
  switch (type) {
    case 'string':
      return field.value.toString('utf8');
    case 'bytes':
      return field.value.toString('base64');
    case 'Quantity':
      return readFields(field.value).map(({ value }) => String(value))[0] ?? '0';
    case 'IntOrString':
      return decodeIntOrString(field.value);
    default:
      return decodeMessage(field.value, type);
  }
}

function decodeIntOrString(bytes: Buffer): unknown {
  const byNumber = new Map(readFields(bytes).map(({ number, value }) => [number, value]));
  return byNumber.get(1) === 1 ? String(byNumber.get(3) ?? '') : (byNumber.get(2) ?? 0);
}

function decodeEntry(field: WireField, type: FieldType): [string, unknown] {
  if (field.wire !== 'bytes') throw badRequest('the body is no valid protobuf message');
  const [key, value] = [1, 2].map((number) => readFields(field.value).find((part) => part.number === number));
  return [
    key === undefined ? '' : String(decodeValue(key, 'string')),
    value === undefined ? '' : decodeValue(value, type),
  ];
}

const isZero = (field: WireField): boolean =>
  field.wire === 'varint' ? field.value === 0 : field.value.length === 0;

const isEmptyRecord = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

function addField(result: JsonRecord, field: WireField, name: string, type: FieldType): void {
  if (type.startsWith('[]')) {
    result[name] ??= [];
    (result[name] as unknown[]).push(decodeValue(field, type.slice(2)));
  } else if (type.startsWith('{}')) {
    const [key, value] = decodeEntry(field, type.slice(2));
    if (key === '__proto__') throw badRequest('a field must not be named __proto__');
    result[name] ??= {};
    (result[name] as JsonRecord)[key] = value;
  } else {
    const value = decodeValue(field, type);
    if (value !== undefined && value !== '' && !isEmptyRecord(value)) result[name] = value;
  }
}

function decodeMessage(bytes: Buffer, message: string): JsonRecord {
  const schema = Object.hasOwn(PROTOBUF_SCHEMAS, message) ? PROTOBUF_SCHEMAS[message] : undefined;
  if (schema === undefined) throw notUnderstood(`the message ${message}`);
  const result: JsonRecord = {};
  for (const field of readFields(bytes)) {
    const [name = '', type = ''] = schema[field.number]?.split(':') ?? [];
    if (type === 'skip') continue;
    if (name !== '') addField(result, field, name, type);
    // What is not known must not be lost in silence; but Go writes every zero value.
    else if (!isZero(field)) throw notUnderstood(`field ${field.number} of ${message}`);
  }
  return result;
}

/**
 * Decodes what client-go's typed clients send: `kubectl create deployment`, `kubectl auth can-i` and their like.
 * Throws 415 for anything that would lose something.
 */
export function decodeProtobuf(body: Buffer): JsonRecord {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw badRequest('the body is no Kubernetes protobuf message');
  const envelope = readFields(body.subarray(MAGIC.length));
  const part = (number: number): Buffer => {
    const found = envelope.find((field) => field.number === number);
    return found?.wire === 'bytes' ? found.value : Buffer.alloc(0);
  };
  const names = new Map(readFields(part(1)).map(({ number, value }) => [number, String(value)]));
  const [apiVersion = '', kind = ''] = [names.get(1), names.get(2)];
  return { kind, apiVersion, ...decodeMessage(part(2), kind) };
}
