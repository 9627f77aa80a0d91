/**
 * A point in time as Leases and events want it: RFC 3339 in UTC with exactly six fractional digits. The API server
 * refuses three (what `toISOString` writes).
 *
 * @param epochMs Milliseconds since the epoch; a fraction becomes microseconds.
 */
export function microTime(epochMs: number): string {
  const whole = Math.floor(epochMs);
  const micros = Math.floor((epochMs - whole) * 1000);
  return new Date(whole).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
