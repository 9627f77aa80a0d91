import { quantityValue } from '../quantity.js';
import { isRecord, type JsonRecord, recordAt, recordsAt } from './json-value.js';
import { badRequest } from './status-error.js';

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

/** Nobody writes more digits, and reading them would cost. */
const LONGEST = 128;

const PROBLEM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

export function isQuantity(value: unknown): value is string | number {
  return (
    (typeof value === 'number' && Number.isFinite(value)) ||
    (typeof value === 'string' && value.length <= LONGEST && QUANTITY.test(value))
  );
}

/** What is wrong with the quantities of a pod spec; undefined when nothing is. */
export function resourceProblems(spec: JsonRecord): string | undefined {
  const holders = [
    ...['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => recordsAt(spec, list)),
    spec,
  ];
  const amounts = holders.flatMap((holder) => {
    const resources = recordAt(holder, 'resources');
    return [recordAt(resources, 'requests'), recordAt(resources, 'limits')];
  });
  if (isRecord(spec.overhead)) amounts.push(spec.overhead);
  const isSound = amounts.every((amount) => Object.values(amount).every(isQuantity));
  return isSound ? undefined : PROBLEM;
}

/** Throws 400, naming the kind, unless all values are quantities. */
export function checkQuantities(kind: string, values: readonly unknown[]): void {
  if (values.every(isQuantity)) return;
  throw badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${PROBLEM}`);
}

/** The quantity in whole units (bytes), rounded up; 0 for what is none. */
export function amountOf(value: unknown): number {
  return isQuantity(value) ? quantityValue(value) : 0;
}

export const isPositive = (value: unknown): boolean => amountOf(value) > 0;
