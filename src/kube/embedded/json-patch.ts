import { isRecord, type JsonRecord, jsonEqual } from './json-value.js';
import { badRequest, StatusError } from './status-error.js';

/** The server says no more than this when an operation cannot be carried out. */
const rejected = (): StatusError =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

function parsePointer(pointer: unknown): string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) throw rejected();
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function indexIn(list: readonly unknown[], token: string, limit: number): number {
  if (!/^(0|[1-9]\d*)$/.test(token)) throw rejected();
  const index = Number(token);
  if (index >= limit || index > list.length) throw rejected();
  return index;
}

function read(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const token of path) {
    if (Array.isArray(value)) value = value[indexIn(value, token, value.length)];
    else if (isRecord(value) && Object.hasOwn(value, token)) value = value[token];
    else throw rejected();
  }
  return value;
}

function write(root: { document: unknown }, path: readonly string[], value: unknown, replace: boolean): void {
  const last = path.at(-1);
  if (last === undefined) {
    root.document = value;
    return;
  }
  const parent = read(root.document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : indexIn(parent, last, parent.length + (replace ? 0 : 1));
    parent.splice(index, replace ? 1 : 0, value);
  } else if (isRecord(parent)) {
    if (replace && !Object.hasOwn(parent, last)) throw rejected();
    parent[last] = value;
  } else throw rejected();
}

function remove(document: unknown, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) throw rejected();
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) return parent.splice(indexIn(parent, last, parent.length), 1)[0];
  if (!isRecord(parent) || !Object.hasOwn(parent, last)) throw rejected();
  const value = parent[last];
  delete parent[last];
  return value;
}

function applyOperation(root: { document: unknown }, operation: JsonRecord): void {
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case 'add':
      write(root, path, structuredClone(operation.value), false);
      return;
    case 'replace':
      write(root, path, structuredClone(operation.value), true);
      return;
    case 'remove':
      remove(root.document, path);
      return;
    case 'move':
      write(root, path, remove(root.document, parsePointer(operation.from)), false);
      return;
    case 'copy':
      write(root, path, structuredClone(read(root.document, parsePointer(operation.from))), false);
      return;
    case 'test':
      if (!jsonEqual(read(root.document, path), operation.value)) throw rejected();
      return;
    default:
      throw rejected();
  }
}

/** JSON patch (RFC 6902); all operations or none. The document given is not changed. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || !patch.every(isRecord)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  }
  if (patch.length > 10_000) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is 10000, got ${patch.length}`,
    );
  }
  const root = { document: structuredClone(document) };
  for (const operation of patch) applyOperation(root, operation);
  return root.document;
}
