import { ensureRecord, isRecord, setDefaults } from './json-value.js';
import type { KubeObject } from './kube-object.js';

export function prepareNode(node: KubeObject): void {
  ensureRecord(node, 'spec');
  const status = ensureRecord(node, 'status');
  if (isRecord(status.capacity)) setDefaults(status, { allocatable: status.capacity });
  setDefaults(status, { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: {} });
}
