import { isRecord, numberAt, recordAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { formatLabelSelector } from './label-query.js';
import { AGE_COLUMN, type Cell, type Column, column, NAME_COLUMN, wideColumn } from './table-column.js';

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
  SELECTOR_COLUMN,
];

function mapText(value: unknown): string {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return entries.length === 0 ? '<none>' : entries.map(([key, text]) => `${key}=${text}`).join(',');
}

const orDefault = (value: unknown, fallback: string): Cell =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : fallback;

const listText = (value: unknown): string => (Array.isArray(value) ? value.join(',') : '');

const SHORT_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(spec: unknown): string {
  const modes = isRecord(spec) && Array.isArray(spec.accessModes) ? spec.accessModes : [];
  return modes.map((mode) => SHORT_MODES[String(mode)] ?? String(mode)).join(',');
}

const specText = (field: string) => (object: KubeObject) => stringAt(object.spec, field);
const statusText = (field: string) => (object: KubeObject) => stringAt(object.status, field);
const storageOf = (holder: unknown): string => stringAt(recordAt(holder, 'capacity'), 'storage');
const countOf = (value: unknown): number => (isRecord(value) ? Object.keys(value).length : 0);

function servicePorts(service: KubeObject): string {
  const texts = recordsAt(service.spec, 'ports').map(
    (port) => `${port.port}/${orDefault(port.protocol, 'TCP')}`,
  );
  return texts.join(',') || '<none>';
}

function claimText(volume: KubeObject): string {
  const claim = recordAt(recordAt(volume, 'spec'), 'claimRef');
  return claim.name === undefined ? '' : `${stringAt(claim, 'namespace')}/${stringAt(claim, 'name')}`;
}

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
  'replicasets.apps': REPLICA_COLUMNS,
  'replicationcontrollers.': REPLICA_COLUMNS,
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
  'services.': [
    NAME_COLUMN,
    column('Type', specText('type')),
    column('Cluster-IP', specText('clusterIP')),
    column('External-IP', () => '<none>'),
    column('Port(s)', servicePorts),
    AGE_COLUMN,
    wideColumn('Selector', (object) => mapText(recordAt(object, 'spec').selector)),
  ],
  'persistentvolumes.': [
    NAME_COLUMN,
    column('Capacity', (object) => storageOf(object.spec)),
    column('Access Modes', (object) => accessModes(object.spec)),
    column('Reclaim Policy', specText('persistentVolumeReclaimPolicy')),
    column('Status', statusText('phase')),
    column('Claim', claimText),
    column('StorageClass', specText('storageClassName')),
    column('VolumeAttributesClass', (object) => specText('volumeAttributesClassName')(object) || '<unset>'),
    column('Reason', statusText('reason')),
    AGE_COLUMN,
    wideColumn('VolumeMode', specText('volumeMode')),
  ],
  'persistentvolumeclaims.': [
    NAME_COLUMN,
    column('Status', statusText('phase')),
    column('Volume', specText('volumeName')),
    column('Capacity', (object) => storageOf(object.status)),
    column('Access Modes', (object) => accessModes(object.status)),
    column('StorageClass', specText('storageClassName')),
    column('VolumeAttributesClass', (object) => specText('volumeAttributesClassName')(object) || '<unset>'),
    AGE_COLUMN,
    wideColumn('VolumeMode', specText('volumeMode')),
  ],
  'leases.coordination.k8s.io': [NAME_COLUMN, column('Holder', specText('holderIdentity')), AGE_COLUMN],
  'poddisruptionbudgets.policy': [
    NAME_COLUMN,
    column('Min Available', (object) => orDefault(recordAt(object, 'spec').minAvailable, 'N/A')),
    column('Max Unavailable', (object) => orDefault(recordAt(object, 'spec').maxUnavailable, 'N/A')),
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
  'storageclasses.storage.k8s.io': [
    NAME_COLUMN,
    column('Provisioner', (object) => stringAt(object, 'provisioner')),
    column('ReclaimPolicy', (object) => stringAt(object, 'reclaimPolicy')),
    column('VolumeBindingMode', (object) => stringAt(object, 'volumeBindingMode')),
    column('AllowVolumeExpansion', (object) => object.allowVolumeExpansion === true),
    AGE_COLUMN,
  ],
  'csinodes.storage.k8s.io': [
    NAME_COLUMN,
    column('Drivers', (object) => recordsAt(object.spec, 'drivers').length, 'integer'),
    AGE_COLUMN,
  ],
  'csidrivers.storage.k8s.io': [
    NAME_COLUMN,
    column('AttachRequired', (object) => recordAt(object, 'spec').attachRequired === true, 'boolean'),
    column('StorageCapacity', (object) => recordAt(object, 'spec').storageCapacity === true, 'boolean'),
    column('Modes', (object) => listText(recordAt(object, 'spec').volumeLifecycleModes)),
    AGE_COLUMN,
  ],
  'volumeattachments.storage.k8s.io': [
    NAME_COLUMN,
    column('Attacher', specText('attacher')),
    column('PV', (object) => stringAt(recordAt(recordAt(object, 'spec'), 'source'), 'persistentVolumeName')),
    column('Node', specText('nodeName')),
    column('Attached', (object) => recordAt(object, 'status').attached === true, 'boolean'),
    AGE_COLUMN,
  ],
};
