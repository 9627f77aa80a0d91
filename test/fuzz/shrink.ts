import { isDeepStrictEqual } from 'node:util';
import { type Json, placesIn, read, write } from './json-place.js';
import type { Change, Operation } from './storm.js';

/** Says whether operations still show what more of them showed. */
export type Shows = (operations: readonly Operation[]) => Promise<boolean>;

/** As few operations as still show it, each with as little in it as can be, after so many tries at most. */
export async function shrink(
  operations: readonly Operation[],
  shows: Shows,
  options: { readonly tries: number },
): Promise<readonly Operation[]> {
  let { tries } = options;
  let small = operations;
  const attempt = async (candidate: readonly Operation[]): Promise<boolean> => {
    if (tries-- <= 0 || !(await shows(candidate))) return false;
    small = candidate;
    return true;
  };
  for (
    let size = Math.ceil(small.length / 2);
    size >= 1 && tries > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    // From the end: what shows a fault is mostly the last of it.
    for (let to = small.length; to > 0 && tries > 0; to -= size) {
      const from = Math.max(0, to - size);
      await attempt([...small.slice(0, from), ...small.slice(to)]);
    }
  }
  for (let index = 0; index < small.length && tries > 0; index += 1) {
    const operation = small[index]!;
    if (operation.what !== 'put') continue;
    for (const place of placesIn(operation.object).filter((path) => path.length > 1)) {
      const current = (small[index] as Change).object!;
      if (read(current, place) === undefined || tries <= 0) continue;
      const object: Json = structuredClone(current);
      write(object, place, undefined);
      if (isDeepStrictEqual(object, current)) continue;
      await attempt(small.map((other, at) => (at === index ? { ...operation, object } : other)));
    }
  }
  return small;
}
