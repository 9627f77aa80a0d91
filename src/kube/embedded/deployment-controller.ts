import { createHash } from 'node:crypto';
import {
  type ClusterController,
  type ControllerOptions,
  ignoreVanished,
  kindOf,
} from './cluster-controller.js';
import { type JsonRecord, numberAt, recordAt, recordsAt, stringMapAt } from './json-value.js';
import { type KubeObject, objectKey } from './kube-object.js';
import { controllerName, controllerReference, controllerUid } from './owner-reference.js';
import { ReconcileQueue } from './reconcile-queue.js';

const HASH_LABEL = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';

/** No vowels, no look-alikes: a hash never spells a word. */
const HASH_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** The same template gives the same suffix, so that a ReplicaSet is found again. */
function templateHash(template: JsonRecord): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => HASH_LETTERS[byte % HASH_LETTERS.length]).join('');
}

function replicaSetOf(deployment: KubeObject, hash: string, revision: number): KubeObject {
  const spec = recordAt(deployment, 'spec');
  const template = recordAt(spec, 'template');
  const metadata = recordAt(template, 'metadata');
  const labels = { ...stringMapAt(metadata, 'labels'), [HASH_LABEL]: hash };
  const selector = recordAt(spec, 'selector');
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      labels,
      annotations: { [REVISION]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: numberAt(spec, 'replicas'),
      selector: { ...selector, matchLabels: { ...stringMapAt(selector, 'matchLabels'), [HASH_LABEL]: hash } },
      template: { ...structuredClone(template), metadata: { ...structuredClone(metadata), labels } },
    },
  };
}

const revisionOf = (object: KubeObject): number => Number(object.metadata.annotations?.[REVISION] ?? 0);

const sumOf = (replicaSets: readonly KubeObject[], field: string): number =>
  replicaSets.reduce((sum, replicaSet) => sum + numberAt(replicaSet.status, field), 0);

/** A condition keeps its times until its status changes. */
function condition(
  current: KubeObject,
  type: string,
  holds: boolean,
  reason: string,
  now: string,
): JsonRecord {
  const status = holds ? 'True' : 'False';
  const before = recordsAt(current.status, 'conditions').find((known) => known.type === type);
  const isSame = before?.status === status && before.reason === reason;
  if (isSame) return before;
  return {
    type,
    status,
    reason,
    message: '',
    lastUpdateTime: now,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
}

/**
 * Makes one ReplicaSet per pod template. A changed template gets a new one, and the old ones shrink as its pods
 * become ready.
 */
export function startDeploymentController({ api, onError }: ControllerOptions): ClusterController {
  const deployments = kindOf(api, 'apps/v1', 'deployments');
  const replicaSets = kindOf(api, 'apps/v1', 'replicasets');

  const scale = (replicaSet: KubeObject, replicas: number): void => {
    if (numberAt(replicaSet.spec, 'replicas') === replicas) return;
    const { namespace, name } = replicaSet.metadata;
    ignoreVanished(() => api.patch(replicaSets, namespace, name, 'merge', { spec: { replicas } }));
  };

  const reconcile = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    const deployment = api.store.get(deployments.bucket, namespace, name);
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const spec = recordAt(deployment, 'spec');
    const hash = templateHash(recordAt(spec, 'template'));
    const owned = (): KubeObject[] =>
      api.store
        .list(replicaSets.bucket, namespace)
        .filter((replicaSet) => controllerUid(replicaSet) === deployment.metadata.uid);
    const others = owned().filter((replicaSet) => replicaSet.metadata.labels?.[HASH_LABEL] !== hash);
    let latest = owned().find((replicaSet) => replicaSet.metadata.labels?.[HASH_LABEL] === hash);
    if (latest === undefined && spec.paused !== true) {
      const revision = Math.max(0, ...others.map(revisionOf)) + 1;
      latest = api.create(replicaSets, namespace, replicaSetOf(deployment, hash, revision));
    }
    const wanted = numberAt(spec, 'replicas');
    if (latest !== undefined) scale(latest, wanted);
    let stillNeeded = Math.max(
      0,
      wanted - (latest === undefined ? 0 : numberAt(latest.status, 'readyReplicas')),
    );
    for (const old of others) {
      const kept = Math.min(numberAt(old.spec, 'replicas'), stillNeeded);
      stillNeeded -= kept;
      scale(old, kept);
    }
    updateStatus(deployment, owned(), latest?.metadata.name ?? '');
  };

  const updateStatus = (deployment: KubeObject, owned: readonly KubeObject[], latestName: string): void => {
    const { namespace, name, generation } = deployment.metadata;
    const latest = owned.filter((replicaSet) => replicaSet.metadata.name === latestName);
    const wanted = numberAt(deployment.spec, 'replicas');
    const available = sumOf(owned, 'availableReplicas');
    const isComplete = sumOf(latest, 'availableReplicas') >= wanted && sumOf(owned, 'replicas') === wanted;
    const isAvailable = available >= wanted;
    const now = api.now();
    const conditions = [
      condition(
        deployment,
        'Available',
        isAvailable,
        isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        now,
      ),
      condition(
        deployment,
        'Progressing',
        true,
        isComplete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
        now,
      ),
    ];
    const status = {
      observedGeneration: generation,
      replicas: sumOf(owned, 'replicas'),
      updatedReplicas: sumOf(latest, 'replicas'),
      readyReplicas: sumOf(owned, 'readyReplicas'),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, wanted - available),
      conditions,
    };
    const revision = latest[0]?.metadata.annotations?.[REVISION];
    ignoreVanished(() =>
      api.modify(deployments, namespace, name, (current) => ({
        ...current,
        metadata:
          revision === undefined
            ? current.metadata
            : { ...current.metadata, annotations: { ...current.metadata.annotations, [REVISION]: revision } },
        status,
      })),
    );
  };

  const queue = new ReconcileQueue(reconcile, onError);
  const unsubscribe = api.store.subscribe(({ bucket, object }) => {
    const { namespace, name } = object.metadata;
    if (bucket === deployments.bucket) queue.add(objectKey(namespace, name));
    if (bucket !== replicaSets.bucket) return;
    const owner = controllerName(object, 'Deployment');
    if (owner !== '') queue.add(objectKey(namespace, owner));
  });
  for (const { metadata } of api.store.list(deployments.bucket)) {
    queue.add(objectKey(metadata.namespace, metadata.name));
  }
  return {
    stop: () => {
      unsubscribe();
      queue.stop();
    },
  };
}
