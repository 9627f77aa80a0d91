import type { JsonRecord } from './json-value.js';

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** A request that is answered with a Kubernetes `Status` failure. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: JsonRecord | undefined;

  constructor(code: number, reason: string | undefined, message: string, details?: JsonRecord) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): JsonRecord {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** Names a resource in a message: `pods`, `deployments.apps`. */
interface NamedResource {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

const detailsOf = (name: string, group: string, kind: string, causes?: readonly Cause[]): JsonRecord => ({
  name,
  ...(group === '' ? {} : { group }),
  kind,
  ...(causes === undefined ? {} : { causes }),
});

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function notFound({ group, plural }: NamedResource, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualified(plural, group)} "${name}" not found`,
    detailsOf(name, group, plural),
  );
}

export function unknownPath(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message);
}

export function alreadyExists({ group, plural }: NamedResource, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualified(plural, group)} "${name}" already exists`,
    detailsOf(name, group, plural),
  );
}

/** `plural` may name a subresource, such as `pods/binding`. */
export function conflict(plural: string, group: string, name: string, message: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(plural, group)} "${name}": ${message}`,
    detailsOf(name, group, plural),
  );
}

export function forbidden({ group, plural }: NamedResource, name: string, message: string): StatusError {
  return new StatusError(
    403,
    'Forbidden',
    `${qualified(plural, group)} "${name}" is forbidden: ${message}`,
    detailsOf(name, group, plural),
  );
}

export interface FieldProblem {
  readonly field: string;
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate';
  readonly message: string;
}

export const required = (field: string, extra = ''): FieldProblem => ({
  field,
  reason: 'FieldValueRequired',
  message: `Required value${extra === '' ? '' : `: ${extra}`}`,
});

export const invalidValue = (field: string, value: unknown, problem: string): FieldProblem => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${problem}`,
});

export const forbiddenField = (field: string, problem: string): FieldProblem => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${problem}`,
});

export const unsupportedValue = (
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldProblem => ({
  field,
  reason: 'FieldValueNotSupported',
  message:
    `Unsupported value: ${JSON.stringify(value ?? null)}: supported values: ` +
    supported.map((text) => JSON.stringify(text)).join(', '),
});

export const duplicateValue = (field: string, value: unknown): FieldProblem => ({
  field,
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

/** 422 for an object that was understood but breaks a rule. */
export function invalid(
  { group, kind }: Pick<NamedResource, 'group' | 'kind'>,
  name: string,
  problems: readonly FieldProblem[],
): StatusError {
  const texts = problems.map(({ field, message }) => `${field}: ${message}`);
  const listed = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError(
    422,
    'Invalid',
    `${qualified(kind, group)} "${name}" is invalid: ${listed}`,
    detailsOf(name, group, kind, problems),
  );
}

/** History older than the request needs has been thrown away: the client must list again. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

/** A subresource that answers a plain success rather than an object. */
export function successStatus(code: number, details?: JsonRecord): JsonRecord {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
    code,
  };
}
