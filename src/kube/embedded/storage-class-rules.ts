import { choiceProblems, fixedFieldProblems, immutableField } from './field-rules.js';
import { recordsAt, setDefaults, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type FieldProblem, required } from './status-error.js';

export function defaultStorageClass(storageClass: KubeObject): void {
  setDefaults(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
}

function topologyProblems(storageClass: KubeObject): FieldProblem[] {
  return recordsAt(storageClass, 'allowedTopologies').flatMap((term, index) =>
    recordsAt(term, 'matchLabelExpressions')
      .map((expression, position) => ({ expression, position }))
      .filter(({ expression: { values } }) => !Array.isArray(values) || values.length === 0)
      .map(({ position }) =>
        required(`allowedTopologies[${index}].matchLabelExpressions[${position}].values`),
      ),
  );
}

const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'];

export function storageClassProblems(
  storageClass: KubeObject,
  current: KubeObject | undefined,
): FieldProblem[] {
  const changed = current === undefined ? [] : fixedFieldProblems('', storageClass, current, FIXED);
  return [
    ...(stringAt(storageClass, 'provisioner') === '' ? [required('provisioner')] : []),
    ...choiceProblems('reclaimPolicy', storageClass.reclaimPolicy, ['Delete', 'Retain']),
    ...choiceProblems('volumeBindingMode', storageClass.volumeBindingMode, [
      'Immediate',
      'WaitForFirstConsumer',
    ]),
    ...topologyProblems(storageClass),
    // The real server names the fields here and keeps the values to itself.
    ...changed.map(({ field }) => immutableField(field, null)),
  ];
}
