/** Amounts of resources. Exact integers below 2^53: cpu in milli-cores, all else in its base unit (bytes, pieces). */
export interface Requests {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  /** Extended resources, hugepages and other scalar names; a present key with 0 is kept. */
  readonly scalars: ReadonlyMap<string, number>;
}

export const noScalars: ReadonlyMap<string, number> = new Map();
export const noRequests: Requests = { cpu: 0, memory: 0, ephemeralStorage: 0, scalars: noScalars };

export function sameRequests(a: Requests, b: Requests): boolean {
  if (a === b) return true;
  if (a.cpu !== b.cpu || a.memory !== b.memory || a.ephemeralStorage !== b.ephemeralStorage) return false;
  if (a.scalars.size !== b.scalars.size) return false;
  for (const [name, amount] of a.scalars) if (b.scalars.get(name) !== amount) return false;
  return true;
}
