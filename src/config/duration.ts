const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration as Go writes them (`15s`, `1m30s`, `1.5h`, `-2s`, `0`) and returns milliseconds.
 * `undefined` when it is none; a number without a unit is none, except 0.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign = '', magnitude = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (magnitude === '0') {
    return 0;
  }
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0;
  while (part.lastIndex < magnitude.length) {
    const match = part.exec(magnitude);
    if (match === null) {
      return undefined;
    }
    total += Number(match[1]) * (unitMs[match[2] as string] as number);
  }
  return magnitude === '' ? undefined : total * (sign === '-' ? -1 : 1);
}

/** Writes milliseconds as Go writes a duration: `15s`, `10m0s`, `1h0m0s`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) {
    return '0s';
  }
  const sign = ms < 0 ? '-' : '';
  const magnitude = Math.abs(ms);
  if (magnitude < 1_000) {
    return magnitude < 1 ? `${sign}${round(magnitude * 1_000)}µs` : `${sign}${round(magnitude)}ms`;
  }
  const hours = Math.floor(magnitude / 3_600_000);
  const minutes = Math.floor((magnitude % 3_600_000) / 60_000);
  const seconds = `${round((magnitude % 60_000) / 1_000)}s`;
  if (hours > 0) {
    return `${sign}${hours}h${minutes}m${seconds}`;
  }
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function round(value: number): number {
  return Number(value.toFixed(6));
}
