import { type ClusterController, type ControllerOptions, ignoreVanished } from './cluster-controller.js';
import { recordsAt, stringAt } from './json-value.js';
import { ReconcileQueue } from './reconcile-queue.js';

/** Deletes what belonged to an object that is gone: the ReplicaSets of a Deployment, the pods of a ReplicaSet. */
export function startGarbageCollector({ api, onError }: ControllerOptions): ClusterController {
  // Events have no owners, and two kinds share them.
  const kinds = api.registry.kinds.filter((kind) => kind.namespaced && kind.bucket !== 'events');

  const collect = (uid: string): void => {
    for (const kind of kinds) {
      for (const object of api.store.list(kind.bucket)) {
        const { namespace, name } = object.metadata;
        const owners = recordsAt(object.metadata, 'ownerReferences');
        if (!owners.some((owner) => stringAt(owner, 'uid') === uid)) continue;
        ignoreVanished(() => api.delete(kind, namespace, name));
      }
    }
  };

  const queue = new ReconcileQueue(collect, onError);
  const owners = new Set([
    'deployments',
    'replicasets',
    'statefulsets',
    'daemonsets',
    'replicationcontrollers',
  ]);
  const unsubscribe = api.store.subscribe((change) => {
    const { uid } = change.object.metadata;
    if (change.type === 'DELETED' && owners.has(change.bucket) && uid !== undefined) queue.add(uid);
  });
  return {
    stop: () => {
      unsubscribe();
      queue.stop();
    },
  };
}
