import { type ClusterController, type ControllerOptions, kindOf } from './cluster-controller.js';
import { DelayedActions } from './delayed-actions.js';
import { type JsonRecord, recordAt, recordsAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';

export interface FakeKubeletOptions extends ControllerOptions {
  /** Milliseconds from binding to Running. */
  readonly delayMs: number;
  /** Milliseconds from a deletion to the end of the pod, whatever grace it was given. @default `delayMs` */
  readonly terminationMs?: number;
}

const ADDED_CONDITIONS = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];

function runningStatus(pod: KubeObject, podIp: string, now: string): JsonRecord {
  const status = recordAt(pod, 'status');
  const kept = recordsAt(status, 'conditions').filter(
    (condition) => !ADDED_CONDITIONS.includes(stringAt(condition, 'type')),
  );
  const added = ADDED_CONDITIONS.map((type) => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  }));
  const containerStatuses = recordsAt(pod.spec, 'containers').map((container) => ({
    name: stringAt(container, 'name'),
    image: stringAt(container, 'image'),
    imageID: '',
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: now } },
    lastState: {},
  }));
  return {
    ...status,
    phase: 'Running',
    conditions: [...kept, ...added],
    containerStatuses,
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: now,
  };
}

/** Stands in for the kubelets of all nodes: bound pods start to run, pods marked for deletion end. */
export function startFakeKubelets(options: FakeKubeletOptions): ClusterController {
  const { api, onError, delayMs, terminationMs = delayMs } = options;
  const pods = kindOf(api, 'v1', 'pods');
  const actions = new DelayedActions(api.clock, onError);
  let nextAddress = 1;

  const run = ({ metadata: { namespace, name, uid } }: KubeObject): void => {
    const podIp = `10.244.${Math.floor(nextAddress / 250) % 256}.${(nextAddress % 250) + 2}`;
    nextAddress += 1;
    api.modify(pods, namespace, name, (current) => {
      const isWaiting = current.metadata.uid === uid && stringAt(current.status, 'phase') === 'Pending';
      return isWaiting ? { ...current, status: runningStatus(current, podIp, api.now()) } : current;
    });
  };

  const end = ({ metadata: { namespace, name, uid } }: KubeObject): void => {
    api.delete(pods, namespace, name, { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { uid }) });
  };

  const look = (pod: KubeObject): void => {
    if (stringAt(pod.spec, 'nodeName') === '') return;
    const { uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) actions.after(terminationMs, `${uid} end`, () => end(pod));
    else if (stringAt(pod.status, 'phase') === 'Pending')
      actions.after(delayMs, `${uid} run`, () => run(pod));
  };

  const unsubscribe = api.store.subscribe(({ bucket, type, object }) => {
    if (bucket === pods.bucket && type !== 'DELETED') look(object);
  });
  for (const pod of api.store.list(pods.bucket)) look(pod);
  return {
    stop: () => {
      unsubscribe();
      actions.stop();
    },
  };
}
