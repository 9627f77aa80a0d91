import { choiceProblems, labelSelectorProblems, notNegative } from './field-rules.js';
import { ensureRecord, type JsonRecord, recordAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { badRequest, type FieldProblem, invalidValue } from './status-error.js';

const LIMITS = ['minAvailable', 'maxUnavailable'] as const;

const PERCENT = /^\d{1,9}%$/;
const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' " +
  "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

function isWholeNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}

/** Throws 400 for a limit that is neither a whole number nor a text. */
export function defaultDisruptionBudget(budget: KubeObject): void {
  const spec = ensureRecord(budget, 'spec');
  for (const limit of LIMITS) {
    const value = spec[limit];
    if (value === undefined || value === null || typeof value === 'string' || isWholeNumber(value)) continue;
    const found = typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? 'array' : typeof value;
    throw badRequest(
      `${budget.kind} in version "v1" cannot be handled as a ${budget.kind}: json: cannot unmarshal ${found} ` +
        `into Go struct field ${budget.kind}Spec.spec.${limit} of type int32`,
    );
  }
}

function limitProblems(field: string, value: unknown): FieldProblem[] {
  if (isWholeNumber(value)) return value < 0 ? [notNegative(field, value)] : [];
  if (typeof value !== 'string') return [];
  if (!PERCENT.test(value)) return [invalidValue(field, value, PERCENT_RULE)];
  return Number.parseInt(value, 10) > 100
    ? [invalidValue(field, value, 'must not be greater than 100%')]
    : [];
}

function bothProblems(spec: JsonRecord): FieldProblem[] {
  const [least, most] = LIMITS.map((limit) => spec[limit] ?? null);
  if (least === null || most === null) return [];
  const shown = {
    MinAvailable: least,
    Selector: spec.selector ?? null,
    MaxUnavailable: most,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  };
  return [invalidValue('spec', shown, 'minAvailable and maxUnavailable cannot be both set')];
}

export function disruptionBudgetProblems(budget: KubeObject): FieldProblem[] {
  const spec = recordAt(budget, 'spec');
  return [
    ...bothProblems(spec),
    ...LIMITS.flatMap((limit) => limitProblems(`spec.${limit}`, spec[limit])),
    ...choiceProblems('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]),
    ...labelSelectorProblems('spec.selector', spec.selector),
  ];
}
