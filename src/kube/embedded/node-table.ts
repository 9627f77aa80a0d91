import { recordAt, recordsAt, stringAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { AGE_COLUMN, type Column, column, NAME_COLUMN, wideColumn } from './table-column.js';

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function statusText(node: KubeObject): string {
  const ready = recordsAt(node.status, 'conditions').find((condition) => condition.type === 'Ready');
  const text = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return recordAt(node, 'spec').unschedulable === true ? `${text},SchedulingDisabled` : text;
}

function rolesText(node: KubeObject): string {
  const labels = stringMapAt(node.metadata, 'labels');
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length)
      return [key.slice(ROLE_PREFIX.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return roles.length === 0 ? '<none>' : [...new Set(roles)].sort().join(',');
}

const addressText = (node: KubeObject, type: string): string =>
  stringAt(
    recordsAt(node.status, 'addresses').find((address) => address.type === type),
    'address',
  ) || '<none>';

const infoText = (node: KubeObject, field: string): string =>
  stringAt(recordAt(recordAt(node, 'status'), 'nodeInfo'), field);

export const NODE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Status', statusText),
  column('Roles', rolesText),
  AGE_COLUMN,
  column('Version', (node) => infoText(node, 'kubeletVersion')),
  wideColumn('Internal-IP', (node) => addressText(node, 'InternalIP')),
  wideColumn('External-IP', (node) => addressText(node, 'ExternalIP')),
  wideColumn('OS-Image', (node) => infoText(node, 'osImage') || '<unknown>'),
  wideColumn('Kernel-Version', (node) => infoText(node, 'kernelVersion') || '<unknown>'),
  wideColumn('Container-Runtime', (node) => infoText(node, 'containerRuntimeVersion') || '<unknown>'),
];
