import { createHash } from 'node:crypto';
import { ensureRecord, isRecord, recordsAt, setDefaults } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import type { AdmissionContext } from './resource-kind.js';

export function prepareNode(node: KubeObject): void {
  ensureRecord(node, 'spec');
  const status = ensureRecord(node, 'status');
  if (isRecord(status.capacity)) setDefaults(status, { allocatable: status.capacity });
  setDefaults(status, { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: {} });
}

export function prepareNamespace(namespace: KubeObject): void {
  namespace.metadata.labels = {
    ...namespace.metadata.labels,
    'kubernetes.io/metadata.name': namespace.metadata.name,
  };
  ensureRecord(namespace, 'spec').finalizers ??= ['kubernetes'];
  namespace.status ??= { phase: 'Active' };
}

/** Nothing answers there; the same Service gets the same address whenever its defaults are filled in. */
function serviceAddress({ metadata: { namespace, name } }: KubeObject): string {
  const [third = 0, fourth = 0] = createHash('sha256').update(`${namespace}/${name}`).digest();
  return `10.96.${third}.${fourth}`;
}

export function defaultService(service: KubeObject): void {
  const spec = ensureRecord(service, 'spec');
  setDefaults(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
  if (spec.type !== 'ExternalName') setDefaults(spec, { clusterIP: serviceAddress(service) });
  for (const port of recordsAt(spec, 'ports')) {
    setDefaults(port, { protocol: 'TCP', targetPort: port.port });
  }
}

export function defaultPersistentVolume(volume: KubeObject): void {
  setDefaults(ensureRecord(volume, 'spec'), {
    persistentVolumeReclaimPolicy: 'Retain',
    volumeMode: 'Filesystem',
  });
}

export function preparePersistentVolume(volume: KubeObject, context: AdmissionContext): void {
  volume.status ??= { phase: 'Pending', lastPhaseTransitionTime: context.now() };
}

export function defaultPersistentVolumeClaim(claim: KubeObject): void {
  setDefaults(ensureRecord(claim, 'spec'), { volumeMode: 'Filesystem' });
}
