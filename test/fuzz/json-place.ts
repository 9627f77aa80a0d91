/** A decoded object as far as a mutation is concerned. */
export type Json = Record<string, unknown>;

/** The way to a part of an object: keys and indices. */
export type Place = readonly string[];

/** All places of an object, the object itself left out. */
export function placesIn(value: unknown, path: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return path.length === 0 ? [] : [path];
  const below = Object.keys(value).flatMap((key) => placesIn((value as Json)[key], [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

export function read(value: unknown, place: Place): unknown {
  let found = value;
  for (const key of place) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Json)[key];
  }
  return found;
}

/** Writes a part, in place; maps are made on the way, in whatever stood there. `undefined` takes the part away. */
export function write(object: Json, place: Place, value: unknown): void {
  let holder: Json = object;
  for (const key of place.slice(0, -1)) {
    const next = Object.hasOwn(holder, key) ? holder[key] : undefined;
    if (typeof next !== 'object' || next === null) define(holder, key, {});
    holder = holder[key] as Json;
  }
  const last = place.at(-1)!;
  if (value === undefined) delete holder[last];
  else define(holder, last, value);
}

/** As JSON.parse does it: `__proto__` is a key like any other. */
export function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}
