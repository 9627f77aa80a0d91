import { parseLabelInteger } from '../kube/label-requirement.js';
import { type FieldPath, type FieldProblem, invalid, unsupported } from './field-problem.js';
import type { AddedAffinity, NodeSelectorTermArgs, RequirementArgs } from './plugin-args.js';
import { labelValueProblems, qualifiedNameProblems } from './qualified-name.js';

/** Judges affinity that is added to every pod of a profile, as strictly as kube-scheduler does. */
export function validateAddedAffinity(affinity: AddedAffinity, path: FieldPath): FieldProblem[] {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const terms = affinity[required]?.nodeSelectorTerms ?? [];
  return [
    ...terms.flatMap((term, index) => termProblems(term, [...path, required, 'nodeSelectorTerms', index])),
    ...(affinity[preferred] ?? []).flatMap(({ weight, preference }, index) =>
      weight === 0 ? [] : termProblems(preference, [...path, preferred, index, 'preference']),
    ),
  ];
}

function termProblems(
  { matchExpressions, matchFields }: NodeSelectorTermArgs,
  path: FieldPath,
): FieldProblem[] {
  return [
    ...(matchExpressions ?? []).flatMap((requirement, index) =>
      expressionProblems(requirement, [...path, 'matchExpressions', index]),
    ),
    ...(matchFields ?? []).flatMap((requirement, index) =>
      fieldProblems(requirement, [...path, 'matchFields', index]),
    ),
  ];
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

function expressionProblems({ key, operator, values }: RequirementArgs, path: FieldPath): FieldProblem[] {
  if (!operators.includes(operator)) {
    return [unsupported([...path, 'operator'], operator, operators)];
  }
  const problems: FieldProblem[] = [];
  const ofKey = qualifiedNameProblems(key);
  if (ofKey.length > 0) {
    problems.push(invalid([...path, 'key'], key, ofKey.join('; ')));
  }
  const given = values ?? [];
  const refuse = (detail: string): void => {
    problems.push(invalid([...path, 'values'], values, detail));
  };
  if (operator === 'In' || operator === 'NotIn') {
    if (given.length === 0) refuse("for 'in', 'notin' operators, values set can't be empty");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (given.length > 0) refuse('values set must be empty for exists and does not exist');
  } else if (given.length !== 1) {
    refuse("for 'Gt', 'Lt' operators, exactly one value is required");
  } else if (parseLabelInteger(given[0]!) === undefined) {
    problems.push(
      invalid([...path, 'values', 0], given[0], "for 'Gt', 'Lt' operators, the value must be an integer"),
    );
  }
  given.forEach((value, index) => {
    const ofValue = labelValueProblems(value);
    if (ofValue.length > 0) {
      problems.push(invalid([...path, 'values', index], value, ofValue.join('; ')));
    }
  });
  return problems;
}

function fieldProblems({ operator, values }: RequirementArgs, path: FieldPath): FieldProblem[] {
  if (operator !== 'In' && operator !== 'NotIn') {
    return [unsupported([...path, 'operator'], operator, ['In', 'NotIn'])];
  }
  return values?.length === 1 ? [] : [invalid([...path, 'values'], values, 'must have one element')];
}
