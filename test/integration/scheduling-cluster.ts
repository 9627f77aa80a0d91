import { setTimeout as sleep } from 'node:timers/promises';
import { Berth } from '../../src/berth.js';
import { systemClock } from '../../src/clock.js';
import { loadConfiguration } from '../../src/config/load.js';
import { ApiClient } from '../../src/kube/api-client.js';
import { loadCredentials } from '../../src/kube/credentials.js';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { openFence } from '../../src/kube/write-fence.js';
import { silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { seededRandom } from '../../src/random.js';
import type { Outcome } from '../../src/scheduler/scheduler.js';
import { type NodeParts, type PodParts, rawNode, rawPod } from '../build-objects.js';
import { eventually } from './eventually.js';
import { sumOf } from './exposition.js';
import { FaultProxy } from './fault-proxy.js';

export interface StoredCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** A pod as the API server has it, as far as these tests look into it. */
export interface StoredPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly resources?: { readonly requests?: { readonly cpu?: string } };
    }[];
  };
  readonly status: { readonly conditions?: readonly StoredCondition[]; readonly nominatedNodeName?: string };
}

/** An event of events.k8s.io/v1. */
export interface StoredEvent {
  readonly type: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly reportingController: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly series?: { readonly count: number };
}

/** Longer than the scheduler takes for what is under way when it is told to end. */
const endWithinMs = 10_000;

const podKind = { apiVersion: 'v1', kind: 'Pod' } as const;
const nodeKind = { apiVersion: 'v1', kind: 'Node' } as const;

/** The whole scheduler, in this process, over HTTP and a proxy that can do harm, against the embedded API server. */
export class SchedulingCluster {
  readonly api: EmbeddedApiServer;
  readonly proxy: FaultProxy;
  readonly berth: Berth;
  readonly outcomes: Outcome[] = [];
  readonly #metrics: Metrics;
  readonly #client: ApiClient;
  readonly #stopScheduling = new AbortController();
  readonly #stopWatching = new AbortController();
  #running: readonly Promise<void>[] = [];
  #stopped: Promise<void> | undefined;

  private constructor(api: EmbeddedApiServer, proxy: FaultProxy) {
    this.api = api;
    this.proxy = proxy;
    this.#metrics = new Metrics();
    this.#client = new ApiClient(loadCredentials({ server: proxy.url }), { qps: -1 });
    this.berth = new Berth({
      transport: this.#client,
      configuration: loadConfiguration(undefined, { schedulerName: 'berth', leaderElect: false }),
      fence: openFence,
      metrics: this.#metrics,
      logger: silentLogger,
      clock: systemClock,
      random: seededRandom(1),
      onOutcome: (outcome) => this.outcomes.push(outcome),
    });
  }

  /** Starts everything and resolves when the scheduler knows the cluster. */
  static async start(): Promise<SchedulingCluster> {
    const api = await startEmbeddedApiServer();
    const proxy = await FaultProxy.start(api.url);
    const cluster = new SchedulingCluster(api, proxy);
    try {
      await cluster.#run();
    } catch (error) {
      await cluster.stop().catch(() => undefined);
      throw error;
    }
    return cluster;
  }

  async #run(): Promise<void> {
    this.#running = [
      this.berth.schedule({ signal: this.#stopScheduling.signal }),
      this.berth.watch({ signal: this.#stopWatching.signal }),
    ];
    // Whoever stops the cluster is told; until then it must not count as unhandled.
    for (const part of this.#running) part.catch(() => undefined);
    await eventually('the first synchronisation', () => this.berth.synced);
  }

  /** Ends everything in good order, once. Rejects when the scheduler failed meanwhile or does not end. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  /** Takes every step whatever becomes of the others: one server or timer left open keeps the test process from ending. */
  async #end(): Promise<void> {
    const [scheduling, watching] = this.#running;
    this.#stopScheduling.abort();
    const failures = [await failureOf('scheduling', () => scheduling)];
    this.#stopWatching.abort();
    failures.push(await failureOf('watching', () => watching));
    // Events that wait for repetitions of themselves have timers of minutes.
    failures.push(await failureOf('events', () => this.berth.abandon()));
    failures.push(await failureOf('metrics', () => this.#metrics.close()));
    failures.push(await failureOf('the client', () => this.#client.close()));
    failures.push(await failureOf('the proxy', () => this.proxy.close()));
    failures.push(await failureOf('the API server', () => this.api.close()));
    const [first] = failures.filter((failure) => failure !== undefined);
    if (first !== undefined) throw first;
  }

  /** Creates a node and waits until the scheduler knows it: nodes and pods come by watches that do not wait for each other. */
  async node(parts: NodeParts = {}): Promise<string> {
    const name = this.createNode(parts);
    await this.knownNode(name);
    return name;
  }

  createNode(parts: NodeParts = {}): string {
    return this.api.create(rawNode(parts) as never).metadata.name;
  }

  async knownNode(name: string): Promise<void> {
    const { nodes } = this.berth.cluster;
    await eventually(`node ${name} to be known`, () => {
      const slot = nodes.slotOf(name);
      return slot !== undefined && nodes.nodeAt(slot) !== undefined;
    });
  }

  /** Creates nodes `node-0`, `node-1` and so on, and waits until the scheduler knows them. */
  async fleet(count: number, parts: NodeParts = {}): Promise<void> {
    for (let index = 0; index < count; index++) this.createNode({ ...parts, name: `node-${index}` });
    await eventually('all nodes to be known', () => this.berth.cluster.nodes.nodeCount === count);
  }

  /** Creates a pod and returns its name. */
  pod(parts: PodParts = {}): string {
    return this.api.create(rawPod(parts) as never).metadata.name;
  }

  read(name: string, namespace = 'default'): StoredPod {
    const found = this.api.get({ ...podKind, namespace, name });
    if (found === undefined) throw new Error(`there is no pod ${namespace}/${name}`);
    return found as unknown as StoredPod;
  }

  pods(): StoredPod[] {
    return this.api.list(podKind) as unknown as StoredPod[];
  }

  nodeOf(name: string): string {
    return this.read(name).spec.nodeName ?? '';
  }

  condition(name: string): StoredCondition | undefined {
    return this.read(name).status.conditions?.find(({ type }) => type === 'PodScheduled');
  }

  /** Events about a pod, in the order in which they were made. */
  events(name: string): StoredEvent[] {
    const events = this.api.list({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
    }) as unknown as StoredEvent[];
    return events.filter(({ regarding }) => regarding.name === name);
  }

  /** Attempts that ended for pods of ours, as the metrics count them. */
  async attempts(result?: 'scheduled' | 'unschedulable' | 'error'): Promise<number> {
    const { body } = await this.#metrics.render();
    return sumOf(body, 'scheduler_schedule_attempts_total', result === undefined ? {} : { result });
  }

  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { body } = await this.#metrics.render();
    return sumOf(body, name, labels);
  }

  async bound(...names: readonly string[]): Promise<void> {
    await eventually(
      `${names.join(', ')} to be bound`,
      () => names.every((name) => this.nodeOf(name) !== ''),
      {
        state: () => this.outcomes.slice(-3).map(({ kind, pod }) => `${pod.name} ${kind}`),
      },
    );
  }

  /** Waits until the pod was refused and its condition says so; returns the message. */
  async refused(name: string): Promise<string> {
    await eventually(`${name} to be refused`, () => this.condition(name)?.reason === 'Unschedulable');
    return this.condition(name)?.message ?? '';
  }

  /** Waits until all pods of ours that can be bound are bound: nothing is active, backing off or under way. */
  async settled(): Promise<void> {
    await eventually('the queue to be empty and all bindings known', () => {
      const { active, backoff } = this.berth.queue.counts;
      const { assumedCount } = this.berth.cluster;
      return active + backoff + this.berth.queue.inFlightPods + assumedCount === 0;
    });
    // The watch may show a pod bound before the answer to its Binding is in, and with it the outcome.
    const open = () => this.metric('scheduler_goroutines', { operation: 'binding' });
    await eventually('the outcomes of all bindings', async () => (await open()) === 0);
  }

  /** What the scheduler believes of bound pods, and what the API server has: both as `uid@node`, sorted. */
  views(): { readonly believed: string[]; readonly stored: string[] } {
    const believed = [...this.berth.cluster.pods()].map(({ uid, nodeName }) => `${uid}@${nodeName}`);
    const stored = this.pods()
      .filter(({ spec }) => spec.nodeName !== undefined)
      .map(({ metadata, spec }) => `${metadata.uid}@${spec.nodeName}`);
    return { believed: believed.sort(), stored: stored.sort() };
  }

  /** CPU requested of each node, in millicores, as the API server has it. */
  requested(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { spec } of this.pods()) {
      if (spec.nodeName === undefined) continue;
      const cpu = spec.containers.reduce(
        (sum, { resources }) => sum + millicores(resources?.requests?.cpu),
        0,
      );
      sums.set(spec.nodeName, (sums.get(spec.nodeName) ?? 0) + cpu);
    }
    return sums;
  }

  changeNode(name: string, patch: unknown, options: { readonly subresource?: 'status' } = {}): void {
    this.api.patch({ ...nodeKind, name }, patch, options);
  }

  changePod(name: string, patch: unknown): void {
    this.api.patch({ ...podKind, namespace: 'default', name }, patch, { type: 'merge' });
  }

  deletePod(name: string): void {
    this.api.delete({ ...podKind, namespace: 'default', name });
  }

  deleteNode(name: string): void {
    this.api.delete({ ...nodeKind, name });
  }
}

/** Why a part did not end as it should; undefined when it did. */
async function failureOf(part: string, end: () => Promise<void> | undefined | void): Promise<unknown> {
  const timer = new AbortController();
  const late = sleep(endWithinMs, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`${part} did not end within ${endWithinMs} ms`)),
    () => undefined,
  );
  try {
    await Promise.race([end(), late]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    timer.abort();
  }
}

function millicores(quantity = '0'): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000;
}
