import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../clock.js';
import type { Random } from '../../random.js';
import type { ClusterController } from './cluster-controller.js';
import type { DeleteOptions } from './deletion.js';
import { startDeploymentController } from './deployment-controller.js';
import { startDisruptionController } from './disruption-controller.js';
import { startFakeKubelets } from './fake-kubelets.js';
import { startFakeProvisioner } from './fake-provisioner.js';
import { startGarbageCollector } from './garbage-collector.js';
import { InProcessCalls, type ListRef, type PatchCallOptions, type PodToBind } from './in-process-calls.js';
import type { KubeObject, ObjectInput, ObjectRef } from './kube-object.js';
import { ObjectStore } from './object-store.js';
import { PagedList } from './paged-list.js';
import { startReplicaSetController } from './replica-set-controller.js';
import { RequestHandler } from './request-handler.js';
import { ResourceApi, type WriteOptions } from './resource-api.js';
import { createKindRegistry } from './resource-table.js';
import { startVolumeController } from './volume-controller.js';
import { WatchHub } from './watch-hub.js';

export interface EmbeddedApiServerOptions {
  /** @default 0: any free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** @default the system's */
  readonly clock?: Clock;
  /** For the suffixes of generated names. @default Math.random */
  readonly random?: Random;
  /** How often a watch that asked for bookmarks gets one; 0 for never. @default 60_000 */
  readonly bookmarkIntervalMs?: number;
  /** Changes per kind a watch can resume over. @default 10_000 */
  readonly watchHistory?: number;
  /**
   * Run deployments, replica sets, disruption budgets, the binding of volumes and the garbage collector.
   * @default false
   */
  readonly controllers?: boolean;
  /** Make volumes for claims of classes whose provisioner is `berth.dev/fake`; needs `controllers`. @default false */
  readonly provisioner?: boolean;
  /** How long the fake provisioner takes. @default 300 */
  readonly provisionDelayMs?: number;
  /** Let bound pods run and deleted pods end. @default false */
  readonly kubelets?: boolean;
  /** How long a fake kubelet takes to run a pod. @default 300 */
  readonly kubeletDelayMs?: number;
  /** How long a fake kubelet takes to end a pod, whatever its grace period. @default `kubeletDelayMs` */
  readonly terminationDelayMs?: number;
  /** Bound pods linger with a deletionTimestamp until a kubelet ends them. @default as `kubelets` */
  readonly gracefulDeletion?: boolean;
  /** Told of faults in the server's own controllers. @default ignored */
  readonly onError?: (error: unknown) => void;
}

export type { ListRef, PatchCallOptions, PodToBind } from './in-process-calls.js';

/**
 * A small Kubernetes API over HTTP, in memory, for demos and fast tests. The methods beside `url` act in the process,
 * under the same rules as a request, and hand out copies; refusals are thrown as `StatusError`.
 */
export interface EmbeddedApiServer {
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Version of the latest write. */
  readonly resourceVersion: string;
  /** A kubeconfig, as YAML, for kubectl and Berth. */
  kubeconfig(): string;
  create(object: ObjectInput, options?: WriteOptions): KubeObject;
  update(object: ObjectInput, options?: WriteOptions): KubeObject;
  patch(ref: ObjectRef, patch: unknown, options?: PatchCallOptions): KubeObject;
  /** Undefined when there was no such object. */
  delete(ref: ObjectRef, options?: DeleteOptions): KubeObject | undefined;
  get(ref: ObjectRef): KubeObject | undefined;
  list(ref: ListRef): KubeObject[];
  /** Binds a pod as the binding subresource does. */
  bind(pod: PodToBind, node: string): void;
  /** Ends all watches; with `abrupt` their connections break. Returns how many there were. */
  dropWatches(options?: { readonly abrupt?: boolean }): number;
  /** Forgets the watch history and the pages of lists under way: resuming from any version seen so far gets 410. */
  expireHistory(): void;
  /** Breaks all connections and stops. */
  close(): Promise<void>;
}

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const SYSTEM_PRIORITIES = [
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
] as const;

function seed(api: ResourceApi): void {
  const namespaces = api.registry.byKind('v1', 'Namespace');
  const priorities = api.registry.byKind('scheduling.k8s.io/v1', 'PriorityClass');
  if (namespaces === undefined || priorities === undefined)
    throw new Error('the registry lacks what every cluster has');
  for (const name of NAMESPACES) api.create(namespaces, undefined, { metadata: { name } });
  for (const [name, value] of SYSTEM_PRIORITIES)
    api.create(priorities, undefined, { metadata: { name }, value });
}

function startControllers(api: ResourceApi, options: EmbeddedApiServerOptions): ClusterController[] {
  const parts = { api, onError: options.onError ?? ((): void => {}) };
  const { kubeletDelayMs = 300, terminationDelayMs = kubeletDelayMs, provisionDelayMs = 300 } = options;
  const controllers = options.controllers
    ? [
        startDeploymentController,
        startReplicaSetController,
        startDisruptionController,
        startVolumeController,
        startGarbageCollector,
      ]
    : [];
  return [
    ...controllers.map((start) => start(parts)),
    ...(options.provisioner ? [startFakeProvisioner({ ...parts, delayMs: provisionDelayMs })] : []),
    ...(options.kubelets
      ? [startFakeKubelets({ ...parts, delayMs: kubeletDelayMs, terminationMs: terminationDelayMs })]
      : []),
  ];
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function kubeconfigFor(url: string): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- name: embedded',
    '  cluster:',
    `    server: ${url}`,
    'users:',
    '- name: embedded',
    '  user: {}',
    'contexts:',
    '- name: embedded',
    '  context:',
    '    cluster: embedded',
    '    user: embedded',
    'current-context: embedded',
    '',
  ].join('\n');
}

/** Starts the embedded API server and resolves when it answers. Rejects when the address cannot be listened on. */
export async function startEmbeddedApiServer(
  options: EmbeddedApiServerOptions = {},
): Promise<EmbeddedApiServer> {
  const { port = 0, host = '127.0.0.1', clock = systemClock, watchHistory = 10_000 } = options;
  const store = new ObjectStore({ historySize: watchHistory });
  const api = new ResourceApi({
    store,
    registry: createKindRegistry(),
    clock,
    random: options.random ?? Math.random,
    newUid: randomUUID,
    gracefulDeletion: options.gracefulDeletion ?? options.kubelets ?? false,
  });
  seed(api);
  const lists = new PagedList(store);
  const hub = new WatchHub({ store, clock, bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000 });
  const handler = new RequestHandler({ api, lists, hub });
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    void handler.handle(request, response);
  });
  await listen(server, port, host);
  const controllers = startControllers(api, options);
  const calls = new InProcessCalls(api, lists);
  const address = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  return {
    url,
    get resourceVersion() {
      return String(store.version);
    },
    kubeconfig: () => kubeconfigFor(url),
    create: (object, writeOptions) => calls.create(object, writeOptions),
    update: (object, writeOptions) => calls.update(object, writeOptions),
    patch: (ref, patch, patchOptions) => calls.patch(ref, patch, patchOptions),
    delete: (ref, deleteOptions) => calls.delete(ref, deleteOptions),
    get: (ref) => calls.get(ref),
    list: (ref) => calls.list(ref),
    bind: (pod, node) => calls.bind(pod, node),
    dropWatches: (dropOptions) => hub.drop(dropOptions),
    expireHistory: () => {
      store.expireHistory();
      lists.expire();
    },
    close: async () => {
      for (const controller of controllers) controller.stop();
      hub.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
