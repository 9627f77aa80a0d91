import { systemClock } from '../../../src/clock.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import { type Pod, podKey } from '../../../src/cluster/pod.js';
import type { EffectiveConfiguration } from '../../../src/config/scheduler-configuration.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import { openFence } from '../../../src/kube/write-fence.js';
import type { PluginHost } from '../../../src/plugin-host/plugin-host.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { seededRandom } from '../../../src/random.js';
import { bindThroughApi } from '../../../src/scheduler/api-binding.js';
import { Binder } from '../../../src/scheduler/binder.js';
import { buildProfiles } from '../../../src/scheduler/build-profiles.js';
import { ClusterFeed } from '../../../src/scheduler/cluster-feed.js';
import { objectKinds } from '../../../src/scheduler/object-kinds.js';
import { PodsInPreBind } from '../../../src/scheduler/pods-in-pre-bind.js';
import { PreemptionExecutor } from '../../../src/scheduler/preemption-executor.js';
import { type Outcome, Scheduler, type SchedulerObserver } from '../../../src/scheduler/scheduler.js';
import { StatusWriter } from '../../../src/scheduler/status-writer.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { AnsweringTransport, type News } from './answering-transport.js';

export interface BenchSchedulerOptions {
  readonly configuration: EffectiveConfiguration;
  readonly plugins?: PluginHost | undefined;
  /** What pods and nodes refer to, by resource, as the API server stores it. */
  readonly objects?: Readonly<Record<string, readonly unknown[]>> | undefined;
}

/** Pods that are being placed, and what the caller waits for. */
interface Undone {
  readonly uids: Set<string>;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

/** A pod that an attempt could not place is an error, unless it was promised a node. */
function isLost(outcome: Outcome): boolean {
  return outcome.kind === 'overtaken' || (outcome.kind === 'pending' && (outcome.nominate ?? '') === '');
}

/**
 * The scheduler as the program puts it together, from the queue to the binding, without watches and without an API server: whoever
 * measures shows it nodes and pods, and bindings come true by themselves.
 */
export class BenchScheduler {
  readonly cluster = new ClusterState();
  /** Told of attempts while it is set. */
  observer: SchedulerObserver = {};
  readonly #queue: SchedulingQueue;
  readonly #feed: ClusterFeed;
  readonly #scheduler: Scheduler;
  readonly #preemptions: PreemptionExecutor;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  /** What an API server would know: pods by UID and by name. */
  readonly #pods = new Map<string, Pod>();
  readonly #uidOf = new Map<string, string>();
  #undone: Undone | undefined;

  constructor({ configuration, plugins, objects = {} }: BenchSchedulerOptions) {
    const { cluster } = this;
    const clock = systemClock;
    const fence = openFence;
    const latest = (uid: string): Pod | undefined => this.#pods.get(uid);
    const pods = new PodApi(new AnsweringTransport((news) => this.#take(news)));
    const binder = new Binder({
      pods,
      fence,
      clock,
      nodeExists: (name) => cluster.nodes.slotOf(name) !== undefined,
    });
    const statuses = new StatusWriter({ pods, fence, clock });
    const waiting = new WaitingPods({ clock });
    const preBinding = new PodsInPreBind();
    const queue = (): SchedulingQueue => this.#queue;
    this.#preemptions = new PreemptionExecutor({
      pods,
      statuses,
      fence,
      clock,
      waiting,
      preBinding,
      queue,
      latest,
    });
    const random = seededRandom(1);
    const registry = createInTreeRegistry({
      bind: bindThroughApi(binder),
      preemption: { random, actions: this.#preemptions },
    });
    for (const plugin of plugins?.registered ?? []) registry.register(plugin);
    const profiles = buildProfiles(configuration, { registry, cluster });
    // All profiles sort alike.
    const { queueSort } = profiles.values().next().value!;
    this.#queue = new SchedulingQueue({
      profiles: new Map(
        Array.from(profiles, ([name, { preEnqueue, all }]) => [
          name,
          { preEnqueue, hints: new HintTable(all) },
        ]),
      ),
      less: (a, b) => queueSort.less(a, b),
      clock,
    });
    this.#feed = new ClusterFeed({
      cluster,
      queue: this.#queue,
      isOurs: (name) => profiles.has(name),
      rejectWaiting: (uid, reason) => waiting.reject(uid, '', reason),
      observe: { settled: (uid) => statuses.forget(uid) },
    });
    for (const { resource, project, table } of objectKinds)
      for (const raw of objects[resource] ?? []) table(cluster).set(project(raw));
    this.#scheduler = new Scheduler({
      cluster,
      queue: this.#queue,
      feed: this.#feed,
      profiles,
      waiting,
      preBinding,
      nominate: (pod, nodeName) => statuses.nominate(pod, nodeName),
      latest,
      bindingBacklog: () => binder.pending,
      clock,
      random,
      observer: {
        algorithm: (seconds) => this.observer.algorithm?.(seconds),
        evaluation: (name) => this.observer.evaluation?.(name),
        outcome: (outcome) => this.#outcome(outcome, statuses),
      },
    });
    const { signal } = this.#stop;
    this.#running = Promise.all([this.#scheduler.run({ signal }), this.#queue.run({ signal })]);
  }

  /** The watch delivers nodes, and pods that are on them. */
  show(nodes: readonly Node[], pods: readonly Pod[] = []): void {
    for (const node of nodes) this.#feed.nodeAdded(node);
    for (const pod of pods) this.#appear(pod);
  }

  /** The watch delivers pending pods. Resolves to the milliseconds until all of them were bound, and seen to be. */
  async place(pods: readonly Pod[]): Promise<number> {
    const started = performance.now();
    const placed = new Promise<void>((finish, fail) => {
      this.#undone = { uids: new Set(pods.map(({ uid }) => uid)), finish, fail };
    });
    for (const pod of pods) this.#appear(pod);
    await placed;
    const ms = performance.now() - started;
    this.#undone = undefined;
    await Promise.all([this.#preemptions.idle(), this.#scheduler.drain()]);
    return ms;
  }

  /** The watch delivers deletions. */
  remove(pods: readonly Pod[]): void {
    for (const { uid } of pods) this.#disappear(uid);
  }

  /** Ends the loop; nothing is left running. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #appear(pod: Pod): void {
    this.#pods.set(pod.uid, pod);
    this.#uidOf.set(podKey(pod), pod.uid);
    this.#feed.podAdded(pod);
  }

  #disappear(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    this.#pods.delete(uid);
    this.#uidOf.delete(podKey(pod));
    this.#feed.podDeleted(pod);
  }

  #take(news: News): void {
    const uid = this.#uidOf.get(news.key);
    const pod = uid === undefined ? undefined : this.#pods.get(uid);
    if (pod === undefined) return;
    if (news.kind === 'deleted') {
      this.#disappear(pod.uid);
      return;
    }
    const bound: Pod = { ...pod, nodeName: news.nodeName };
    this.#pods.set(pod.uid, bound);
    this.#feed.podUpdated(pod, bound);
    this.#undone?.uids.delete(pod.uid);
    if (this.#undone?.uids.size === 0) this.#undone.finish();
  }

  #outcome(outcome: Outcome, statuses: StatusWriter): void {
    this.observer.outcome?.(outcome);
    if (outcome.kind === 'pending') statuses.markPending(outcome.pod, outcome);
    if (!isLost(outcome)) return;
    const why = outcome.kind === 'pending' ? outcome.message : 'another decided about it';
    this.#undone?.fail(new Error(`the pod ${podKey(outcome.pod)} was not placed: ${why}`));
  }
}
