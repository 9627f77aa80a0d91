import { quantityMilliValue, quantityValue } from '../kube/quantity.js';
import type { Requests } from './requests.js';
import { noScalars } from './requests.js';
import { cpu, ephemeralStorage, isScalar, memory } from './resource-names.js';

/**
 * Resource name to amount: cpu in milli-cores, all else in its base unit. Unlike in `Requests`, absent and 0 differ, and an
 * amount may have a fraction, because kube-scheduler rounds a sum and not its terms.
 */
export type ResourceMap = ReadonlyMap<string, number>;

export const noResources: ResourceMap = new Map();

/** The API server rounds amounts up to milli-units: whatever is smaller in a sum is an error of the floating point. */
const halfMilli = 0.0005;

/** Amount of a quantity. Throws `QuantityError`. */
export function amountOf(name: string, quantity: string | number): number {
  if (name === cpu) return quantityMilliValue(quantity);
  const whole = quantityValue(quantity);
  const milli = quantityMilliValue(quantity);
  const fractional = milli !== whole * 1000 && Number.isSafeInteger(milli);
  return fractional ? milli / 1000 : whole;
}

export function addTo(sum: Map<string, number>, terms: ResourceMap): void {
  for (const [name, amount] of terms) sum.set(name, (sum.get(name) ?? 0) + amount);
}

export function raiseTo(maximum: Map<string, number>, other: ResourceMap): void {
  for (const [name, amount] of other) {
    const known = maximum.get(name);
    if (known === undefined || amount > known) maximum.set(name, amount);
  }
}

export function sumOf(left: ResourceMap, right: ResourceMap): Map<string, number> {
  const sum = new Map(left);
  addTo(sum, right);
  return sum;
}

/** `amounts`, with those of `defaults` that are absent from it; a present 0 stays. */
export function withDefaults(amounts: ResourceMap, defaults: ResourceMap): ResourceMap {
  if (defaults.size === 0) return amounts;
  const filled = new Map(amounts);
  for (const [name, amount] of defaults) if (!filled.has(name)) filled.set(name, amount);
  return filled;
}

/**
 * Rounded up; names without a place in `Requests` (`pods`, `storage`, …) are left out. No API server takes a negative amount; one
 * counts as 0, or a pod would make room on its node for others, and the node's score would be out of all bounds.
 */
export function toRequests(amounts: ResourceMap): Requests {
  let scalars: Map<string, number> | undefined;
  for (const [name, amount] of amounts) {
    if (isScalar(name)) {
      scalars ??= new Map();
      scalars.set(name, wholeAmount(amount));
    }
  }
  return {
    cpu: wholeAmount(amounts.get(cpu) ?? 0),
    memory: wholeAmount(amounts.get(memory) ?? 0),
    ephemeralStorage: wholeAmount(amounts.get(ephemeralStorage) ?? 0),
    scalars: scalars ?? noScalars,
  };
}

function wholeAmount(amount: number): number {
  if (amount <= 0) return 0;
  return Number.isInteger(amount) ? amount : Math.ceil(amount - halfMilli);
}
