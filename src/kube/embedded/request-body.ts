import type { IncomingMessage } from 'node:http';
import { decodeProtobuf } from './protobuf-body.js';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.js';

/** The real server's own limit. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Reads a whole body; throws 413 as soon as it is too long. */
export async function readBody(request: IncomingMessage, limit = MAX_BODY_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** No content type at all is taken for JSON; curl's default is what it sends when told nothing. */
const JSON_TYPES = new Set(['', 'application/json', 'application/x-www-form-urlencoded']);

/** Decodes a body by its content type; throws 415 for one that is not served, 400 for a malformed body. */
export function parseBody(body: Buffer, mediaType: string, expected: string): unknown {
  if (mediaType === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(body);
  if (JSON_TYPES.has(mediaType)) return parseJson(body, expected);
  throw unsupportedMediaType(
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/vnd.kubernetes.protobuf',
  );
}

/** Decodes JSON; throws 400 for anything else. */
export function parseJson(body: Buffer, expected: string): unknown {
  const text = body.toString('utf8');
  // Assigning such a key while merging would change the prototype of a stored object.
  if (text.includes('__proto__')) throw badRequest('a field must not be named __proto__');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected}): couldn't get version/kind; ` +
        `json parse error: ${problem}`,
    );
  }
}
