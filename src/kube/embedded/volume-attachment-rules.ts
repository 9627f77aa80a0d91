import { immutableField } from './field-rules.js';
import { isRecord, jsonEqual, recordAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { nameProblem } from './object-name.js';
import { type FieldProblem, required } from './status-error.js';

export function volumeAttachmentProblems(
  attachment: KubeObject,
  current: KubeObject | undefined,
): FieldProblem[] {
  const spec = recordAt(attachment, 'spec');
  const source = recordAt(spec, 'source');
  const isNamed = stringAt(source, 'persistentVolumeName') !== '';
  const node = nameProblem('spec.nodeName', stringAt(spec, 'nodeName'));
  return [
    ...(isNamed === isRecord(source.inlineVolumeSpec)
      ? [required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName')]
      : []),
    ...(node === undefined ? [] : [node]),
    ...(stringAt(spec, 'attacher') === '' ? [required('spec.attacher')] : []),
    ...(current !== undefined && !jsonEqual(spec, recordAt(current, 'spec'))
      ? [immutableField('spec', null)]
      : []),
  ];
}
