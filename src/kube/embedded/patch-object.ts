import { applyJsonPatch } from './json-patch.js';
import { isRecord, type JsonRecord } from './json-value.js';
import { applyMergePatch } from './merge-patch.js';
import { badRequest, unsupportedMediaType } from './status-error.js';
import { applyStrategicMergePatch } from './strategic-merge-patch.js';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const MEDIA_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+json': 'apply',
};

/** Which patch a content type announces; throws 415 for any other. */
export function patchTypeOf(mediaType: string): PatchType {
  const type = Object.hasOwn(MEDIA_TYPES, mediaType) ? MEDIA_TYPES[mediaType] : undefined;
  if (type === undefined) throw unsupportedMediaType('415: Unsupported Media Type');
  return type;
}

/**
 * The object a patch makes of another. Server-side apply is treated as a strategic merge: fields are not owned,
 * so leaving one out does not remove it.
 */
export function patchObject(object: JsonRecord, type: PatchType, patch: unknown): JsonRecord {
  const result = patchedBy(object, type, patch);
  if (!isRecord(result)) throw badRequest('the patched object is not an object');
  return result;
}

function patchedBy(object: JsonRecord, type: PatchType, patch: unknown): unknown {
  switch (type) {
    case 'json':
      return applyJsonPatch(object, patch);
    case 'merge':
      if (!isRecord(patch)) throw badRequest('invalid merge patch: must be an object');
      return applyMergePatch(object, patch);
    case 'strategic':
    case 'apply':
      return applyStrategicMergePatch(object, patch);
  }
}
