const unitNs = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;
const greatestNs = 2n ** 63n - 1n;

/**
 * Reads a duration as Go writes them (`15s`, `1m30s`, `1.5h`, `-2s`, `0`) and returns milliseconds, cut off at a whole
 * nanosecond. `undefined` when it is none, or beyond 292 years; a number without a unit is none, except 0.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign = '', magnitude = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (magnitude === '0') {
    return 0;
  }
  // Both signs for micro, escaped: the bundle stays within ASCII, which V8 keeps in one byte for each character.
  const part = /(?:(\d+)\.?(\d*)|\.(\d+))(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
  let total = 0n;
  while (part.lastIndex < magnitude.length) {
    const match = part.exec(magnitude);
    if (match === null) {
      return undefined;
    }
    const [, whole = '0', after = '', alone, unit] = match;
    const fraction = alone ?? after;
    const ns = unitNs[unit as keyof typeof unitNs];
    total += BigInt(whole) * ns + (BigInt(fraction || '0') * ns) / 10n ** BigInt(fraction.length);
  }
  if (magnitude === '' || total > greatestNs) {
    return undefined;
  }
  return (Number(total) / 1e6) * (sign === '-' ? -1 : 1);
}

/** Writes milliseconds as Go writes a duration: `15s`, `10m0s`, `1h0m0s`, `250ms`, `1.5µs`, `5ns`. */
export function formatDuration(ms: number): string {
  const ns = BigInt(Math.round(Math.abs(ms) * 1e6));
  const sign = ms < 0 ? '-' : '';
  if (ns === 0n) {
    return '0s';
  }
  for (const [unit, next] of [
    ['ns', 'us'],
    ['µs', 'ms'],
    ['ms', 's'],
  ] as const) {
    if (ns < unitNs[next]) {
      return `${sign}${decimal(ns, unitNs[unit])}${unit}`;
    }
  }
  const hours = ns / unitNs.h;
  const minutes = (ns % unitNs.h) / unitNs.m;
  const seconds = `${decimal(ns % unitNs.m, unitNs.s)}s`;
  if (hours > 0n) {
    return `${sign}${hours}h${minutes}m${seconds}`;
  }
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** `ns / unit` without trailing zeros. */
function decimal(ns: bigint, unit: bigint): string {
  const digits = String(unit + (ns % unit))
    .slice(1)
    .replace(/0+$/, '');
  return digits === '' ? String(ns / unit) : `${ns / unit}.${digits}`;
}
