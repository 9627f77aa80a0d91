/** A decoded JSON object of unknown shape. */
export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value when it is an object, else an empty one; for reading through fields that may be absent or nonsense. */
export function recordAt(parent: unknown, key: string): JsonRecord {
  const value = isRecord(parent) ? parent[key] : undefined;
  return isRecord(value) ? value : {};
}

/** The objects of a list field; whatever is not an object is left out. */
export function recordsAt(parent: unknown, key: string): JsonRecord[] {
  const value = isRecord(parent) ? parent[key] : undefined;
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function stringAt(parent: unknown, key: string): string {
  const value = isRecord(parent) ? parent[key] : undefined;
  return typeof value === 'string' ? value : '';
}

export function numberAt(parent: unknown, key: string): number {
  const value = isRecord(parent) ? parent[key] : undefined;
  return typeof value === 'number' ? value : 0;
}

/** The string entries of a map field, such as labels. */
export function stringMapAt(parent: unknown, key: string): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [name, value] of Object.entries(recordAt(parent, key))) {
    if (typeof value === 'string') strings[name] = value;
  }
  return strings;
}

/** Reads a dotted path such as `spec.nodeName`. */
export function valueAtPath(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split('.')) {
    if (!isRecord(value)) return undefined;
    value = value[key];
  }
  return value;
}

/** The child object under `key`, put there when it is absent. For filling in defaults. */
export function ensureRecord(parent: JsonRecord, key: string): JsonRecord {
  const value = parent[key];
  if (isRecord(value)) return value;
  const created: JsonRecord = {};
  parent[key] = created;
  return created;
}

/** Sets each default whose key is absent (or null, which Kubernetes reads as absent). */
export function setDefaults(target: JsonRecord, defaults: JsonRecord): void {
  for (const [key, value] of Object.entries(defaults)) {
    if (target[key] === undefined || target[key] === null) target[key] = structuredClone(value);
  }
}

/** Nesting depth is bounded, so that no recursive walk over a stored object can exhaust the stack. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  for (const child of Object.values(value)) {
    if (isDeeperThan(child, limit - 1)) return true;
  }
  return false;
}

/** Equality of JSON values; the order of keys does not matter. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => jsonEqual(item, right[index]));
  }
  const [a, b] = [left as JsonRecord, right as JsonRecord];
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]));
}
