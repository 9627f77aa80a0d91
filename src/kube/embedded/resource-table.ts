import { defaultDisruptionBudget, disruptionBudgetProblems } from './disruption-budget-rules.js';
import { coreEventProblems, eventFromCore, eventProblems, eventToCore, prepareEvent } from './event-rules.js';
import { recordAt, setDefaults } from './json-value.js';
import { startWith } from './kind-status.js';
import type { KubeObject } from './kube-object.js';
import { defaultNamespace, namespaceProblems } from './namespace-rules.js';
import { prepareNode } from './node-rules.js';
import { defaultPod, podProblems, preparePod } from './pod-rules.js';
import { defineKind, fieldAt, fieldsAt, type KindEntry, KindRegistry } from './resource-kind.js';
import { defaultService, serviceProblems } from './service-rules.js';
import { type FieldProblem, invalidValue } from './status-error.js';
import { STORAGE_KINDS } from './storage-kinds.js';
import {
  defaultDaemonSet,
  defaultDeployment,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
  replicationControllerProblems,
  workloadProblems,
} from './workload-rules.js';

function leaseProblems(lease: KubeObject): FieldProblem[] {
  const seconds = recordAt(lease, 'spec').leaseDurationSeconds;
  return typeof seconds === 'number' && seconds <= 0
    ? [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
    : [];
}

const EVENT_REFERENCE_FIELDS = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
];

const aboutFields = (prefix: string) =>
  Object.fromEntries(
    EVENT_REFERENCE_FIELDS.map((field) => [`${prefix}.${field}`, fieldAt(`involvedObject.${field}`)]),
  );

const CORE: readonly KindEntry[] = [
  {
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
  },
  {
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    microTimes: ['eventTime', 'series.lastObservedTime'],
    fields: {
      ...aboutFields('involvedObject'),
      ...fieldsAt('reason', 'type', 'reportingComponent'),
      source: fieldAt('source.component'),
    },
    prepareCreate: prepareEvent,
    validate: coreEventProblems,
  },
  {
    kind: 'Namespace',
    plural: 'namespaces',
    shortNames: ['ns'],
    namespaced: false,
    hasStatus: true,
    returnsDeleted: true,
    fields: fieldsAt('status.phase'),
    applyDefaults: defaultNamespace,
    prepareCreate: startWith({ phase: 'Active' }),
    validate: namespaceProblems,
  },
  {
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    namespaced: false,
    hasStatus: true,
    keepsStatusOnCreate: true,
    fields: { 'spec.unschedulable': (node) => String(recordAt(node, 'spec').unschedulable === true) },
    prepareCreate: prepareNode,
  },
  {
    kind: 'Pod',
    plural: 'pods',
    shortNames: ['po'],
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    returnsDeleted: true,
    fields: fieldsAt(
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ),
    applyDefaults: defaultPod,
    prepareCreate: preparePod,
    validate: podProblems,
  },
  {
    kind: 'ReplicationController',
    plural: 'replicationcontrollers',
    shortNames: ['rc'],
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    hasScale: true,
    returnsDeleted: true,
    fields: fieldsAt('status.replicas'),
    applyDefaults: defaultReplicationController,
    prepareCreate: startWith({ replicas: 0 }),
    validate: replicationControllerProblems,
  },
  {
    kind: 'Secret',
    plural: 'secrets',
    fields: fieldsAt('type'),
    applyDefaults: (secret) => setDefaults(secret, { type: 'Opaque' }),
  },
  { kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] },
  {
    kind: 'Service',
    plural: 'services',
    shortNames: ['svc'],
    categories: ['all'],
    hasStatus: true,
    returnsDeleted: true,
    fields: fieldsAt('spec.clusterIP', 'spec.type'),
    applyDefaults: defaultService,
    prepareCreate: startWith({ loadBalancer: {} }),
    validate: serviceProblems,
  },
];

const APPS: readonly KindEntry[] = [
  {
    kind: 'DaemonSet',
    plural: 'daemonsets',
    shortNames: ['ds'],
    applyDefaults: defaultDaemonSet,
    prepareCreate: startWith({
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }),
  },
  {
    kind: 'Deployment',
    plural: 'deployments',
    shortNames: ['deploy'],
    hasScale: true,
    applyDefaults: defaultDeployment,
    prepareCreate: startWith({}),
  },
  {
    kind: 'ReplicaSet',
    plural: 'replicasets',
    shortNames: ['rs'],
    hasScale: true,
    fields: fieldsAt('status.replicas'),
    applyDefaults: defaultReplicaSet,
    prepareCreate: startWith({ replicas: 0 }),
  },
  {
    kind: 'StatefulSet',
    plural: 'statefulsets',
    shortNames: ['sts'],
    hasScale: true,
    applyDefaults: defaultStatefulSet,
    prepareCreate: startWith({ replicas: 0, availableReplicas: 0 }),
  },
].map((entry) => ({
  group: 'apps',
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  validate: workloadProblems,
  ...entry,
}));

const OTHERS: readonly KindEntry[] = [
  {
    group: 'coordination.k8s.io',
    kind: 'Lease',
    plural: 'leases',
    microTimes: ['spec.renewTime', 'spec.acquireTime'],
    allowsUnconditionalUpdate: false,
    validate: leaseProblems,
  },
  {
    group: 'events.k8s.io',
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    microTimes: ['eventTime', 'series.lastObservedTime'],
    fields: {
      ...aboutFields('regarding'),
      ...aboutFields('involvedObject'),
      ...fieldsAt('reason', 'type'),
      reportingController: fieldAt('reportingComponent'),
    },
    prepareCreate: prepareEvent,
    validate: eventProblems,
    toStored: eventToCore,
    fromStored: eventFromCore,
  },
  {
    group: 'policy',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    shortNames: ['pdb'],
    hasStatus: true,
    hasGeneration: true,
    allowsUnconditionalUpdate: false,
    applyDefaults: defaultDisruptionBudget,
    prepareCreate: startWith({
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
    }),
    validate: disruptionBudgetProblems,
  },
  {
    group: 'scheduling.k8s.io',
    kind: 'PriorityClass',
    plural: 'priorityclasses',
    shortNames: ['pc'],
    namespaced: false,
    hasGeneration: true,
    applyDefaults: (priority) =>
      setDefaults(priority, { value: 0, preemptionPolicy: 'PreemptLowerPriority' }),
  },
];

/** Every kind the embedded server keeps. To serve one more, add an entry. */
export function createKindRegistry(): KindRegistry {
  return new KindRegistry([...CORE, ...APPS, ...OTHERS, ...STORAGE_KINDS].map(defineKind));
}
