import { type JsonRecord, recordAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { AGE_COLUMN, type Column, column, mapText, NAME_COLUMN, wideColumn } from './table-column.js';

function portText(port: JsonRecord): string {
  const nodePort = typeof port.nodePort === 'number' ? `:${port.nodePort}` : '';
  return `${String(port.port)}${nodePort}/${stringAt(port, 'protocol') || 'TCP'}`;
}

const portsText = (service: KubeObject): string =>
  recordsAt(service.spec, 'ports').map(portText).join(',') || '<none>';

function externalText({ spec, status }: KubeObject): string {
  switch (stringAt(spec, 'type')) {
    case 'ExternalName':
      return stringAt(spec, 'externalName');
    case 'LoadBalancer': {
      const ingress = recordsAt(recordAt(recordAt({ status }, 'status'), 'loadBalancer'), 'ingress');
      return (
        ingress.map((point) => stringAt(point, 'ip') || stringAt(point, 'hostname')).join(',') || '<pending>'
      );
    }
    default:
      return '<none>';
  }
}

export const SERVICE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Type', (service) => stringAt(service.spec, 'type')),
  column('Cluster-IP', (service) => stringAt(service.spec, 'clusterIP') || '<none>'),
  column('External-IP', externalText),
  column('Port(s)', portsText),
  AGE_COLUMN,
  wideColumn('Selector', (service) => mapText(recordAt(service, 'spec').selector)),
];
