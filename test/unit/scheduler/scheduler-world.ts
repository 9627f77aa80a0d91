import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { Plugin } from '../../../src/framework/plugin.js';
import { ApiError } from '../../../src/kube/api-error.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { DefaultPreemption } from '../../../src/plugins/default-preemption.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { seededRandom } from '../../../src/random.js';
import { ClusterFeed } from '../../../src/scheduler/cluster-feed.js';
import { PodsInPreBind } from '../../../src/scheduler/pods-in-pre-bind.js';
import { PreemptionExecutor } from '../../../src/scheduler/preemption-executor.js';
import { type Outcome, Scheduler } from '../../../src/scheduler/scheduler.js';
import { StatusWriter } from '../../../src/scheduler/status-writer.js';
import { WaitingPods } from '../../../src/scheduler/waiting-pods.js';
import { ManualClock } from '../../manual-clock.js';
import { profileOf } from './scheduling-fixture.js';

/** A transport that notes every request and refuses those that a test says it should. */
class NotingTransport implements ApiTransport {
  readonly requests: ApiRequest[] = [];
  /** Answers `METHOD name` with this status code from now on. */
  readonly refusals = new Map<string, number>();

  async request<T>(request: ApiRequest): Promise<T> {
    this.requests.push(request);
    const code = this.refusals.get(callOf(request));
    if (code !== undefined) throw new ApiError('refused', { failure: 'status', code });
    return {} as T;
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('nothing to watch');
  }
}

function callOf({ method, path }: ApiRequest): string {
  return `${method} ${path.split('/')[6]}`;
}

/**
 * Scheduler, queue, feed and preemption put together as in the program, on a clock that a test moves. The test is the API server: it
 * hands in objects with `show` and `remove`, and reads what was written.
 */
export class SchedulerWorld {
  readonly clock = new ManualClock();
  readonly cluster = new ClusterState();
  readonly api = new NotingTransport();
  readonly waiting = new WaitingPods({ clock: this.clock });
  readonly preBinding = new PodsInPreBind();
  readonly outcomes: Outcome[] = [];
  readonly queue: SchedulingQueue;
  readonly executor: PreemptionExecutor;
  readonly feed: ClusterFeed;
  readonly scheduler: Scheduler;
  mayWrite = true;
  readonly #shown = new Map<string, Pod>();

  /** DefaultPreemption comes behind the plugins. */
  constructor(plugins: readonly Plugin[]) {
    const { clock, cluster, waiting, preBinding } = this;
    const pods = new PodApi(this.api);
    const fence = { mayWrite: () => this.mayWrite };
    const statuses = new StatusWriter({ pods, fence, clock });
    const latest = (uid: string): Pod | undefined => this.#shown.get(uid);
    this.executor = new PreemptionExecutor({
      pods,
      statuses,
      fence,
      clock,
      waiting,
      preBinding,
      queue: () => this.queue,
      latest,
    });
    const actions = this.executor;
    const preemption = new DefaultPreemption(
      undefined,
      { profile: 'berth', cluster },
      { random: () => 0, actions },
    );
    const profile = profileOf([...plugins, preemption]);
    const { preEnqueue, all } = profile;
    this.queue = new SchedulingQueue({
      profiles: new Map([['berth', { preEnqueue, hints: new HintTable(all) }]]),
      less: (a, b) => a.pod.priority > b.pod.priority,
      clock,
    });
    this.feed = new ClusterFeed({
      cluster,
      queue: this.queue,
      isOurs: (name) => name === 'berth',
      rejectWaiting: (uid, reason) => waiting.reject(uid, '', reason),
      observe: {
        settled: (uid) => statuses.forget(uid),
        leftUnbound: (pod) => this.executor.leftUnbound(pod),
      },
    });
    this.scheduler = new Scheduler({
      cluster,
      queue: this.queue,
      feed: this.feed,
      profiles: new Map([['berth', profile]]),
      waiting,
      preBinding,
      nominate: (pod, nodeName) => statuses.nominate(pod, nodeName),
      latest,
      bindingBacklog: () => 0,
      clock,
      random: seededRandom(1),
      observer: {
        outcome: (outcome) => {
          this.outcomes.push(outcome);
          if (outcome.kind === 'pending') statuses.markPending(outcome.pod, outcome);
        },
      },
    });
  }

  /** `METHOD name` of each request, in order. */
  get calls(): string[] {
    return this.api.requests.map(callOf);
  }

  /** The last outcome of a pod. */
  outcome(pod: Pod): Outcome | undefined {
    return this.outcomes.findLast((outcome) => outcome.pod.uid === pod.uid);
  }

  node(node: Node): void {
    this.feed.nodeAdded(node);
  }

  /** The watch delivers a pod, new or changed. */
  show(pod: Pod): Pod {
    const old = this.#shown.get(pod.uid);
    this.#shown.set(pod.uid, pod);
    if (old === undefined) this.feed.podAdded(pod);
    else this.feed.podUpdated(old, pod);
    return pod;
  }

  /** The watch delivers a deletion. */
  remove({ uid }: Pod): void {
    const old = this.#shown.get(uid)!;
    this.#shown.delete(uid);
    this.feed.podDeleted(old);
  }

  /** One attempt for the next pod, if there is one; bindings and evictions go on until they need time or the API server. */
  async attempt(): Promise<void> {
    const entry = this.queue.pop();
    if (entry !== undefined) this.scheduler.scheduleOne(entry);
    await this.clock.advance(0);
  }

  /** Nominated nodes written so far, by pod name, '' for a nomination that was cleared. */
  get writtenNominations(): [name: string, nodeName: string][] {
    return this.api.requests.flatMap(({ path, body }) => {
      const { status = {} } = (body ?? {}) as { status?: { nominatedNodeName?: string | null } };
      return 'nominatedNodeName' in status ? [[path.split('/')[6]!, status.nominatedNodeName ?? '']] : [];
    });
  }
}
