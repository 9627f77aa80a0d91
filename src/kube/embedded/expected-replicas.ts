import type { ExpectedReplicas } from './disruption-status.js';
import { numberAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import type { ObjectStore } from './object-store.js';

/** Buckets of the controllers that say how many pods they want, by `apiVersion kind` of a reference. */
const SCALED: Readonly<Record<string, string>> = {
  'v1 ReplicationController': 'replicationcontrollers',
  'apps/v1 Deployment': 'deployments',
  'apps/v1 ReplicaSet': 'replicasets',
  'apps/v1 StatefulSet': 'statefulsets',
};

/** The controller of an object: undefined without one, null when it is not one that is found here. */
function controllerOf(store: ObjectStore, object: KubeObject): KubeObject | null | undefined {
  const reference = recordsAt(object.metadata, 'ownerReferences').find((owner) => owner.controller === true);
  if (reference === undefined) return undefined;
  const bucket = SCALED[`${stringAt(reference, 'apiVersion')} ${stringAt(reference, 'kind')}`];
  const found =
    bucket === undefined
      ? undefined
      : store.get(bucket, object.metadata.namespace, stringAt(reference, 'name'));
  return found?.metadata.uid === reference.uid ? (found ?? null) : null;
}

/** A ReplicaSet of a Deployment is only a part of it: the Deployment says how many pods there are to be. */
function scaledOwner(store: ObjectStore, pod: KubeObject): KubeObject | null | undefined {
  const owner = controllerOf(store, pod);
  return owner ? (controllerOf(store, owner) ?? owner) : owner;
}

/** How many pods the controllers of these pods want, each controller counted once. Pods without one count for nothing. */
export function expectedReplicas(store: ObjectStore, pods: readonly KubeObject[]): ExpectedReplicas {
  const replicas = new Map<string, number>();
  for (const pod of pods) {
    const owner = scaledOwner(store, pod);
    if (owner === undefined) continue;
    if (owner === null) {
      return { kind: 'unknown', problem: `found no controllers for pod "${pod.metadata.name}"` };
    }
    replicas.set(owner.metadata.uid ?? '', numberAt(owner.spec, 'replicas'));
  }
  return { kind: 'known', replicas: [...replicas.values()].reduce((sum, wanted) => sum + wanted, 0) };
}
