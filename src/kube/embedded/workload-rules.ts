import { fixedFieldProblems, labelSelectorProblems, notNegative } from './field-rules.js';
import {
  ensureRecord,
  isRecord,
  type JsonRecord,
  recordAt,
  recordsAt,
  setDefaults,
  stringMapAt,
} from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type Labels, matcherOfLabelSelector } from './label-query.js';
import { defaultPersistentVolumeClaim } from './persistent-volume-claim-rules.js';
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
  if (Object.keys(labels).length > 0) setDefaults(object.metadata, { labels });
  defaultTemplate(object);
}

export function defaultStatefulSet(object: KubeObject): void {
  const spec = ensureRecord(object, 'spec');
  setDefaults(spec, {
    replicas: 1,
    serviceName: '',
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  });
  for (const claim of recordsAt(spec, 'volumeClaimTemplates')) {
    const template = Object.assign(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }) as KubeObject;
    defaultPersistentVolumeClaim(template);
    setDefaults(template, { status: { phase: 'Pending' } });
  }
  defaultTemplate(object);
}

export function defaultDaemonSet(object: KubeObject): void {
  setDefaults(ensureRecord(object, 'spec'), {
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
  });
  defaultTemplate(object);
}

/** What the real server calls the kind where it complains of an empty selector. */
const CALLED: Readonly<Record<string, string>> = { ReplicaSet: 'deployment' };

function templateProblems(spec: JsonRecord, doesMatch: (labels: Labels) => boolean): FieldProblem[] {
  const template = recordAt(spec, 'template');
  const labels = stringMapAt(template.metadata, 'labels');
  const { containers } = recordAt(template, 'spec');
  const shown = Object.keys(labels).length === 0 ? null : labels;
  return [
    ...(doesMatch(labels)
      ? []
      : [
          invalidValue('spec.template.metadata.labels', shown, '`selector` does not match template `labels`'),
        ]),
    ...(Array.isArray(containers) && containers.length > 0
      ? []
      : [required('spec.template.spec.containers')]),
  ];
}

function replicaProblems({ replicas }: JsonRecord): FieldProblem[] {
  const isCount = typeof replicas === 'number' && Number.isInteger(replicas) && replicas >= 0;
  return replicas === undefined || isCount ? [] : [notNegative('spec.replicas', replicas)];
}

/** A workload must select the pods it makes, and goes on selecting the same. */
export function workloadProblems(object: KubeObject, current: KubeObject | undefined): FieldProblem[] {
  const spec = recordAt(object, 'spec');
  const { selector } = spec;
  const isEmpty = isRecord(selector) && [selector.matchLabels, selector.matchExpressions].every(hasNothing);
  const called = CALLED[object.kind] ?? object.kind.toLowerCase();
  return [
    ...(isRecord(selector) ? [] : [required('spec.selector')]),
    ...(isEmpty ? [invalidValue('spec.selector', {}, `empty selector is invalid for ${called}`)] : []),
    ...labelSelectorProblems('spec.selector', selector),
    ...templateProblems(spec, matcherOfLabelSelector(selector)),
    ...replicaProblems(spec),
    ...(current === undefined
      ? []
      : fixedFieldProblems('spec.', spec, recordAt(current, 'spec'), FIXED[object.kind] ?? ['selector'])),
  ];
}

const FIXED: Readonly<Record<string, readonly string[]>> = {
  StatefulSet: ['selector', 'serviceName', 'podManagementPolicy', 'volumeClaimTemplates'],
};

function hasNothing(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

/** A ReplicationController's selector is a plain map, and may change. */
export function replicationControllerProblems(controller: KubeObject): FieldProblem[] {
  const spec = recordAt(controller, 'spec');
  const selector = stringMapAt(spec, 'selector');
  const isEmpty = Object.keys(selector).length === 0;
  return [
    ...replicaProblems(spec),
    ...(isEmpty ? [required('spec.selector')] : []),
    ...(isRecord(spec.template)
      ? templateProblems(spec, matcherOfLabelSelector({ matchLabels: selector }))
      : [required('spec.template')]),
  ];
}
