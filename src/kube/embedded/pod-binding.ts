import { isRecord, recordAt, recordsAt, stringAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { statusWithCondition } from './pod-condition.js';
import type { ResourceApi } from './resource-api.js';
import type { ResourceKind } from './resource-kind.js';
import { badRequest, conflict, StatusError } from './status-error.js';

function checkTarget(binding: unknown, name: string): string {
  if (!isRecord(binding)) throw badRequest('the body of a binding must be an object of kind Binding');
  const given = stringAt(recordAt(binding, 'metadata'), 'name');
  if (given !== '' && given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
  const target = recordAt(binding, 'target');
  const targetKind = stringAt(target, 'kind');
  if (targetKind !== '' && targetKind !== 'Node') {
    throw new StatusError(500, undefined, 'target.kind: Unsupported value: must be empty, or "Node"');
  }
  const node = stringAt(target, 'name');
  if (node === '') throw new StatusError(500, undefined, 'target.name: Required value');
  return node;
}

function checkIdentity(pod: KubeObject, binding: unknown): void {
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  const given = recordAt(binding, 'metadata');
  const mismatch = [
    ['UID', stringAt(given, 'uid'), uid ?? ''],
    ['ResourceVersion', stringAt(given, 'resourceVersion'), resourceVersion ?? ''],
  ].find(([, wanted, actual]) => wanted !== '' && wanted !== actual);
  if (mismatch === undefined) return;
  const [what, wanted, actual] = mismatch;
  throw conflict(
    'pods',
    '',
    name,
    `StorageError: invalid object, Code: 4, Key: /registry/pods/${namespace}/${name}, ResourceVersion: 0, ` +
      `AdditionalErrorMsg: Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`,
  );
}

function checkBindable(pod: KubeObject): void {
  const { name, deletionTimestamp } = pod.metadata;
  const refuse = (message: string): Error => conflict('pods/binding', '', name, message);
  if (deletionTimestamp !== undefined) {
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const node = stringAt(recordAt(pod, 'spec'), 'nodeName');
  if (node !== '') throw refuse(`pod ${name} is already assigned to node "${node}"`);
  if (recordsAt(pod.spec, 'schedulingGates').length > 0) {
    throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  }
}

/** Labels and annotations of a Binding become the pod's. */
function boundMetadata(pod: KubeObject, binding: unknown): KubeObject['metadata'] {
  const given = recordAt(binding, 'metadata');
  const metadata = { ...pod.metadata };
  for (const field of ['labels', 'annotations'] as const) {
    const added = stringMapAt(given, field);
    if (Object.keys(added).length > 0) metadata[field] = { ...metadata[field], ...added };
  }
  return metadata;
}

/**
 * The `pods/binding` subresource. The node need not exist: the real server does not look either.
 *
 * @throws 404 without such a pod; 409 for another UID, a pod that is bound, going, or gated.
 */
export function bindPod(
  api: ResourceApi,
  kind: ResourceKind,
  namespace: string,
  name: string,
  binding: unknown,
  options: { readonly dryRun?: boolean } = {},
): void {
  const node = checkTarget(binding, name);
  const pod = api.get(kind, namespace, name);
  checkIdentity(pod, binding);
  checkBindable(pod);
  if (options.dryRun) return;
  api.modify(kind, namespace, name, (current) => {
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: api.now(),
    };
    const { nominatedNodeName: _cleared, ...status } = statusWithCondition(current, scheduled);
    return {
      ...current,
      metadata: boundMetadata(current, binding),
      spec: { ...recordAt(current, 'spec'), nodeName: node },
      status,
    };
  });
}
