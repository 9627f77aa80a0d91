import { isRecord, numberAt, recordAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { formatLabelSelector } from './label-query.js';
import { AGE_COLUMN, type Column, column, mapText, NAME_COLUMN, wideColumn } from './table-column.js';

const statusNumber = (field: string) => (object: KubeObject) => numberAt(object.status, field);
const specNumber = (field: string) => (object: KubeObject) => numberAt(object.spec, field);

const templateTexts =
  (field: string) =>
  (object: KubeObject): string =>
    recordsAt(recordAt(recordAt(recordAt(object, 'spec'), 'template'), 'spec'), 'containers')
      .map((container) => stringAt(container, field))
      .join(',');

const TEMPLATE_COLUMNS = [
  wideColumn('Containers', templateTexts('name')),
  wideColumn('Images', templateTexts('image')),
];

const SELECTOR_COLUMN = wideColumn('Selector', (object) =>
  formatLabelSelector(recordAt(object, 'spec').selector),
);

const readyOf = (object: KubeObject): string =>
  `${numberAt(object.status, 'readyReplicas')}/${numberAt(object.spec, 'replicas')}`;

const REPLICA_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Desired', specNumber('replicas'), 'integer'),
  column('Current', statusNumber('replicas'), 'integer'),
  column('Ready', statusNumber('readyReplicas'), 'integer'),
  AGE_COLUMN,
  ...TEMPLATE_COLUMNS,
];

/** The selector of a ReplicationController is a plain map. */
const PLAIN_SELECTOR_COLUMN = wideColumn('Selector', (object) => mapText(recordAt(object, 'spec').selector));

const orNotApplicable = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : 'N/A';

const specText = (field: string) => (object: KubeObject) => stringAt(object.spec, field);
const statusText = (field: string) => (object: KubeObject) => stringAt(object.status, field);
const countOf = (value: unknown): number => (isRecord(value) ? Object.keys(value).length : 0);

/** Columns of the kinds that have any beyond name and age, by `plural.group`; as the real server defines them. */
export const WORKLOAD_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  'deployments.apps': [
    NAME_COLUMN,
    column('Ready', readyOf),
    column('Up-to-date', statusNumber('updatedReplicas')),
    column('Available', statusNumber('availableReplicas')),
    AGE_COLUMN,
    ...TEMPLATE_COLUMNS,
    SELECTOR_COLUMN,
  ],
  'replicasets.apps': [...REPLICA_COLUMNS, SELECTOR_COLUMN],
  'replicationcontrollers.': [...REPLICA_COLUMNS, PLAIN_SELECTOR_COLUMN],
  'statefulsets.apps': [NAME_COLUMN, column('Ready', readyOf), AGE_COLUMN, ...TEMPLATE_COLUMNS],
  'daemonsets.apps': [
    NAME_COLUMN,
    column('Desired', statusNumber('desiredNumberScheduled'), 'integer'),
    column('Current', statusNumber('currentNumberScheduled'), 'integer'),
    column('Ready', statusNumber('numberReady'), 'integer'),
    column('Up-to-date', statusNumber('updatedNumberScheduled'), 'integer'),
    column('Available', statusNumber('numberAvailable'), 'integer'),
    column('Node Selector', (object) =>
      mapText(recordAt(recordAt(recordAt(object, 'spec'), 'template'), 'spec').nodeSelector),
    ),
    AGE_COLUMN,
    ...TEMPLATE_COLUMNS,
    SELECTOR_COLUMN,
  ],
  'namespaces.': [NAME_COLUMN, column('Status', statusText('phase')), AGE_COLUMN],
  'configmaps.': [
    NAME_COLUMN,
    column('Data', (object) => countOf(object.data) + countOf(object.binaryData)),
    AGE_COLUMN,
  ],
  'secrets.': [
    NAME_COLUMN,
    column('Type', (object) => stringAt(object, 'type')),
    column('Data', (object) => countOf(object.data)),
    AGE_COLUMN,
  ],
  'leases.coordination.k8s.io': [NAME_COLUMN, column('Holder', specText('holderIdentity')), AGE_COLUMN],
  'poddisruptionbudgets.policy': [
    NAME_COLUMN,
    column('Min Available', (object) => orNotApplicable(recordAt(object, 'spec').minAvailable)),
    column('Max Unavailable', (object) => orNotApplicable(recordAt(object, 'spec').maxUnavailable)),
    column('Allowed Disruptions', statusNumber('disruptionsAllowed'), 'integer'),
    AGE_COLUMN,
  ],
  'priorityclasses.scheduling.k8s.io': [
    NAME_COLUMN,
    column('Value', (object) => numberAt(object, 'value'), 'integer'),
    column('Global-Default', (object) => object.globalDefault === true),
    AGE_COLUMN,
    column('PreemptionPolicy', (object) => stringAt(object, 'preemptionPolicy')),
  ],
};
