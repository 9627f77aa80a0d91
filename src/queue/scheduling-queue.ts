import { type Clock, steadyNow } from '../clock.js';
import { Action } from '../cluster/action.js';
import { podChanges } from '../cluster/object-change.js';
import type { Pod } from '../cluster/pod.js';
import type { ClusterEvent } from '../framework/cluster-event.js';
import { updateEvents } from '../framework/cluster-events.js';
import type { PreEnqueuePlugin, QueuedPod } from '../framework/plugin.js';
import { type BackoffLimits, backoffExpiry, isBackingOff } from './backoff.js';
import { Heap } from './heap.js';
import type { HintTable, Requeue } from './hints.js';
import { InFlight, type OccurredEvent } from './in-flight.js';
import { Nominator } from './nominator.js';
import { QueueEntry } from './queued-pod.js';
import { type PodGroup, RefusedPods } from './refused-pods.js';

export type QueueName = 'active' | 'backoff' | 'unschedulable' | 'gated';

export interface QueueProfile {
  readonly preEnqueue: readonly PreEnqueuePlugin[];
  readonly hints: HintTable;
}

export interface QueueObserver {
  /** A pod entered a queue because of an event. */
  incoming?(queue: 'active' | 'backoff' | 'unschedulable', event: string): void;
  /** One pod more or less counts as refused by a plugin. */
  rejectedBy?(plugin: string, profile: string, delta: 1 | -1): void;
  /** A pod is held back before its first attempt; said again whenever it was looked at again. */
  gated?(pod: Pod, reason: string): void;
}

/** What the queue owes to the configuration. */
export interface QueuePolicy {
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, QueueProfile>;
  readonly less: (a: QueuedPod, b: QueuedPod) => boolean;
  /** @default { initialMs: 1_000, maxMs: 10_000 } */
  readonly backoff?: BackoffLimits;
}

export interface SchedulingQueueOptions extends QueuePolicy {
  readonly clock: Clock;
  /** After this long in the unschedulable pool a pod is tried again, whatever the hints say. @default 300_000 */
  readonly maxUnschedulableMs?: number;
  readonly observer?: QueueObserver;
}

const defaultBackoff: BackoffLimits = { initialMs: 1_000, maxMs: 10_000 };

const timeout: ClusterEvent = { resource: '*', action: Action.All, label: 'UnschedulableTimeout' };
const attemptFailure = 'ScheduleAttemptFailure';
const podAdd = 'UnscheduledPodAdd';
/** Whoever was refused may be judged otherwise now. */
const reload: ClusterEvent = { resource: '*', action: Action.All, label: 'ConfigurationReload' };
/** Concerns one pod alone: it comes along as the new object. */
const forceActivate: ClusterEvent = { resource: '*', action: Action.All, label: 'ForceActivate' };

/**
 * Every pending pod of ours is in exactly one place: active (to be tried), backing off, unschedulable (waiting for an event that
 * can help), gated, or in flight. Behaviour is kube-scheduler's; keys are UIDs.
 */
export class SchedulingQueue {
  readonly nominator = new Nominator();
  /** What the times of entries are of, in milliseconds since 1970. A wall clock that is set back must not prolong a backoff. */
  readonly now: () => number;
  #profiles: ReadonlyMap<string, QueueProfile>;
  #less: (a: QueuedPod, b: QueuedPod) => boolean;
  #limits: BackoffLimits;
  readonly #clock: Clock;
  readonly #maxUnschedulableMs: number;
  readonly #observer: QueueObserver;
  readonly #active: Heap<QueueEntry>;
  /** Refused by a plugin; may be tried early when nothing else is to do. */
  readonly #backoff: Heap<QueueEntry>;
  /** Failed by an error: waits out its backoff in any case. */
  readonly #errorBackoff: Heap<QueueEntry>;
  /** Refused or gated, by UID. */
  readonly #pool = new Map<string, QueueEntry>();
  readonly #refused = new RefusedPods();
  readonly #entries = new Map<string, QueueEntry>();
  readonly #inFlight = new InFlight();
  #gatedCount = 0;
  #wake: (() => void) | undefined;

  constructor(options: SchedulingQueueOptions) {
    this.#profiles = options.profiles;
    this.#less = options.less;
    this.#limits = options.backoff ?? defaultBackoff;
    this.#clock = options.clock;
    this.now = steadyNow(options.clock);
    this.#maxUnschedulableMs = options.maxUnschedulableMs ?? 300_000;
    this.#observer = options.observer ?? {};
    const less = (a: QueueEntry, b: QueueEntry): boolean => this.#less(a, b);
    this.#active = new Heap(less);
    const byExpiry = (a: QueueEntry, b: QueueEntry): boolean => {
      const difference = backoffExpiry(a, this.#limits) - backoffExpiry(b, this.#limits);
      return difference !== 0 ? difference < 0 : less(a, b);
    };
    this.#backoff = new Heap(byExpiry);
    this.#errorBackoff = new Heap(byExpiry);
  }

  /** Pods by queue, as `scheduler_pending_pods` shows them. */
  get counts(): Readonly<Record<QueueName, number>> {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errorBackoff.size,
      unschedulable: this.#pool.size - this.#gatedCount,
      gated: this.#gatedCount,
    };
  }

  get inFlightPods(): number {
    return this.#inFlight.podCount;
  }

  get inFlightEvents(): number {
    return this.#inFlight.eventCount;
  }

  /** True when the pod is in a queue or under way. */
  has(uid: string): boolean {
    return this.#entries.has(uid) || this.#inFlight.has(uid);
  }

  /** Where a pod waits; undefined when it does not. */
  whereIs(uid: string): QueueName | 'in-flight' | undefined {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return this.#inFlight.has(uid) ? 'in-flight' : undefined;
    if (this.#active.has(entry)) return 'active';
    if (this.#pool.has(uid)) return entry.gatedBy === undefined ? 'unschedulable' : 'gated';
    return 'backoff';
  }

  /** Entries waiting in the pool, for explanations. */
  poolEntries(): Iterable<QueueEntry> {
    return this.#pool.values();
  }

  /** A new pending pod. One that is here already is replaced in place. */
  add(pod: Pod): void {
    const known = this.#entries.get(pod.uid);
    if (known !== undefined) {
      this.update(known.pod, pod);
      return;
    }
    if (this.#inFlight.has(pod.uid)) return;
    this.nominator.nominate(pod, pod.nominatedNodeName);
    this.#enter(new QueueEntry(pod, this.now()), podAdd);
  }

  /** A pending pod changed. */
  update(old: Pod, pod: Pod): void {
    const changes = podChanges(old, pod);
    if (this.#inFlight.has(pod.uid)) {
      for (const event of updateEvents('TargetPod', changes)) this.#inFlight.record({ event, old, now: pod });
      return;
    }
    const entry = this.#entries.get(pod.uid);
    if (entry === undefined) {
      this.add(pod);
      return;
    }
    entry.pod = pod;
    this.nominator.update(old, pod);
    if (!this.#pool.has(pod.uid)) {
      this.#heapOf(entry)?.changed(entry);
      return;
    }
    // Its template may be another one now.
    this.#refused.delete(entry);
    this.#refused.add(entry);
    for (const event of updateEvents('TargetPod', changes)) {
      const requeue = this.#weigh(entry, { event, old, now: pod });
      if (requeue === 'stay') continue;
      this.#leavePool(entry);
      this.#requeue(entry, requeue, event.label);
      if (!this.#pool.has(pod.uid)) return;
    }
  }

  /** The pod is gone, bound, or ours no more. An attempt under way goes on until its end. */
  delete(uid: string): void {
    this.nominator.remove(uid);
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#entries.delete(uid);
    if (this.#pool.has(uid)) this.#leavePool(entry);
    else this.#heapOf(entry)?.remove(entry);
    this.#countRejectors(entry, -1);
  }

  /** The next pod to try, or undefined when there is none now. The pod is in flight until `done` or `putBack`. */
  pop(): QueueEntry | undefined {
    let entry = this.#active.pop();
    if (entry === undefined) {
      // Nothing else to do: a pod that only waits out its backoff is tried early.
      entry = this.#backoff.pop();
      if (entry !== undefined) this.#observer.incoming?.('active', 'PopFromBackoffQ');
    }
    if (entry === undefined) return undefined;
    this.#entries.delete(entry.pod.uid);
    entry.attempts += 1;
    this.#countRejectors(entry, -1);
    this.#inFlight.begin(entry.pod.uid);
    return entry;
  }

  /** Resolves when `pop` may have something. */
  async ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    if (this.#active.size > 0 || this.#backoff.size > 0 || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        signal?.removeEventListener('abort', this.#wake!);
        this.#wake = undefined;
        resolve();
      };
      signal?.addEventListener('abort', this.#wake, { once: true });
    });
  }

  /** The attempt is over for the queue: the pod is bound, gone, or will not come back. */
  done(uid: string): void {
    this.#inFlight.end(uid);
  }

  /**
   * A failed attempt. Without rejectors it was an error: the pod backs off. With rejectors it waits for an event that can help,
   * unless one came while it was under way. `pod` is the newest version known.
   */
  putBack(
    entry: QueueEntry,
    pod: Pod,
    failure: { readonly rejectors: ReadonlySet<string>; readonly pendingPlugins?: ReadonlySet<string> },
  ): void {
    const events = this.#inFlight.since(pod.uid);
    this.#inFlight.end(pod.uid);
    if (this.#entries.has(pod.uid)) return;
    entry.pod = pod;
    entry.timestamp = this.now();
    entry.flushed = false;
    entry.flushedAt = 0;
    entry.gatedBy = undefined;
    entry.rejectors = failure.rejectors;
    entry.pendingPlugins = failure.pendingPlugins ?? new Set();
    this.#countRejectors(entry, 1);
    if (failure.rejectors.size === 0) {
      entry.errors += 1;
      this.#requeue(entry, 'after-backoff', attemptFailure);
      return;
    }
    entry.rejections += 1;
    entry.errors = 0;
    this.#requeue(entry, this.#strongest(entry, events), attemptFailure);
  }

  /** Something happened that may help pods in the pool. `concerns` narrows to pods that the event can concern at all. */
  onEvent(
    event: ClusterEvent,
    old: unknown,
    now: unknown,
    options: { readonly concerns?: (pod: Pod) => boolean } = {},
  ): void {
    const plugins = new Set<string>();
    for (const profile of this.#profiles.values())
      for (const name of profile.hints.matching(event).keys()) plugins.add(name);
    if (plugins.size === 0) return;
    const occurred: OccurredEvent = { event, old, now };
    for (const plugin of plugins) {
      for (const group of this.#refused.refusedBy(plugin)) {
        if (!this.#mayHelp(plugin, group, occurred)) continue;
        for (const entry of [...group]) {
          if (options.concerns !== undefined && !options.concerns(entry.pod)) continue;
          const requeue = this.#weigh(entry, occurred);
          if (requeue === 'stay') continue;
          this.#leavePool(entry);
          this.#requeue(entry, requeue, event.label);
        }
      }
    }
    this.#inFlight.record(occurred);
  }

  /** Brings pods to the active queue at once, whatever their backoff. A pod under way comes back after its backoff if it fails. */
  activate(uids: Iterable<string>): void {
    for (const uid of uids) {
      if (this.#inFlight.has(uid)) {
        this.#inFlight.record({ event: forceActivate, old: undefined, now: { uid } });
        continue;
      }
      const entry = this.#entries.get(uid);
      if (entry === undefined || this.#active.has(entry)) continue;
      if (this.#pool.has(uid)) {
        this.#leavePool(entry);
        this.#requeue(entry, 'at-once', forceActivate.label);
      } else {
        this.#heapOf(entry)?.remove(entry);
        this.#pushActive(entry, forceActivate.label);
      }
    }
  }

  /**
   * Goes on under another policy: every waiting pod is sorted in anew. Pods that were refused are tried again once their backoff is
   * over, pods that nobody schedules any more are let go.
   */
  reconfigure({ profiles, less, backoff = defaultBackoff }: QueuePolicy): void {
    const waiting = [...this.#entries.values()].map((entry) => {
      const wasActive = this.#active.has(entry);
      if (this.#pool.has(entry.pod.uid)) this.#leavePool(entry);
      else this.#heapOf(entry)?.remove(entry);
      return { entry, wasActive };
    });
    this.#entries.clear();
    this.#profiles = profiles;
    this.#less = less;
    this.#limits = backoff;
    for (const { entry, wasActive } of waiting) {
      if (profiles.has(entry.pod.schedulerName)) {
        this.#requeue(entry, wasActive ? 'at-once' : 'after-backoff', reload.label);
      } else {
        this.nominator.remove(entry.pod.uid);
        this.#countRejectors(entry, -1);
      }
    }
    this.#inFlight.record({ event: reload, old: undefined, now: undefined });
  }

  /** Moves pods whose backoff is over to the active queue. To be called every second. */
  flushBackoff(): void {
    const now = this.now();
    for (const heap of [this.#backoff, this.#errorBackoff]) {
      for (
        let entry = heap.peek();
        entry !== undefined && !isBackingOff(entry, now, this.#limits);
        entry = heap.peek()
      ) {
        heap.pop();
        this.#pushActive(entry, 'BackoffComplete');
      }
    }
  }

  /** Tries pods again that no event helped for long: a safety net under the hints. To be called every 30 seconds. */
  flushUnschedulable(): void {
    const now = this.now();
    for (const entry of [...this.#pool.values()]) {
      if (now - Math.max(entry.timestamp, entry.flushedAt) <= this.#maxUnschedulableMs) continue;
      entry.flushed = true;
      entry.flushedAt = now;
      this.#leavePool(entry);
      this.#requeue(entry, 'after-backoff', timeout.label);
      if (entry.gatedBy !== undefined) entry.flushed = false;
    }
  }

  /** Runs the flushes until the signal fires. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    for (let seconds = 1; !signal.aborted; seconds++) {
      // Backoff ends on whole seconds, so that is when to look.
      await this.#clock.sleep(1_000 - (this.now() % 1_000), { signal }).catch(() => undefined);
      if (signal.aborted) return;
      this.flushBackoff();
      if (seconds % 30 === 0) this.flushUnschedulable();
    }
  }

  /** False when no pod of the group has to be asked about: the plugin says of all of them at once that the event is no help. */
  #mayHelp(plugin: string, group: PodGroup, occurred: OccurredEvent): boolean {
    const [first] = group;
    // One alone is asked about in any case.
    if (first === undefined || group.size === 1) return first !== undefined;
    const hints = this.#profiles.get(first.pod.schedulerName)?.hints;
    return hints === undefined || !hints.helpsNoneLike(first, plugin, occurred);
  }

  #strongest(entry: QueueEntry, events: readonly OccurredEvent[]): Requeue {
    let answer: Requeue = 'stay';
    for (const occurred of events) {
      const requeue = this.#weigh(entry, occurred);
      if (requeue === 'at-once') return requeue;
      if (requeue === 'after-backoff') answer = requeue;
    }
    return answer;
  }

  #weigh(entry: QueueEntry, occurred: OccurredEvent): Requeue {
    const profile = this.#profiles.get(entry.pod.schedulerName);
    if (profile === undefined) return 'after-backoff';
    if (occurred.event.resource === '*') return isAbout(occurred.now, entry) ? 'after-backoff' : 'stay';
    if (entry.gatedBy !== undefined) {
      if (!profile.hints.matching(occurred.event).has(entry.gatedBy)) return 'stay';
      // The gate may be open now, and what once called for the pod does not happen again.
      if (entry.heldBack !== undefined) return entry.heldBack;
    }
    return profile.hints.weigh(entry, occurred);
  }

  #enter(entry: QueueEntry, label: string): void {
    this.#entries.set(entry.pod.uid, entry);
    if (this.#isGated(entry)) this.#enterPool(entry, label);
    else this.#pushActive(entry, label);
  }

  #requeue(entry: QueueEntry, requeue: Requeue, label: string): void {
    this.#entries.set(entry.pod.uid, entry);
    if (requeue === 'stay' || this.#isGated(entry)) {
      entry.heldBack = requeue === 'stay' ? undefined : requeue;
      this.#enterPool(entry, label);
      return;
    }
    if (requeue === 'after-backoff' && isBackingOff(entry, this.now(), this.#limits)) {
      (entry.rejectors.size === 0 ? this.#errorBackoff : this.#backoff).push(entry);
      this.#observer.incoming?.('backoff', label);
      this.#wake?.();
      return;
    }
    this.#pushActive(entry, label);
  }

  #pushActive(entry: QueueEntry, label: string): void {
    entry.firstActive ??= this.now();
    entry.gatedBy = undefined;
    this.#active.push(entry);
    this.#observer.incoming?.('active', label);
    this.#wake?.();
  }

  #enterPool(entry: QueueEntry, label: string): void {
    this.#pool.set(entry.pod.uid, entry);
    if (entry.gatedBy !== undefined) this.#gatedCount += 1;
    this.#refused.add(entry);
    this.#observer.incoming?.('unschedulable', label);
  }

  #leavePool(entry: QueueEntry): void {
    this.#pool.delete(entry.pod.uid);
    this.#refused.delete(entry);
    if (entry.gatedBy !== undefined) this.#gatedCount -= 1;
  }

  /** Asks the PreEnqueue plugins, the one that refused last time first; a refusal is noted in the entry. */
  #isGated(entry: QueueEntry): boolean {
    const profile = this.#profiles.get(entry.pod.schedulerName);
    const before = entry.gatedBy;
    entry.gatedBy = undefined;
    if (profile === undefined) return false;
    const first = profile.preEnqueue.filter((plugin) => plugin.name === before);
    for (const plugin of [...first, ...profile.preEnqueue.filter((other) => other.name !== before)]) {
      const status = plugin.preEnqueue(entry.pod);
      if (status === undefined) continue;
      entry.gatedBy = plugin.name;
      if (entry.attempts === 0) this.#observer.gated?.(entry.pod, status.reasons.join(', '));
      if (!entry.rejectors.has(plugin.name)) {
        entry.rejectors = new Set([...entry.rejectors, plugin.name]);
        this.#observer.rejectedBy?.(plugin.name, entry.pod.schedulerName, 1);
      }
      return true;
    }
    return false;
  }

  #countRejectors(entry: QueueEntry, delta: 1 | -1): void {
    if (this.#observer.rejectedBy === undefined) return;
    for (const plugin of entry.rejectors) this.#observer.rejectedBy(plugin, entry.pod.schedulerName, delta);
  }

  #heapOf(entry: QueueEntry): Heap<QueueEntry> | undefined {
    return [this.#active, this.#backoff, this.#errorBackoff].find((heap) => heap.has(entry));
  }
}

/** True for an event that does not name a pod, or names this one. */
function isAbout(object: unknown, entry: QueueEntry): boolean {
  const { uid } = (object ?? {}) as { readonly uid?: string };
  return uid === undefined || uid === entry.pod.uid;
}
