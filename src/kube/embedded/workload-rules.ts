import { ensureRecord, isRecord, recordAt, setDefaults, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { matcherOfLabelSelector } from './label-query.js';
import { defaultPodSpec } from './pod-spec-defaults.js';
import { type FieldProblem, invalidValue, required } from './status-error.js';

function defaultTemplate(object: KubeObject): void {
  const template = recordAt(recordAt(object, 'spec'), 'template');
  const { spec } = template;
  if (isRecord(spec)) defaultPodSpec(spec);
}

export function defaultDeployment(object: KubeObject): void {
  const spec = ensureRecord(object, 'spec');
  setDefaults(spec, {
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  defaultTemplate(object);
}

export function defaultReplicaSet(object: KubeObject): void {
  setDefaults(ensureRecord(object, 'spec'), { replicas: 1 });
  defaultTemplate(object);
}

export function defaultReplicationController(object: KubeObject): void {
  const spec = ensureRecord(object, 'spec');
  const labels = stringMapAt(recordAt(spec, 'template').metadata, 'labels');
  setDefaults(spec, { replicas: 1, selector: labels });
  defaultTemplate(object);
}

export function defaultStatefulSet(object: KubeObject): void {
  setDefaults(ensureRecord(object, 'spec'), {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  });
  defaultTemplate(object);
}

export function defaultDaemonSet(object: KubeObject): void {
  setDefaults(ensureRecord(object, 'spec'), {
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
  });
  defaultTemplate(object);
}

/** A workload must select the pods it makes. */
export function workloadProblems(object: KubeObject): FieldProblem[] {
  const spec = recordAt(object, 'spec');
  if (!isRecord(spec.selector)) return [required('spec.selector')];
  const template = recordAt(spec, 'template');
  const labels = stringMapAt(template.metadata, 'labels');
  const problems: FieldProblem[] = [];
  if (!matcherOfLabelSelector(spec.selector)(labels)) {
    problems.push(
      invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    );
  }
  const { containers } = recordAt(template, 'spec');
  if (!Array.isArray(containers) || containers.length === 0) {
    problems.push(required('spec.template.spec.containers'));
  }
  if (spec.replicas !== undefined && !(Number.isInteger(spec.replicas) && (spec.replicas as number) >= 0)) {
    problems.push(invalidValue('spec.replicas', spec.replicas, 'must be greater than or equal to 0'));
  }
  return problems;
}
