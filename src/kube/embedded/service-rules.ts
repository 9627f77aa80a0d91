import { createHash } from 'node:crypto';
import { choiceProblems } from './field-rules.js';
import {
  ensureRecord,
  isRecord,
  type JsonRecord,
  recordAt,
  recordsAt,
  setDefaults,
  stringAt,
} from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type FieldProblem, invalidValue, required } from './status-error.js';

const FIRST_NODE_PORT = 30_000;
const NODE_PORTS = 2_768;

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Nothing answers there; the same Service gets the same address whenever its defaults are filled in. */
function serviceAddress({ metadata: { namespace, name } }: KubeObject): string {
  const [third = 0, fourth = 0] = digestOf(`${namespace}/${name}`);
  return `10.96.${third}.${fourth}`;
}

function nodePort({ metadata: { namespace, name } }: KubeObject, port: JsonRecord): number {
  const digest = digestOf(`${namespace}/${name}/${String(port.port)}/${String(port.protocol)}`);
  return FIRST_NODE_PORT + (digest.readUInt16BE(0) % NODE_PORTS);
}

const isHeadless = (spec: JsonRecord): boolean => spec.clusterIP === 'None';

function defaultAddresses(service: KubeObject, spec: JsonRecord, current: JsonRecord): void {
  setDefaults(spec, { clusterIP: current.clusterIP ?? serviceAddress(service) });
  // Without a selector somebody else writes the endpoints, of whichever family.
  const isOpen = isHeadless(spec) && Object.keys(recordAt(spec, 'selector')).length === 0;
  setDefaults(spec, {
    clusterIPs: [spec.clusterIP],
    ipFamilies: isOpen ? ['IPv4', 'IPv6'] : ['IPv4'],
    ipFamilyPolicy: isOpen ? 'RequireDualStack' : 'SingleStack',
    internalTrafficPolicy: 'Cluster',
  });
}

/** An ExternalName has no address of its own. */
const ADDRESS_FIELDS = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'];

export function defaultService(service: KubeObject, current?: KubeObject): void {
  const spec = ensureRecord(service, 'spec');
  setDefaults(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
  for (const port of recordsAt(spec, 'ports')) {
    setDefaults(port, { protocol: 'TCP', targetPort: port.port });
  }
  if (spec.type === 'ExternalName') {
    for (const field of ADDRESS_FIELDS) delete spec[field];
    return;
  }
  defaultAddresses(service, spec, recordAt(current, 'spec'));
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
  setDefaults(spec, { externalTrafficPolicy: 'Cluster' });
  if (spec.type === 'LoadBalancer') setDefaults(spec, { allocateLoadBalancerNodePorts: true });
  for (const port of recordsAt(spec, 'ports')) setDefaults(port, { nodePort: nodePort(service, port) });
}

const isPort = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;

function portProblems(spec: JsonRecord): FieldProblem[] {
  const ports = recordsAt(spec, 'ports');
  if (ports.length === 0) {
    return isHeadless(spec) || spec.type === 'ExternalName' ? [] : [required('spec.ports')];
  }
  return ports.flatMap((port, index) => {
    const place = `spec.ports[${index}]`;
    const numbers = ['port', 'targetPort'].filter(
      (field) => !isPort(port[field]) && !(field === 'targetPort' && typeof port[field] === 'string'),
    );
    return [
      ...(ports.length > 1 && stringAt(port, 'name') === '' ? [required(`${place}.name`)] : []),
      ...numbers.map((field) =>
        invalidValue(`${place}.${field}`, port[field] ?? 0, 'must be between 1 and 65535, inclusive'),
      ),
      ...choiceProblems(`${place}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ];
  });
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function serviceProblems(service: KubeObject, current: KubeObject | undefined): FieldProblem[] {
  const spec = recordAt(service, 'spec');
  const before = recordAt(current, 'spec').clusterIP;
  const hasMoved = isRecord(current) && typeof before === 'string' && spec.type !== 'ExternalName';
  return [
    ...portProblems(spec),
    ...(spec.type === 'ExternalName' && stringAt(spec, 'externalName') === ''
      ? [required('spec.externalName')]
      : []),
    ...choiceProblems('spec.type', spec.type, TYPES),
    ...(hasMoved && spec.clusterIP !== before
      ? [invalidValue('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set')]
      : []),
  ];
}
