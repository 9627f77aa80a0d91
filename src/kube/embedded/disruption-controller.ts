import {
  type ClusterController,
  type ControllerOptions,
  ignoreVanished,
  kindOf,
} from './cluster-controller.js';
import { budgetInStep, matcherOfBudget } from './disruption-status.js';
import { expectedReplicas } from './expected-replicas.js';
import { stringMapAt } from './json-value.js';
import { type KubeObject, objectKey } from './kube-object.js';
import type { Change } from './object-store.js';
import { ReconcileQueue } from './reconcile-queue.js';

const WORKLOADS = new Set(['deployments', 'replicasets', 'replicationcontrollers', 'statefulsets']);

const labelsOf = (object: KubeObject): Record<string, string> => stringMapAt(object.metadata, 'labels');

/** Keeps the status of PodDisruptionBudgets: how many pods there are, how many there must be, how many may go. */
export function startDisruptionController({ api, onError }: ControllerOptions): ClusterController {
  const budgets = kindOf(api, 'policy/v1', 'poddisruptionbudgets');
  const pods = kindOf(api, 'v1', 'pods');

  const reconcile = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    const budget = api.store.get(budgets.bucket, namespace, name);
    if (budget === undefined) return;
    const selects = matcherOfBudget(budget);
    const selected = api.store.list(pods.bucket, namespace).filter((pod) => selects(labelsOf(pod)));
    const facts = {
      pods: selected,
      expectedReplicas: () => expectedReplicas(api.store, selected),
      nowMs: api.clock.now(),
    };
    ignoreVanished(() =>
      api.modify(budgets, namespace, name, (current) => budgetInStep(current, facts, api.now())),
    );
  };

  const queue = new ReconcileQueue(reconcile, onError);
  const add = ({ metadata }: KubeObject): void => queue.add(objectKey(metadata.namespace, metadata.name));

  /** A pod concerns the budgets that select it now or did before. */
  const lookAtPod = ({ object, previous }: Change): void => {
    for (const budget of api.store.list(budgets.bucket, object.metadata.namespace)) {
      const selects = matcherOfBudget(budget);
      if (selects(labelsOf(object)) || (previous !== undefined && selects(labelsOf(previous)))) add(budget);
    }
  };

  const unsubscribe = api.store.subscribe((change) => {
    const { bucket, type, object } = change;
    if (bucket === pods.bucket) lookAtPod(change);
    else if (bucket === budgets.bucket && type !== 'DELETED') add(object);
    else if (WORKLOADS.has(bucket)) api.store.list(budgets.bucket, object.metadata.namespace).forEach(add);
  });
  api.store.list(budgets.bucket).forEach(add);
  return {
    stop: () => {
      unsubscribe();
      queue.stop();
    },
  };
}
