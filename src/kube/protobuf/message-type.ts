import { messages } from './messages.js';

/**
 * What a field is written as. Of those that come in two forms the first is left out of JSON at its zero, as Go leaves it out; the one with a
 * question mark is a pointer in Go, so that a zero was meant. What is `inline` has its fields among those of the message that has it.
 */
export type FieldKind =
  | 'string'
  | 'string?'
  | 'int'
  | 'int?'
  | 'bool'
  | 'bool?'
  | 'bytes'
  | 'Quantity'
  | 'IntOrString'
  | 'Time'
  | 'MicroTime'
  | 'message'
  | 'message?'
  | 'inline'
  | 'skip';

export interface Field {
  readonly number: number;
  /** As in JSON. */
  readonly name: string;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** With texts as keys. */
  readonly map: boolean;
  /** Only a server wants to read it. */
  readonly forServers: boolean;
  /** Of a message, or of what is inline. */
  readonly message: MessageType | undefined;
}

/** A message of the Kubernetes API, as far as it is known here. */
export interface MessageType {
  readonly name: string;
  /** By number; where nothing is known there is a hole. */
  readonly fields: readonly (Field | undefined)[];
  /** The highest number first. */
  readonly backwards: readonly Field[];
}

const scalars: ReadonlySet<string> = new Set<FieldKind>([
  'string',
  'string?',
  'int',
  'int?',
  'bool',
  'bool?',
  'bytes',
  'Quantity',
  'IntOrString',
  'Time',
  'MicroTime',
  'skip',
]);

const made = new Map<string, MessageType>();

/** `undefined` for messages that are not known here. */
export function messageType(name: string): MessageType | undefined {
  const known = made.get(name);
  if (known !== undefined) return known;
  const schema = Object.hasOwn(messages, name) ? messages[name] : undefined;
  if (schema === undefined) return undefined;
  const fields: (Field | undefined)[] = [];
  const backwards: Field[] = [];
  const type = { name, fields, backwards };
  made.set(name, type);
  for (const [number, text] of Object.entries(schema)) {
    const field = parseField(Number(number), text);
    while (fields.length <= field.number) fields.push(undefined);
    fields[field.number] = field;
    backwards.unshift(field);
  }
  return type;
}

/** `name:type`; see `messages`. */
function parseField(number: number, text: string): Field {
  const [, bang, name = '', shape, plus, type = '', mark = ''] =
    /^(!?)([^:]*):(\[\]|\{\})?(\+?)([^?]+)(\??)$/.exec(text) ?? [];
  const common = {
    number,
    name,
    repeated: shape === '[]',
    map: shape === '{}',
    forServers: bang === '!',
  };
  if (scalars.has(type)) return { ...common, kind: `${type}${mark}` as FieldKind, message: undefined };
  const message = messageType(type);
  if (message === undefined) throw new Error(`${text} names a message that is not there`);
  return { ...common, kind: plus === '+' ? 'inline' : `message${mark as '' | '?'}`, message };
}
