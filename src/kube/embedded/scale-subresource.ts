import { isRecord, type JsonRecord, numberAt, recordAt, stringAt } from './json-value.js';
import { formatLabelSelector } from './label-query.js';
import { type PatchType, patchObject } from './patch-object.js';
import type { ResourceApi } from './resource-api.js';
import type { ResourceKind } from './resource-kind.js';
import { badRequest } from './status-error.js';

function selectorText(selector: unknown): string {
  // A ReplicationController's selector is a plain map.
  const isPlainMap =
    isRecord(selector) && Object.values(selector).every((value) => typeof value === 'string');
  return formatLabelSelector(isPlainMap ? { matchLabels: selector } : selector);
}

/** The `scale` subresource of a workload, as autoscaling/v1 Scale. */
export function readScale(api: ResourceApi, kind: ResourceKind, namespace: string, name: string): JsonRecord {
  const object = api.get(kind, namespace, name);
  const { uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = recordAt(object, 'spec');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(spec, 'replicas') },
    status: { replicas: numberAt(object.status, 'replicas'), selector: selectorText(spec.selector) },
  };
}

export function writeScale(
  api: ResourceApi,
  kind: ResourceKind,
  namespace: string,
  name: string,
  scale: unknown,
): JsonRecord {
  const replicas = recordAt(scale, 'spec').replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest('spec.replicas of a Scale must be a whole number');
  }
  const resourceVersion = stringAt(recordAt(scale, 'metadata'), 'resourceVersion');
  const metadata = resourceVersion === '' ? {} : { metadata: { resourceVersion } };
  api.patch(kind, namespace, name, 'merge', { ...metadata, spec: { replicas } });
  return readScale(api, kind, namespace, name);
}

export function patchScale(
  api: ResourceApi,
  kind: ResourceKind,
  namespace: string,
  name: string,
  type: PatchType,
  patch: unknown,
): JsonRecord {
  const { metadata, ...scale } = readScale(api, kind, namespace, name);
  const { resourceVersion: _latest, ...identity } = recordAt({ metadata }, 'metadata');
  return writeScale(api, kind, namespace, name, patchObject({ ...scale, metadata: identity }, type, patch));
}
