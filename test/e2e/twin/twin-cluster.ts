import { setTimeout as sleep } from 'node:timers/promises';
import { objectKinds } from '../../../src/scheduler/object-kinds.js';
import type { RawObject } from '../../conformance/golden-file.js';
import { ApiAnswerError, type ApiObject } from '../../controlplane/api-client.js';
import type { ControlPlane } from '../../controlplane/control-plane.js';
import type { Node } from '../../controlplane/kwok-node.js';
import { nodeManifest } from './fake-node.js';
import { KindDirectory } from './kind-directory.js';
import { PodRecords, type SeenPod } from './pod-records.js';
import type { ObjectManifest } from './scenario.js';

/** An event of events.k8s.io/v1 that a scheduler wrote. */
export interface SchedulerEvent {
  readonly reason: string;
  readonly type: string;
  readonly action: string;
  readonly note: string;
  readonly reportingController: string;
  readonly regarding: { readonly kind: string; readonly uid: string };
}

interface Claim extends ApiObject {
  readonly spec: { readonly volumeName?: string };
  readonly status: { readonly phase: string };
}

/** What decisions may rest on: pods, nodes, and all that a plugin reads. */
const DECIDED_ON = [
  { path: '/api/v1/nodes', kind: 'Node' },
  { path: '/api/v1/pods', kind: 'Pod' },
  ...objectKinds.map(({ path, kind }) => ({ path, kind })),
];

/** Kinds of which there are objects that no scenario wrote: the others are asked for only where it did. */
const MADE_BY_OTHERS = new Set([
  'Node',
  'Pod',
  'Namespace',
  'ReplicaSet',
  'PersistentVolumeClaim',
  'VolumeAttachment',
]);

const WITHIN_MS = 20_000;

/** One of the two clusters: a control plane with one scheduler, and what is seen and done there. */
export class TwinCluster {
  /** Of the scheduler that this cluster is about. */
  readonly schedulerName: string;
  readonly plane: ControlPlane;
  readonly pods: PodRecords;
  readonly #kinds: KindDirectory;
  /** What the scenario created, in this order: path and object. */
  readonly #created: { readonly path: string; readonly object: ObjectManifest }[] = [];

  private constructor(schedulerName: string, plane: ControlPlane, pods: PodRecords) {
    this.schedulerName = schedulerName;
    this.plane = plane;
    this.pods = pods;
    this.#kinds = new KindDirectory(plane.api);
  }

  static async start(schedulerName: string, plane: ControlPlane): Promise<TwinCluster> {
    return new TwinCluster(schedulerName, plane, await PodRecords.start(plane.api));
  }

  /** Makes a namespace in which pods can be created. */
  async createNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const { api } = this.plane;
    await api.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    });
    await this.#until(`the ServiceAccount of namespace ${name}`, () =>
      api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`).then(
        () => true,
        () => false,
      ),
    );
  }

  /** Makes nodes, and returns when ordinary pods may go there. */
  async createNodes(nodes: readonly ObjectManifest[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#post('/api/v1/nodes', nodeManifest(node))));
    const names = new Set(nodes.map(({ metadata }) => metadata.name));
    await this.#until('usable nodes', async () => {
      const { items } = await this.plane.api.list<Node>('/api/v1/nodes');
      return items.filter(({ metadata }) => names.has(metadata.name)).every(isReady);
    });
  }

  /** Creates an object, its pods meant for this cluster's scheduler; returns it as the API server took it. */
  async create(object: ObjectManifest, namespace: string): Promise<ApiObject> {
    const path = await this.#kinds.collection(object, namespace);
    if (object.kind === 'Namespace') {
      await this.createNamespace(object.metadata.name, object.metadata.labels);
      this.#created.push({ path, object });
      return object as unknown as ApiObject;
    }
    return this.#post(path, this.#scheduledHere(object));
  }

  kubectl(args: readonly string[], namespace: string): Promise<string> {
    return this.plane.kubectl(['--namespace', namespace, ...args]);
  }

  /** Moves a pod to a node by deleting it and creating it there; returns the new one when it runs. */
  async move(pod: SeenPod, manifest: ObjectManifest, nodeName: string): Promise<SeenPod> {
    const { name, namespace, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods`;
    // KWOK, which deletes by name and more than once, would hit the pod that follows.
    const leftAlone = { metadata: { annotations: { 'kwok.x-k8s.io/status': 'custom' } } };
    await this.plane.api.patch(`${path}/${name}`, leftAlone);
    await this.plane.api.delete(`${path}/${name}`, { gracePeriodSeconds: 0 });
    const gone = () => this.pods.of(uid)?.sightings.at(-1)?.deletion === 'done';
    if (!(await this.pods.until(gone, WITHIN_MS))) throw new Error(`pod ${name} does not leave`);
    const spec = { ...this.#scheduledHere(manifest).spec, nodeName };
    const moved = (await this.#post(path, { ...manifest, spec })) as SeenPod;
    const runs = () => this.pods.of(moved.metadata.uid)?.pod.status.phase === 'Running';
    if (!(await this.pods.until(runs, WITHIN_MS))) throw new Error(`pod ${name} does not run on ${nodeName}`);
    return moved;
  }

  /** All objects that a decision may rest on, as they are now. */
  async state(): Promise<RawObject[]> {
    const made = new Set(this.#created.map(({ object }) => object.kind));
    const kinds = DECIDED_ON.filter(({ kind }) => made.has(kind) || MADE_BY_OTHERS.has(kind));
    const lists = await Promise.all(
      kinds.map(async ({ path, kind }) => {
        const { items } = await this.plane.api.list(path);
        return items.map((item) => ({ ...item, kind }) as RawObject);
      }),
    );
    return lists.flat();
  }

  /** What the scheduler said of pods. */
  async events(): Promise<SchedulerEvent[]> {
    const { items } = await this.plane.api.get<{ items: SchedulerEvent[] }>('/apis/events.k8s.io/v1/events');
    return items.filter(({ reportingController }) => reportingController === this.schedulerName);
  }

  /** Which volume each claim has, by namespace and name. */
  async claims(): Promise<Map<string, string[][]>> {
    const { items } = await this.plane.api.list<Claim>('/api/v1/persistentvolumeclaims');
    return new Map(
      items.map(({ metadata, spec, status }) => [
        `${metadata.namespace}/${metadata.name}`,
        [[`${status.phase} ${spec.volumeName ?? ''}`]],
      ]),
    );
  }

  /** Removes what the scenario left, and returns when no pod and no node is there any more. */
  async cleanUp(namespace: string): Promise<void> {
    const { api } = this.plane;
    for (const { path, object } of this.#created.splice(0).reverse()) {
      const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background' };
      await api.delete(`${path}/${object.metadata.name}`, options).catch(tolerateMissing);
    }
    await this.#until('that all pods are gone', async () => {
      const { items } = await api.list<SeenPod>('/api/v1/pods');
      await Promise.all(items.map((pod) => this.#remove(pod)));
      return items.length === 0;
    });
    await this.#until('that all nodes are gone', async () => {
      const { items } = await api.list('/api/v1/nodes');
      return items.length === 0;
    });
    for (const kind of ['persistentvolumeclaims', 'events'])
      await api.delete(`/api/v1/namespaces/${namespace}/${kind}`);
    this.pods.clear();
  }

  async #remove({ metadata: { name, namespace, finalizers } }: SeenPod): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const { api } = this.plane;
    if (finalizers !== undefined)
      await api.patch(path, { metadata: { finalizers: null } }).catch(tolerateMissing);
    await api.delete(path, { gracePeriodSeconds: 0 }).catch(tolerateMissing);
  }

  /** Waits out that the API server has not yet noticed a class that was made a moment ago. */
  async #post(path: string, object: ObjectManifest): Promise<ApiObject> {
    const deadline = Date.now() + 5_000;
    for (;;) {
      try {
        const created = await this.plane.api.create<ApiObject>(path, object);
        this.#created.push({ path, object });
        return created;
      } catch (error) {
        const notYet = error instanceof ApiAnswerError && error.status === 403;
        if (!notYet || Date.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }

  #scheduledHere(object: ObjectManifest): ObjectManifest {
    const { schedulerName } = this;
    if (object.kind === 'Pod') return { ...object, spec: { ...object.spec, schedulerName } };
    const template = object.spec?.template as { readonly spec: object } | undefined;
    if (template === undefined) return object;
    const spec = { ...object.spec, template: { ...template, spec: { ...template.spec, schedulerName } } };
    return { ...object, spec };
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`waited ${WITHIN_MS} ms for ${what} on ${this.plane.url}`);
      await sleep(30);
    }
  }
}

/** True when the controllers have given a new node the taints that it is to have, and taken off the one it began with. */
function isReady({ spec, status }: Node): boolean {
  const ready = status.conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
  const tainted = (what: string): boolean =>
    spec.taints?.some(({ key }) => key === `node.kubernetes.io/${what}`) ?? false;
  return (
    ready === true && !tainted('not-ready') && tainted('unschedulable') === (spec.unschedulable ?? false)
  );
}

function tolerateMissing(error: unknown): void {
  if (!(error instanceof ApiAnswerError) || error.status !== 404) throw error;
}
