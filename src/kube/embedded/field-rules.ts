import { isRecord, type JsonRecord, jsonEqual, recordsAt, stringAt } from './json-value.js';
import {
  type FieldProblem,
  forbiddenField,
  invalidValue,
  required,
  unsupportedValue,
} from './status-error.js';

/** A field that may hold one of a few values, or be absent. */
export function choiceProblems(field: string, value: unknown, choices: readonly string[]): FieldProblem[] {
  if (value === undefined || value === null) return [];
  return choices.some((choice) => choice === value) ? [] : [unsupportedValue(field, value, choices)];
}

export function immutableField(field: string, value: unknown): FieldProblem {
  return invalidValue(field, value ?? null, 'field is immutable');
}

/** Which of the fields an update changed although they are fixed at creation. Absent and null are the same. */
export function fixedFieldProblems(
  path: string,
  next: JsonRecord,
  current: JsonRecord,
  fields: readonly string[],
): FieldProblem[] {
  return fields
    .filter((field) => !jsonEqual(next[field] ?? null, current[field] ?? null))
    .map((field) => immutableField(`${path}${field}`, next[field]));
}

export function notNegative(field: string, value: unknown): FieldProblem {
  return invalidValue(field, value, 'must be greater than or equal to 0');
}

/** What is wrong with the expressions of a `LabelSelector`. */
export function labelSelectorProblems(path: string, selector: unknown): FieldProblem[] {
  if (!isRecord(selector)) return [];
  return recordsAt(selector, 'matchExpressions').flatMap((expression, index) => {
    const place = `${path}.matchExpressions[${index}]`;
    const operator = stringAt(expression, 'operator');
    const hasValues = Array.isArray(expression.values) && expression.values.length > 0;
    switch (operator) {
      case 'In':
      case 'NotIn':
        return hasValues
          ? []
          : [required(`${place}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
      case 'Exists':
      case 'DoesNotExist':
        return hasValues
          ? [
              forbiddenField(
                `${place}.values`,
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
              ),
            ]
          : [];
      default:
        return [invalidValue(`${place}.operator`, operator, 'not a valid selector operator')];
    }
  });
}
