import type { ApiClient } from '../../controlplane/api-client.js';
import { nodeCores, nodeName } from './node-objects.js';
import { type PodShape, type Population, schedulerName } from './workload.js';

export const podsPath = '/api/v1/namespaces/default/pods';

export interface PodObject {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

export function podObject(name: string, shape: PodShape): PodObject {
  const { labels, requests = {}, spec = {} } = shape;
  const image = 'registry.k8s.io/pause:3.10';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      schedulerName,
      // No kubelet is there to end it: whoever deletes a pod does it alone.
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, resources: { requests } }],
      ...spec,
    },
  };
}

/** Pods that are on the nodes already: they were bound when they were created. */
export function* boundPodObjects({ nodes, bound }: Population): Generator<PodObject> {
  if (bound === undefined) return;
  const requests =
    bound.kind === 'victim'
      ? { cpu: String(nodeCores / bound.perNode), memory: '512Mi' }
      : { cpu: '200m', memory: '256Mi' };
  for (let index = 0; index < nodes * bound.perNode; index += 1) {
    yield podObject(`bound-${index}`, {
      labels: { app: `app-${index % 50}` },
      requests,
      spec: { nodeName: nodeName(index % nodes) },
    });
  }
}

/** Creates objects, `inFlight` of them at once, in about the order given. */
export async function createAll(
  api: ApiClient,
  path: string,
  objects: Iterable<object>,
  { inFlight = 24, signal }: { readonly inFlight?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const waiting = objects[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      signal?.throwIfAborted();
      await api.create(path, next.value);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
