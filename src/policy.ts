import type { Clock } from './clock.js';
import type { ClusterState } from './cluster/cluster-state.js';
import type { Pod } from './cluster/pod.js';
import type { EffectiveConfiguration } from './config/scheduler-configuration.js';
import { createExtenders } from './extenders/create-extenders.js';
import type { Extenders } from './extenders/extenders.js';
import type { ClusterEvent } from './framework/cluster-event.js';
import type { Profile } from './framework/profile.js';
import type { Registry } from './framework/registry.js';
import type { PodApi } from './kube/pod-api.js';
import type { WriteFence } from './kube/write-fence.js';
import type { ExtenderRecorder } from './observe/extender-recorder.js';
import type { PluginHost } from './plugin-host/plugin-host.js';
import { type HintObserver, HintTable } from './queue/hints.js';
import type { QueuePolicy } from './queue/scheduling-queue.js';
import { buildProfiles } from './scheduler/build-profiles.js';
import { extenderRejector } from './scheduler/extended-evaluation.js';
import { ExtenderBinding } from './scheduler/extender-binding.js';
import { kindsRead, type ObjectKind } from './scheduler/object-kinds.js';
import type { SchedulingPolicy } from './scheduler/scheduler.js';

/** What a policy works with: the same for all policies of a process. */
export interface PolicyParts {
  readonly cluster: ClusterState;
  /** Every plugin that profiles may name, made anew for each policy. */
  readonly registry: (plugins: PluginHost | undefined) => Registry;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  readonly nodeExists: (name: string) => boolean;
  readonly pods: PodApi;
  readonly fence: WriteFence;
  readonly clock: Clock;
  readonly extenderRecorder: ExtenderRecorder;
  readonly observeHint: HintObserver;
}

/**
 * What one configuration makes of the scheduler, as far as it can be exchanged while the scheduler works: profiles with their plugins,
 * queueing hints, extenders. Immutable; making one has no effect on those made before.
 */
export class Policy {
  readonly configuration: EffectiveConfiguration;
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** What is watched beside pods and nodes: the kinds that some plugin reads. */
  readonly watchedKinds: readonly ObjectKind[];
  readonly extenders: Extenders | undefined;
  /** Plugins from modules. */
  readonly plugins: PluginHost | undefined;
  /** For the loop. */
  readonly scheduling: SchedulingPolicy;
  /** For the queue. */
  readonly queue: QueuePolicy;
  readonly #hints: ReadonlyMap<string, HintTable>;
  readonly #extenderBinding: ExtenderBinding | undefined;

  /** Throws `BerthError` with exit code 2 on plugins and extenders that cannot work as configured. */
  constructor(configuration: EffectiveConfiguration, plugins: PluginHost | undefined, parts: PolicyParts) {
    const { cluster, observeHint } = parts;
    this.configuration = configuration;
    this.plugins = plugins;
    const registry = parts.registry(plugins);
    this.profiles = buildProfiles(configuration, { registry, cluster });
    this.watchedKinds = kindsRead(this.profiles.values(), registry);
    this.extenders = this.#createExtenders(parts);
    const extendersFor = this.extenders && ((pod: Pod) => this.extenders?.forPod(pod));
    this.#extenderBinding = extendersFor && this.#createExtenderBinding(extendersFor, parts);
    // Nobody knows what changes the mind of an extender: every event may.
    const rejectors = this.extenders === undefined ? [] : [{ name: extenderRejector }];
    const hints = Array.from(this.profiles, ([name, { all }]) => {
      const table = new HintTable([...all, ...rejectors], { observe: observeHint });
      return [name, table] as const;
    });
    this.#hints = new Map(hints);
    this.queue = this.#createQueuePolicy();
    this.scheduling = {
      profiles: this.profiles,
      extendersFor,
      otherBinder: this.#extenderBinding?.bind,
    };
  }

  /** Names of the plugins that some profile enables. */
  get enabledPlugins(): ReadonlySet<string> {
    return new Set([...this.profiles.values()].flatMap(({ all }) => all.map(({ name }) => name)));
  }

  /** Bindings under way by extenders. */
  get pendingBindings(): number {
    return this.#extenderBinding?.pending ?? 0;
  }

  /** True when a profile has the name. */
  isOurs(schedulerName: string): boolean {
    return this.profiles.has(schedulerName);
  }

  /** True when an event can help some refused pod. */
  isAwaited(event: ClusterEvent): boolean {
    return Array.from(this.#hints.values()).some((table) => table.matching(event).size > 0);
  }

  #createExtenders({ clock, cluster, latest, extenderRecorder }: PolicyParts): Extenders | undefined {
    return createExtenders(this.configuration, {
      clock,
      cluster,
      latest,
      isOurs: (name) => this.isOurs(name),
      observer: extenderRecorder,
      exchanged: (...exchange) => extenderRecorder.exchanged(...exchange),
    });
  }

  #createExtenderBinding(
    extendersFor: (pod: Pod) => ReturnType<Extenders['forPod']>,
    { pods, fence, clock, latest, nodeExists, extenderRecorder }: PolicyParts,
  ): ExtenderBinding {
    return new ExtenderBinding({
      extendersFor,
      pods,
      fence,
      clock,
      latest,
      nodeExists,
      passedOver: ({ name }, pod, message) => extenderRecorder.passedOver(name, 'bind', pod, message),
    });
  }

  #createQueuePolicy(): QueuePolicy {
    const { podInitialBackoffSeconds, podMaxBackoffSeconds } = this.configuration;
    // All profiles sort alike: the configuration was checked for it.
    const { queueSort } = this.profiles.values().next().value!;
    const profiles = Array.from(this.profiles, ([name, { preEnqueue }]) => {
      return [name, { preEnqueue, hints: this.#hints.get(name)! }] as const;
    });
    return {
      profiles: new Map(profiles),
      less: (a, b) => queueSort.less(a, b),
      backoff: { initialMs: podInitialBackoffSeconds * 1_000, maxMs: podMaxBackoffSeconds * 1_000 },
    };
  }
}
