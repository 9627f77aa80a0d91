import type { IncomingMessage } from 'node:http';
import { decodeListMetadata, decodeObject } from '../../src/kube/protobuf/envelope.js';
import { protobufMediaType } from '../../src/kube/protobuf/media-type.js';

/** What an API server and its clients write in: a real one knows both, the embedded one JSON alone. */
export type WireFormat = 'json' | 'protobuf';

/** A body as it went over the wire. */
export interface WireBody {
  readonly contentType: string;
  readonly bytes: Buffer;
}

const jsonMediaType = 'application/json';
const rangesOfJson: ReadonlySet<string> = new Set([jsonMediaType, 'application/*', '*/*']);

/** JSON where nothing is said. */
export function contentTypeOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return headers['content-type'] ?? jsonMediaType;
}

/** Merge patches and pages in HTML count as JSON: they are read as text, or not at all. */
export function formatOf(contentType: string): WireFormat {
  return mediaTypeOf(contentType) === protobufMediaType ? 'protobuf' : 'json';
}

/** Whether an `Accept` header allows a format. Protobuf is for those who name it, as API servers have it. */
export function allowsFormat(accept: string | undefined, format: WireFormat): boolean {
  const ranges = (accept ?? '*/*').split(',').map(mediaTypeOf);
  if (format === 'protobuf') return ranges.includes(protobufMediaType);
  return ranges.some((range) => rangesOfJson.has(range));
}

/** An object as JSON has it. @throws for bytes that are none. */
export function decodeBody({ contentType, bytes }: WireBody): unknown {
  return formatOf(contentType) === 'protobuf' ? decodeObject(bytes) : JSON.parse(bytes.toString('utf8'));
}

/** The metadata of a list, which may be of any kind. @throws for bytes that are no object. */
export function decodeMetadata(list: WireBody): unknown {
  if (formatOf(list.contentType) === 'protobuf') return decodeListMetadata(list.bytes);
  return (decodeBody(list) as { readonly metadata?: unknown }).metadata;
}

function mediaTypeOf(text: string): string {
  return (text.split(';')[0] ?? '').trim().toLowerCase();
}
