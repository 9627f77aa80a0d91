import { QuantityError } from '../kube/quantity.js';
import { FieldError } from './projection-error.js';
import { amountOf, type ResourceMap } from './resource-map.js';
import { isTracked } from './resource-names.js';
import type { StringPool } from './string-pool.js';

/*
 * Readers for fields of objects as JSON has them, whatever they came in. All follow Kubernetes' reading of JSON: null is absent, an absent text is
 * empty, an absent number 0; any other type is a `FieldError`.
 */

export type RawObject = Readonly<Record<string, unknown>>;

const nothing: readonly unknown[] = Object.freeze([]);

export function requiredObject(value: unknown, path: string): RawObject {
  if (!isObject(value)) throw FieldError.expected(path, value, 'an object');
  return value;
}

/** An item of a list. The path is put together only when it is needed: this is called for every item of every pod. */
export function itemObject(items: readonly unknown[], index: number, listPath: string): RawObject {
  const item = items[index];
  if (!isObject(item)) throw FieldError.expected(`${listPath}[${index}]`, item, 'an object');
  return item;
}

export function optionalObject(value: unknown, path: string): RawObject | undefined {
  return value === undefined || value === null ? undefined : requiredObject(value, path);
}

/** Empty when absent. */
export function list(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return nothing;
  if (!Array.isArray(value)) throw FieldError.expected(path, value, 'a list');
  return value;
}

function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Items are objects; null is none. */
export function mapObjects<T>(
  value: unknown,
  path: string,
  project: (item: RawObject, path: string) => T,
): T[] {
  const items = list(value, path);
  const result: T[] = [];
  for (let i = 0; i < items.length; i++) {
    const itemPath = `${path}[${i}]`;
    result.push(project(requiredObject(items[i], itemPath), itemPath));
  }
  return result;
}

export function texts(value: unknown, path: string): string[] {
  const items = list(value, path);
  const result: string[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (typeof item !== 'string') throw FieldError.expected(`${path}[${i}]`, item, 'a string');
    result.push(item);
  }
  return result;
}

export function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  throw FieldError.expected(path, value, 'a string');
}

export function requiredText(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw FieldError.expected(path, value, 'a non-empty string');
}

export function flag(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null) return false;
  throw FieldError.expected(path, value, 'true or false');
}

export function integer(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (value === undefined || value === null) return 0;
  throw FieldError.expected(path, value, 'an integer');
}

/** Milliseconds since the epoch. */
export function instant(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw FieldError.expected(path, value, 'a time');
  return time;
}

/** A map of strings, copied. Keys and values go through the pool, if one is given. */
export function textMap(value: unknown, path: string, pool?: StringPool): Record<string, string> | undefined {
  const raw = optionalObject(value, path);
  if (raw === undefined) return undefined;
  const result: Record<string, string> = {};
  for (const key of Object.keys(raw)) {
    const item = raw[key];
    if (typeof item !== 'string')
      throw FieldError.expected(`${path}[${JSON.stringify(key)}]`, item, 'a string');
    if (pool === undefined) result[key] = item;
    else result[pool.intern(key)] = pool.intern(item);
  }
  return result;
}

/** A resource list: every quantity is checked, those of names that nothing counts are left out. */
export function resources(value: unknown, path: string): ResourceMap | undefined {
  const raw = optionalObject(value, path);
  if (raw === undefined) return undefined;
  const result = new Map<string, number>();
  for (const name of Object.keys(raw)) {
    const amount = quantity(name, raw[name], `${path}[${JSON.stringify(name)}]`);
    if (isTracked(name)) result.set(name, amount);
  }
  return result;
}

/** Cpu in milli-cores, all else in its base unit. */
export function quantity(name: string, value: unknown, path: string): number {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw FieldError.expected(path, value, 'a quantity');
  }
  try {
    return amountOf(name, value);
  } catch (error) {
    if (error instanceof QuantityError) throw FieldError.expected(path, value, 'a quantity');
    throw error;
  }
}
