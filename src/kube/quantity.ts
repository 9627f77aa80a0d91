/**
 * Kubernetes quantities (`100m`, `1.5Gi`, `2e3`) as the integers that scheduling computes with.
 *
 * Both functions round up, away from zero, as `Quantity.Value` and `Quantity.MilliValue` of
 * k8s.io/apimachinery/pkg/api/resource do: `0.1` is 1, `100.5m` is 101 milli. Results are exact up to 2^53, the
 * nearest double above that, and held at ±2^63, where Kubernetes itself caps.
 */

/** A text that is no quantity. The message names it. */
export class QuantityError extends Error {
  readonly text: string;

  constructor(text: string) {
    super(`${JSON.stringify(text)} is not a valid quantity`);
    this.name = 'QuantityError';
    this.text = text;
  }
}

/** A factor as numerator 10^decimal · 2^binary; negative decimal exponents divide. */
interface Scale {
  readonly decimal: number;
  readonly binary: number;
}

const scales: ReadonlyMap<string, Scale> = new Map([
  ['n', { decimal: -9, binary: 0 }],
  ['u', { decimal: -6, binary: 0 }],
  ['m', { decimal: -3, binary: 0 }],
  ['', { decimal: 0, binary: 0 }],
  ['k', { decimal: 3, binary: 0 }],
  ['M', { decimal: 6, binary: 0 }],
  ['G', { decimal: 9, binary: 0 }],
  ['T', { decimal: 12, binary: 0 }],
  ['P', { decimal: 15, binary: 0 }],
  ['E', { decimal: 18, binary: 0 }],
  ['Ki', { decimal: 0, binary: 10 }],
  ['Mi', { decimal: 0, binary: 20 }],
  ['Gi', { decimal: 0, binary: 30 }],
  ['Ti', { decimal: 0, binary: 40 }],
  ['Pi', { decimal: 0, binary: 50 }],
  ['Ei', { decimal: 0, binary: 60 }],
]);

/** Sign, whole digits, fraction digits, then either an exponent or a suffix. `1E` is exa, `1E3` an exponent. */
const shape = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;
const plainInteger = /^\d{1,15}$/;

/** The API server stores quantities in canonical form, some thirty characters; more is nonsense, and costly. */
const longestText = 128;
const int64Limit = 2n ** 63n;
/** Beyond this power of ten every non-zero quantity is over 2^63, or under one nano, whatever its digits. */
const exponentLimit = 400;
const cacheLimit = 8192;

const valueCache = new Map<string, number>();
const milliCache = new Map<string, number>();

/** The quantity as an integer (bytes, pods, devices), rounded up away from zero. Throws `QuantityError`. */
export function quantityValue(quantity: string | number): number {
  return cached(valueCache, String(quantity), 0);
}

/** A thousand times the quantity (milli-cores), rounded up away from zero. Throws `QuantityError`. */
export function quantityMilliValue(quantity: string | number): number {
  return cached(milliCache, String(quantity), 3);
}

/** Pods come in thousands from few templates, so the same few texts are asked for again and again. */
function cached(cache: Map<string, number>, text: string, decimals: 0 | 3): number {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const value = scaledValue(text, decimals);
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(text, value);
  return value;
}

function scaledValue(text: string, decimals: 0 | 3): number {
  if (plainInteger.test(text)) {
    const value = decimals === 0 ? Number(text) : Number(text) * 1000;
    if (value <= Number.MAX_SAFE_INTEGER) return value;
  }
  return exactScaledValue(text, decimals);
}

function exactScaledValue(text: string, decimals: 0 | 3): number {
  const match = text.length <= longestText ? shape.exec(text) : null;
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (match === null || whole.length + fraction.length === 0) throw new QuantityError(text);

  const scale = match[4] === undefined ? scales.get(match[5] ?? '')! : exponentScale(match[4]);
  const digits = BigInt(whole + fraction);
  const power = scale.decimal + decimals - fraction.length;
  let numerator = digits << BigInt(scale.binary);
  let denominator = 1n;
  if (power >= 0) numerator *= 10n ** BigInt(power);
  else denominator = 10n ** BigInt(-power);

  const roundedUp = (numerator + denominator - 1n) / denominator;
  const magnitude = Number(roundedUp > int64Limit ? int64Limit : roundedUp);
  return match[1] === '-' && magnitude !== 0 ? -magnitude : magnitude;
}

function exponentScale(text: string): Scale {
  const exponent = Math.max(-exponentLimit, Math.min(exponentLimit, Number(text)));
  return { decimal: exponent, binary: 0 };
}
