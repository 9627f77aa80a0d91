import { UnknownFieldError } from '../protobuf/decode-message.js';
import { decodeObject, UnknownKindError } from '../protobuf/envelope.js';
import { ProtobufError } from '../protobuf/wire-reader.js';
import type { JsonRecord } from './json-value.js';
import { badRequest, unsupportedMediaType } from './status-error.js';

/**
 * Decodes what client-go's typed clients send: `kubectl create deployment`, `kubectl auth can-i` and their like.
 * Throws 415 for anything that would lose something, 400 for what is no message.
 */
export function decodeProtobuf(body: Buffer): JsonRecord {
  try {
    return decodeObject(body, 'all-fields');
  } catch (error) {
    if (error instanceof UnknownFieldError || error instanceof UnknownKindError) {
      throw unsupportedMediaType(
        `protobuf is understood for simple "kubectl create" bodies only, and not ${error.message}; send application/json`,
      );
    }
    if (error instanceof ProtobufError) throw badRequest(`the body cannot be read: ${error.message}`);
    throw error;
  }
}
