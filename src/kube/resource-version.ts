const DECIMAL = /^[1-9][0-9]*$/;

/**
 * Orders two resource versions: negative when `a` is older, 0 when equal, positive when newer.
 * Decimal ones compare as numbers of any length (by length, then digit by digit). Others are opaque: `undefined` says
 * that their order is not known.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** True when `a` is known to be older than `b`. */
export function isOlder(a: string, b: string): boolean {
  const order = compareResourceVersions(a, b);
  return order !== undefined && order < 0;
}
