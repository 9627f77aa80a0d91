import {
  ensureRecord,
  isRecord,
  type JsonRecord,
  jsonEqual,
  recordAt,
  recordsAt,
  stringAt,
} from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { mergeMatchLabelKeys } from './pod-match-label-keys.js';
import { podQosClass } from './pod-qos-class.js';
import { defaultPodSpec, defaultRequestsFromLimits } from './pod-spec-defaults.js';
import { resourceProblems } from './quantity-check.js';
import type { AdmissionContext } from './resource-kind.js';
import { badRequest, type FieldProblem, forbidden, forbiddenField, required } from './status-error.js';

const PODS = { group: '', plural: 'pods', kind: 'Pod' };

/** Seconds a pod stays on a node that is not ready or unreachable, unless it says otherwise. */
const DEFAULT_TOLERATION_SECONDS = 300;

function tolerates(tolerations: readonly JsonRecord[], key: string): boolean {
  return tolerations.some((toleration) => {
    const effect = stringAt(toleration, 'effect');
    const tolerated = stringAt(toleration, 'key');
    return (effect === 'NoExecute' || effect === '') && (tolerated === key || tolerated === '');
  });
}

function addDefaultTolerations(spec: JsonRecord): void {
  const tolerations = recordsAt(spec, 'tolerations');
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !tolerates(tolerations, key),
  );
  if (missing.length === 0) return;
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: DEFAULT_TOLERATION_SECONDS,
  }));
  spec.tolerations = [...tolerations, ...added];
}

function resolvePriority(pod: KubeObject, spec: JsonRecord, context: AdmissionContext): void {
  const name = stringAt(spec, 'priorityClassName');
  const found = name === '' ? context.globalDefaultPriorityClass() : context.priorityClass(name);
  if (name !== '' && found === undefined) {
    throw forbidden(PODS, pod.metadata.name, `no PriorityClass with name ${name} was found`);
  }
  if (found !== undefined) spec.priorityClassName = found.metadata.name;
  spec.priority = typeof found?.value === 'number' ? found.value : 0;
  spec.preemptionPolicy ??= stringAt(found, 'preemptionPolicy') || 'PreemptLowerPriority';
}

/** What admission settled when the pod was made, and an update may leave out. */
const ADMITTED_FIELDS = ['priority', 'preemptionPolicy', 'priorityClassName'];

/** Defaults of a pod's spec. Throws 400 for a quantity that is none. */
export function defaultPod(pod: KubeObject, current?: KubeObject): void {
  const spec = ensureRecord(pod, 'spec');
  const problems = resourceProblems(spec);
  if (problems !== undefined) throw badRequest(`Pod in version "v1" cannot be handled as a Pod: ${problems}`);
  defaultPodSpec(spec);
  defaultRequestsFromLimits(spec);
  addDefaultTolerations(spec);
  spec.enableServiceLinks ??= true;
  const admitted = recordAt(current, 'spec');
  for (const field of ADMITTED_FIELDS) {
    if (spec[field] === undefined && admitted[field] !== undefined) spec[field] = admitted[field];
  }
}

/** What default admission and the pod's own strategy do to a new pod, as far as scheduling reads it. */
export function preparePod(pod: KubeObject, context: AdmissionContext): void {
  const spec = ensureRecord(pod, 'spec');
  resolvePriority(pod, spec, context);
  mergeMatchLabelKeys(spec, recordAt(pod.metadata, 'labels'));
  const given = recordAt(pod, 'status');
  pod.status = { phase: 'Pending', ...given, qosClass: podQosClass(spec) };
  const isGated = recordsAt(spec, 'schedulingGates').length > 0;
  if (isGated && given.conditions === undefined) {
    recordAt(pod, 'status').conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: context.now(),
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ];
  }
}

function containerProblems(spec: JsonRecord): FieldProblem[] {
  const containers = recordsAt(spec, 'containers');
  if (containers.length === 0) return [required('spec.containers')];
  return containers.flatMap((container, index) =>
    ['name', 'image']
      .filter((field) => stringAt(container, field) === '')
      .map((field) => required(`spec.containers[${index}].${field}`)),
  );
}

const MUTABLE_FIELDS = [
  'activeDeadlineSeconds',
  'terminationGracePeriodSeconds',
  'tolerations',
  'schedulingGates',
];

/** The spec without what an update may change. */
function fixedPart(spec: JsonRecord, isGated: boolean): JsonRecord {
  const fixed: JsonRecord = { ...spec };
  for (const field of MUTABLE_FIELDS) delete fixed[field];
  // While a pod is gated, where it may go can still be narrowed.
  if (isGated) {
    delete fixed.nodeSelector;
    delete fixed.affinity;
  }
  for (const list of ['containers', 'initContainers']) {
    const containers = fixed[list];
    if (Array.isArray(containers)) {
      fixed[list] = containers.map((container) =>
        isRecord(container) ? { ...container, image: '' } : container,
      );
    }
  }
  return fixed;
}

const contains = (list: readonly unknown[], item: unknown): boolean =>
  list.some((other) => jsonEqual(other, item));

function updateProblems(spec: JsonRecord, current: JsonRecord): FieldProblem[] {
  const isGated = recordsAt(current, 'schedulingGates').length > 0;
  const keptTolerations = recordsAt(spec, 'tolerations');
  const fixedFields =
    'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
    '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
    '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
  if (!jsonEqual(fixedPart(spec, isGated), fixedPart(current, isGated))) {
    return [forbiddenField('spec', fixedFields)];
  }
  if (!recordsAt(current, 'tolerations').every((toleration) => contains(keptTolerations, toleration))) {
    return [
      forbiddenField(
        'spec.tolerations',
        'existing toleration can not be modified except its tolerationSeconds',
      ),
    ];
  }
  const gates = recordsAt(current, 'schedulingGates');
  if (!recordsAt(spec, 'schedulingGates').every((gate) => contains(gates, gate))) {
    return [
      forbiddenField('spec.schedulingGates', 'only deletion is allowed, but found new scheduling gates'),
    ];
  }
  return [];
}

export function podProblems(pod: KubeObject, current: KubeObject | undefined): FieldProblem[] {
  const spec = recordAt(pod, 'spec');
  return [
    ...containerProblems(spec),
    ...(current === undefined ? [] : updateProblems(spec, recordAt(current, 'spec'))),
  ];
}
