import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import type { Pod } from '../cluster/pod.js';
import { ApiError } from '../kube/api-error.js';
import type { PodApi } from '../kube/pod-api.js';
import type { WriteFence } from '../kube/write-fence.js';
import type { Preemption, PreemptionActions } from '../plugins/default-preemption/preemption-actions.js';
import type { SchedulingQueue } from '../queue/scheduling-queue.js';
import { asApiError } from './as-api-error.js';
import type { PodsInPreBind } from './pods-in-pre-bind.js';
import { retriedWrite } from './retried-write.js';
import type { StatusWriter } from './status-writer.js';
import { withNomination } from './unseen-nomination.js';
import type { WaitingPods } from './waiting-pods.js';

/** How a victim left: deleted through the API server, or released by this scheduler before it was bound. */
export type Eviction = 'deleted' | 'released';

export interface PreemptionObserver {
  /** A pod that fits nowhere asked for room. */
  attempted?(): void;
  /** Room is going to be made. */
  began?(preemption: Preemption): void;
  evicted?(victim: Pod, preemption: Preemption, how: Eviction): void;
  /** `pod` is a victim, one that was to give up its nomination, or the preemptor when the fault is here. */
  failed?(pod: Pod, preemption: Preemption, error: ApiError): void;
  /** All that was to be done was done, or given up. */
  ended?(preemption: Preemption, result: 'success' | 'error', seconds: number): void;
}

export interface PreemptionExecutorOptions {
  readonly pods: PodApi;
  readonly statuses: StatusWriter;
  readonly fence: WriteFence;
  readonly clock: Clock;
  readonly waiting: WaitingPods;
  readonly preBinding: PodsInPreBind;
  /** The queue is made from plugins, and this is made for a plugin: asked for when it is needed. */
  readonly queue: () => Pick<SchedulingQueue, 'activate' | 'nominator'>;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  /** Pending pods of other schedulers are never written to. Default: all are ours. */
  readonly isOurs?: (schedulerName: string) => boolean;
  readonly observer?: PreemptionObserver;
}

/** What became of one victim. */
type VictimFate = Eviction | 'gone' | ApiError;

/** What a preemption came to, as far as its preemptor is concerned. */
type Result =
  | 'failed'
  /** The API server deletes the last victim: the preemptor is held back until that is seen. */
  | 'deleting'
  /** The last victim was gone, or another took its name: its deletion is going to be seen, if it was not. */
  | 'deletion-follows'
  | 'nothing-follows';

/** A pod for which room is being made, or has been and is not yet to be seen. */
interface UnderWay {
  /** Set when the last victim's turn has come: from then on its disappearance is what the pod waits for. */
  last: Pod | undefined;
  /** When the last was deleted, in monotonic milliseconds. */
  deletedAt?: number;
}

const plugin = 'DefaultPreemption';
/** Evictions at once, as in kube-scheduler. */
const concurrency = 16;
/** A deletion that is not seen for so long is not going to be: a server was set back, or lied. */
const seenWithinMs = 30_000;
/** Preemptors that may have gone with their room still unseen: only then it pays to look for them. */
const unseenAtMost = 64;

/**
 * Makes room beside the scheduling of other pods: takes the node's nominations away from less important pods, evicts all victims but
 * the last, then the last. Until the last is seen on its way out the preemptor is held back, so that it cannot be tried on a half-cleared
 * node, where it would choose further victims, and the deletion that wakes it cannot be missed.
 */
export class PreemptionExecutor implements PreemptionActions {
  readonly #options: PreemptionExecutorOptions;
  readonly #queue = new PQueue({ concurrency });
  /** By UID of the preemptor. */
  readonly #underWay = new Map<string, UnderWay>();
  readonly #tasks = new Set<Promise<void>>();

  constructor(options: PreemptionExecutorOptions) {
    this.#options = options;
  }

  /** Preemptions that have not ended. */
  get open(): number {
    return this.#tasks.size;
  }

  /** Resolves when no preemption is under way. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.allSettled([...this.#tasks]);
  }

  attempted(): void {
    this.#options.observer?.attempted?.();
  }

  current(pod: Pod): Pod | undefined {
    const latest = this.#options.latest(pod.uid);
    return latest && withNomination(latest, this.#options.queue().nominator);
  }

  isPromised(nodeName: string, { uid }: Pod): boolean {
    return this.#options
      .queue()
      .nominator.podsFor(nodeName)
      .some((pod) => pod.uid !== uid);
  }

  holdsBack(pod: Pod): boolean {
    const underWay = this.#underWay.get(pod.uid);
    return underWay !== undefined && this.#isToCome(underWay);
  }

  /** The last victim is still to be seen on its way out. */
  #isToCome({ last, deletedAt }: UnderWay): boolean {
    if (last === undefined) return true;
    if (deletedAt !== undefined && this.#options.clock.monotonic() - deletedAt > seenWithinMs) return false;
    const seen = this.#options.latest(last.uid);
    return seen !== undefined && !seen.terminating;
  }

  /**
   * A pod left that was on no node, and so freed none. It may be a victim all the same, whose binding failed between choice and deletion: then
   * nothing else tells its preemptor that it is held back no longer.
   */
  leftUnbound({ uid }: Pod): void {
    for (const [preemptor, { last }] of this.#underWay)
      if (last?.uid === uid) this.#options.queue().activate([preemptor]);
  }

  begin(preemption: Preemption): void {
    const { preemptor, victims } = preemption;
    this.#options.observer?.began?.(preemption);
    const staying = victims.filter(({ terminating }) => !terminating);
    if (staying.length === 0) return;
    this.#forgetWhoIsGone();
    const underWay: UnderWay = { last: undefined };
    this.#underWay.set(preemptor.uid, underWay);
    const task = this.#execute(preemption, staying, underWay).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** A preemptor that goes before its room is seen is not asked about any more. */
  #forgetWhoIsGone(): void {
    if (this.#underWay.size <= this.#tasks.size + unseenAtMost) return;
    for (const [uid, underWay] of this.#underWay)
      if (this.#options.latest(uid) === undefined || !this.#isToCome(underWay)) this.#underWay.delete(uid);
  }

  /** Never rejects. */
  async #execute(preemption: Preemption, victims: readonly Pod[], underWay: UnderWay): Promise<void> {
    const { clock, observer, queue } = this.#options;
    const { uid } = preemption.preemptor;
    const started = clock.monotonic();
    let result: Result = 'failed';
    try {
      result = await this.#makeRoom(preemption, victims, underWay);
    } catch (thrown) {
      observer?.failed?.(preemption.preemptor, preemption, asApiError(thrown));
    } finally {
      if (result === 'deleting') underWay.deletedAt = clock.monotonic();
      // Only then may the preemptor be activated: it would be held back again.
      else if (this.#underWay.get(uid) === underWay) this.#underWay.delete(uid);
      // Unless the last victim's deletion is going to be seen, nothing else would bring the preemptor back.
      if (result === 'failed' || result === 'nothing-follows') queue().activate([uid]);
      const outcome = result === 'failed' ? 'error' : 'success';
      observer?.ended?.(preemption, outcome, (clock.monotonic() - started) / 1000);
    }
  }

  async #makeRoom(preemption: Preemption, victims: readonly Pod[], underWay: UnderWay): Promise<Result> {
    const cleared = await this.#clearNominations(preemption);
    if (!(await this.#evictAll(victims.slice(0, -1), preemption))) return 'failed';
    const last = victims.at(-1)!;
    // If it vanished before its turn, the event of it has come and gone while the preemptor was held back.
    const vanished = this.#options.latest(last.uid) === undefined;
    underWay.last = last;
    const fate = vanished ? 'gone' : await this.#evict(last, preemption);
    if (fate instanceof ApiError || !cleared) return 'failed';
    if (vanished || fate === 'released') return 'nothing-follows';
    return fate === 'deleted' ? 'deleting' : 'deletion-follows';
  }

  /** Pods that are less important must not hold on to the node. True when all of them gave it up. */
  async #clearNominations(preemption: Preemption): Promise<boolean> {
    const { queue, statuses, observer, latest, isOurs = () => true } = this.#options;
    const { nominator } = queue();
    const { preemptor, nodeName } = preemption;
    const weaker = nominator
      .podsFor(nodeName)
      .filter(({ uid, priority }) => priority < preemptor.priority && uid !== preemptor.uid)
      .filter(({ schedulerName }) => isOurs(schedulerName));
    const outcomes = weaker.map(async (pod) => {
      nominator.remove(pod.uid);
      const error = await statuses.nominate(latest(pod.uid) ?? pod, '');
      if (error === undefined || error.code === 404) return true;
      observer?.failed?.(pod, preemption, error);
      return false;
    });
    return (await Promise.all(outcomes)).every(Boolean);
  }

  /** After a failure the victims whose turn has not come are spared. True when all are on their way out. */
  async #evictAll(victims: readonly Pod[], preemption: Preemption): Promise<boolean> {
    let allLeft = true;
    await Promise.all(
      victims.map((victim) =>
        this.#queue.add(async () => {
          if (allLeft && (await this.#evict(victim, preemption)) instanceof ApiError) allLeft = false;
        }),
      ),
    );
    return allLeft;
  }

  async #evict(victim: Pod, preemption: Preemption): Promise<VictimFate> {
    const { waiting, preBinding, observer } = this.#options;
    if (waiting.preempt(victim.uid, plugin) || preBinding.cancel(victim.uid, `preempted by ${plugin}`)) {
      observer?.evicted?.(victim, preemption, 'released');
      return 'released';
    }
    const error = (await this.#tellWhy(victim, preemption)) ?? (await this.#delete(victim));
    if (error === undefined) {
      observer?.evicted?.(victim, preemption, 'deleted');
      return 'deleted';
    }
    if (error.code === 404 || error.code === 409) return 'gone';
    observer?.failed?.(victim, preemption, error);
    return error;
  }

  /** Writes the DisruptionTarget condition, which whoever owns the victim may ask why it was deleted. */
  async #tellWhy(victim: Pod, { preemptor }: Preemption): Promise<ApiError | undefined> {
    const { pods, clock } = this.#options;
    // Said already, by an earlier eviction that did not get further.
    if (victim.preempted) return undefined;
    return retriedWrite(
      () =>
        pods.patchStatus(victim, {
          condition: {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'PreemptionByScheduler',
            message: `${preemptor.schedulerName}: preempting to accommodate a higher priority pod`,
            lastTransitionTime: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
            observedGeneration: victim.generation,
          },
        }),
      this.#options,
    );
  }

  #delete(victim: Pod): Promise<ApiError | undefined> {
    return retriedWrite(() => this.#options.pods.delete(victim), this.#options);
  }
}
