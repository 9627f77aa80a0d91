import {
  type ClusterController,
  type ControllerOptions,
  ignoreVanished,
  kindOf,
} from './cluster-controller.js';
import { numberAt, recordAt, stringAt, stringMapAt } from './json-value.js';
import { type KubeObject, objectKey } from './kube-object.js';
import { controllerName, controllerReference, controllerUid } from './owner-reference.js';
import { isPodReady } from './pod-condition.js';
import { ReconcileQueue } from './reconcile-queue.js';

/** Pods made in one go; the rest follow when these are seen, and everybody else gets a turn in between. */
const BURST = 500;

const phaseOf = (pod: KubeObject): string => stringAt(pod.status, 'phase');

/** Pods that go first when there are too many: unassigned, then not ready, then the youngest. */
function bySurplus(left: KubeObject, right: KubeObject): number {
  const rank = (pod: KubeObject): number =>
    (stringAt(pod.spec, 'nodeName') === '' ? 0 : 2) + (isPodReady(pod) ? 1 : 0);
  const byAge =
    Date.parse(right.metadata.creationTimestamp ?? '') - Date.parse(left.metadata.creationTimestamp ?? '');
  return rank(left) - rank(right) || byAge || (left.metadata.name < right.metadata.name ? 1 : -1);
}

function podOf(replicaSet: KubeObject): KubeObject {
  const template = recordAt(recordAt(replicaSet, 'spec'), 'template');
  const metadata = recordAt(template, 'metadata');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: `${replicaSet.metadata.name}-`,
      labels: stringMapAt(metadata, 'labels'),
      annotations: stringMapAt(metadata, 'annotations'),
      ownerReferences: [controllerReference(replicaSet)],
    },
    spec: structuredClone(recordAt(template, 'spec')),
  };
}

/** Keeps as many pods as a ReplicaSet asks for, and its status in step. */
export function startReplicaSetController({ api, onError }: ControllerOptions): ClusterController {
  const replicaSets = kindOf(api, 'apps/v1', 'replicasets');
  const pods = kindOf(api, 'v1', 'pods');

  const reconcile = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    const replicaSet = api.store.get(replicaSets.bucket, namespace, name);
    if (replicaSet === undefined || replicaSet.metadata.deletionTimestamp !== undefined) return;
    const uid = replicaSet.metadata.uid ?? '';
    const active = api.store.list(pods.bucket, namespace).filter((pod) => {
      const isOver = phaseOf(pod) === 'Succeeded' || phaseOf(pod) === 'Failed';
      return controllerUid(pod) === uid && !isOver && pod.metadata.deletionTimestamp === undefined;
    });
    const missing = numberAt(replicaSet.spec, 'replicas') - active.length;
    const made = Math.min(Math.max(0, missing), BURST);
    for (let count = 0; count < made; count += 1) api.create(pods, namespace, podOf(replicaSet));
    const surplus = [...active].sort(bySurplus).slice(0, Math.max(0, -missing));
    for (const pod of surplus) ignoreVanished(() => api.delete(pods, namespace, pod.metadata.name));
    updateStatus(
      replicaSet,
      active.length + made - surplus.length,
      active.filter((pod) => !surplus.includes(pod)),
    );
  };

  const updateStatus = (replicaSet: KubeObject, replicas: number, active: readonly KubeObject[]): void => {
    const ready = active.filter(isPodReady).length;
    const status = {
      replicas,
      fullyLabeledReplicas: replicas,
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: replicaSet.metadata.generation,
    };
    const { namespace, name } = replicaSet.metadata;
    ignoreVanished(() => api.modify(replicaSets, namespace, name, (current) => ({ ...current, status })));
  };

  const queue = new ReconcileQueue(reconcile, onError);
  const unsubscribe = api.store.subscribe(({ bucket, object }) => {
    const { namespace, name } = object.metadata;
    if (bucket === replicaSets.bucket) queue.add(objectKey(namespace, name));
    if (bucket !== pods.bucket) return;
    const owner = controllerName(object, 'ReplicaSet');
    if (owner !== '') queue.add(objectKey(namespace, owner));
  });
  for (const { metadata } of api.store.list(replicaSets.bucket)) {
    queue.add(objectKey(metadata.namespace, metadata.name));
  }
  return {
    stop: () => {
      unsubscribe();
      queue.stop();
    },
  };
}
