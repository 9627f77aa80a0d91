/**
 * One condition on one label key, the atom of label selectors and node selectors.
 * Semantics of k8s.io/apimachinery/pkg/labels.
 */

/** Labels of one object, as decoded from JSON. */
export type Labels = Readonly<Record<string, string>>;

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

/** A checked condition, as data, so that it can be judged against one object or a whole column of values. */
export type LabelRequirement =
  | {
      readonly key: string;
      readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
      /** Empty for `Exists` and `DoesNotExist`. */
      readonly values: ReadonlySet<string>;
    }
  | {
      readonly key: string;
      readonly operator: 'Gt' | 'Lt';
      readonly values: ReadonlySet<string>;
      /** What the label is compared with, strictly. Within int64. */
      readonly integer: bigint;
    };

/** A condition as written in an object; nothing about it is certain. */
export interface RawRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | null | undefined;
}

export type CompiledRequirement =
  | { readonly ok: true; readonly requirement: LabelRequirement }
  | { readonly ok: false; readonly error: string };

const noValues: ReadonlySet<string> = new Set();
const labelName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const signedDigits = /^[+-]?\d+$/;
const greatestInt64 = 2n ** 63n - 1n;
const leastInt64 = -(2n ** 63n);

/** True for a qualified name: optional DNS subdomain and `/`, then at most 63 characters. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (name.length > 63 || !labelName.test(name)) return false;
  if (slash < 0) return true;
  const prefix = key.slice(0, slash);
  return prefix.length <= 253 && dnsSubdomain.test(prefix);
}

/** True for a legal label value: empty, or at most 63 characters that begin and end alphanumerically. */
export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && labelName.test(value));
}

/** A label value as a base-10 int64, or undefined if it is none. Leading zeros are fine. */
export function parseLabelInteger(value: string): bigint | undefined {
  if (!signedDigits.test(value)) return undefined;
  const integer = BigInt(value.startsWith('+') ? value.slice(1) : value);
  return integer > greatestInt64 || integer < leastInt64 ? undefined : integer;
}

/** Checks one condition. Which operators are welcome is the caller's business: pass them in `operators`. */
export function compileRequirement(raw: RawRequirement, operators: ReadonlySet<string>): CompiledRequirement {
  const { key, operator } = raw;
  const values = raw.values ?? [];
  if (!operators.has(operator)) return fault(`operator ${JSON.stringify(operator)} is not valid here`);
  if (!isLabelKey(key)) return fault(`key ${JSON.stringify(key)} is not a valid label key`);
  for (const value of values) {
    if (!isLabelValue(value)) {
      return fault(`value ${JSON.stringify(value)} of key ${JSON.stringify(key)} is not a valid label value`);
    }
  }
  switch (operator as LabelOperator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        return fault(`operator ${operator} of key ${JSON.stringify(key)} needs values`);
      return success({ key, operator: operator as 'In' | 'NotIn', values: new Set(values) });
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        return fault(`operator ${operator} of key ${JSON.stringify(key)} takes no values`);
      }
      return success({ key, operator: operator as 'Exists' | 'DoesNotExist', values: noValues });
    case 'Gt':
    case 'Lt': {
      const integer = values.length === 1 ? parseLabelInteger(values[0]!) : undefined;
      if (integer === undefined) {
        return fault(`operator ${operator} of key ${JSON.stringify(key)} needs exactly one integer`);
      }
      return success({ key, operator: operator as 'Gt' | 'Lt', values: new Set(values), integer });
    }
  }
}

/** `key = value`, unchecked: what an entry of a nodeSelector or of matchLabels means. */
export function equalityRequirement(key: string, value: string): LabelRequirement {
  return { key, operator: 'In', values: new Set([value]) };
}

/** Judges one value of the requirement's key; `undefined` when the object has no such label. */
export function requirementAccepts(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.has(value);
    case 'NotIn':
      return value === undefined || !requirement.values.has(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const integer = value === undefined ? undefined : parseLabelInteger(value);
      if (integer === undefined) return false;
      return requirement.operator === 'Gt' ? integer > requirement.integer : integer < requirement.integer;
    }
  }
}

/** The value of a label, blind to what an object inherits (a label may be called `constructor`). */
export function labelValue(labels: Labels | null | undefined, key: string): string | undefined {
  return labels != null && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** True when every condition holds; true for no conditions. */
export function requirementsAccept(
  requirements: readonly LabelRequirement[],
  labels: Labels | null | undefined,
): boolean {
  for (const requirement of requirements) {
    if (!requirementAccepts(requirement, labelValue(labels, requirement.key))) return false;
  }
  return true;
}

function success(requirement: LabelRequirement): CompiledRequirement {
  return { ok: true, requirement };
}

function fault(error: string): CompiledRequirement {
  return { ok: false, error };
}
