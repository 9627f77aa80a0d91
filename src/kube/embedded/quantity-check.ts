import { isRecord, type JsonRecord, recordAt, recordsAt } from './json-value.js';

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

const PROBLEM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

export function isQuantity(value: unknown): boolean {
  return (
    (typeof value === 'number' && Number.isFinite(value)) ||
    (typeof value === 'string' && QUANTITY.test(value))
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
