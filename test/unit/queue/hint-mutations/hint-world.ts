import { Action } from '../../../../src/cluster/action.js';
import { ClusterState } from '../../../../src/cluster/cluster-state.js';
import type { Node } from '../../../../src/cluster/node.js';
import type { Pod } from '../../../../src/cluster/pod.js';
import { inTreePlugins } from '../../../../src/config/in-tree-plugins.js';
import { loadConfiguration } from '../../../../src/config/load.js';
import type { EventRegistration, EventResource, Hint } from '../../../../src/framework/cluster-event.js';
import type { Profile } from '../../../../src/framework/profile.js';
import type { KubeObject } from '../../../../src/kube/object-store.js';
import { decideOnly } from '../../../../src/plugins/default-preemption/preemption-actions.js';
import { createInTreeRegistry } from '../../../../src/plugins/in-tree.js';
import { HintTable } from '../../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../../src/queue/scheduling-queue.js';
import { buildProfiles } from '../../../../src/scheduler/build-profiles.js';
import { ClusterFeed } from '../../../../src/scheduler/cluster-feed.js';
import { ObjectFeed } from '../../../../src/scheduler/object-feed.js';
import { objectKinds } from '../../../../src/scheduler/object-kinds.js';
import { type Outcome, Scheduler } from '../../../../src/scheduler/scheduler.js';
import { WaitingPods } from '../../../../src/scheduler/waiting-pods.js';
import { makeNode, makePod, type NodeParts, type PodParts } from '../../../build-objects.js';
import { ManualClock } from '../../../manual-clock.js';

export type AnyRegistration = EventRegistration<unknown, unknown>;

/** One thing that a plugin registered for: a resource and one bit of `Action`, or all update bits where it means any update. */
export interface Interest {
  readonly plugin: string;
  readonly resource: EventResource;
  readonly action: number;
}

/** A plugin that lacks one interest, or that answers Skip to it whatever happened. */
export interface Damage {
  readonly interest: Interest;
  readonly how: 'not registered' | 'always Skip';
}

export interface HintWorldOptions {
  readonly damage?: Damage | undefined;
  /** Filters of these plugins alone; the others, and where pods come and go, stay as by default. */
  readonly only?: readonly string[] | undefined;
  /** Told of each field of the waiting pod that a hint reads which says that it answers for a whole template. */
  readonly onRead?: ((field: string, plugin: string) => void) | undefined;
}

/** Profile `berth` with the plugins of kube-scheduler, or some of them. */
function profileOf(cluster: ClusterState, held: Set<string>, only: readonly string[] | undefined): Profile {
  const everything = [{ name: '*' }];
  const plugins = only && {
    multiPoint: { enabled: only.map((name) => ({ name })), disabled: everything },
    queueSort: { enabled: [{ name: 'PrioritySort' }] },
    bind: { enabled: [{ name: 'DefaultBinder' }] },
  };
  const document = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [{ schedulerName: 'berth', plugins }],
  };
  const configuration = loadConfiguration(
    'hints',
    {},
    { allowDefaultLease: true, readFile: () => JSON.stringify(document), plugins: inTreePlugins },
  );
  const registry = createInTreeRegistry({
    bind: async () => undefined,
    preemption: {
      random: () => 0,
      actions: {
        ...decideOnly,
        begin: ({ preemptor }) => held.add(preemptor.uid),
        holdsBack: ({ uid }) => held.has(uid),
      },
    },
  });
  return buildProfiles(configuration, { registry, cluster }).get('berth')!;
}

/** True when the registration covers the interest. */
export function covers(
  { resource, action }: Pick<AnyRegistration, 'resource' | 'action'>,
  interest: Interest,
) {
  return resource === interest.resource && (action & interest.action) === interest.action;
}

function damaged(events: readonly AnyRegistration[], { interest, how }: Damage): AnyRegistration[] {
  return events.flatMap((registration) => {
    if (!covers(registration, interest)) return [registration];
    const rest = registration.action & ~interest.action;
    const others = rest === 0 ? [] : [{ ...registration, action: rest }];
    const mute = { ...registration, action: interest.action, hint: (): Hint => 'Skip' };
    return how === 'not registered' ? others : [...others, mute];
  });
}

function watched(
  registration: AnyRegistration,
  plugin: string,
  onRead: NonNullable<HintWorldOptions['onRead']>,
): AnyRegistration {
  const { hint, perTemplate = false } = registration;
  if (hint === undefined || !perTemplate) return registration;
  const get = (pod: Pod, field: string): unknown => {
    onRead(field, plugin);
    return Reflect.get(pod, field);
  };
  return {
    ...registration,
    hint: (pod, old, now) => hint(new Proxy(pod, { get } as ProxyHandler<Pod>), old, now),
  };
}

/** Queue, feeds, attempts and plugins put together as in the program; a test is the API server. */
export class HintWorld {
  readonly cluster = new ClusterState();
  readonly profile: Profile;
  readonly queue: SchedulingQueue;
  readonly outcomes: Outcome[] = [];
  /** Pods that PreEnqueue of DefaultPreemption holds back. */
  readonly held = new Set<string>();
  readonly #clock = new ManualClock();
  readonly #feed: ClusterFeed;
  readonly #scheduler: Scheduler;
  readonly #objectFeeds = new Map<string, ObjectFeed>();
  readonly #pods = new Map<string, Pod>();
  readonly #nodes = new Map<string, Node>();
  readonly #objects = new Map<string, KubeObject>();

  constructor({ damage, only, onRead }: HintWorldOptions = {}) {
    const { cluster } = this;
    this.profile = profileOf(cluster, this.held, only);
    const plugins = this.profile.all.map((plugin) => {
      const { name, events } = plugin;
      const registered = events as readonly AnyRegistration[] | undefined;
      const isDamaged = damage !== undefined && damage.interest.plugin === name && registered !== undefined;
      const whole = isDamaged ? damaged(registered, damage) : registered;
      const kept = onRead === undefined ? whole : whole?.map((each) => watched(each, name, onRead));
      return kept === undefined
        ? { name }
        : { name, events: kept as readonly EventRegistration<never, never>[] };
    });
    const hints = new HintTable(plugins);
    const { preEnqueue, queueSort } = this.profile;
    this.queue = new SchedulingQueue({
      profiles: new Map([['berth', { preEnqueue, hints }]]),
      less: (a, b) => queueSort.less(a, b),
      clock: this.#clock,
    });
    const isOurs = (name: string): boolean => name === 'berth';
    this.#feed = new ClusterFeed({ cluster, queue: this.queue, isOurs });
    for (const kind of objectKinds) {
      const isAwaited = (event: Parameters<HintTable['matching']>[0]): boolean =>
        hints.matching(event).size > 0;
      this.#objectFeeds.set(kind.kind, new ObjectFeed({ kind, cluster, queue: this.queue, isAwaited }));
    }
    this.#scheduler = new Scheduler({
      cluster,
      queue: this.queue,
      feed: this.#feed,
      profiles: new Map([['berth', this.profile]]),
      waiting: new WaitingPods({ clock: this.#clock }),
      latest: (uid) => this.#pods.get(uid),
      bindingBacklog: () => 0,
      clock: this.#clock,
      random: () => 0,
      observer: { outcome: (outcome) => this.outcomes.push(outcome) },
    });
  }

  /** The watch shows a node, new or changed. */
  node(parts: NodeParts & { readonly name: string }): void {
    const node = makeNode(parts);
    const old = this.#nodes.get(node.name);
    this.#nodes.set(node.name, node);
    if (old === undefined) this.#feed.nodeAdded(node);
    else this.#feed.nodeUpdated(old, node);
  }

  removeNode(name: string): void {
    this.#feed.nodeDeleted(this.#nodes.get(name)!);
    this.#nodes.delete(name);
  }

  /** The watch shows a pod, new or changed; a pod's name is its uid. */
  pod(parts: PodParts & { readonly name: string }): Pod {
    const pod = makePod({ ...parts, uid: parts.name });
    const old = this.#pods.get(pod.uid);
    this.#pods.set(pod.uid, pod);
    if (old === undefined) this.#feed.podAdded(pod);
    else this.#feed.podUpdated(old, pod);
    return pod;
  }

  removePod(name: string): void {
    const pod = this.#pods.get(name)!;
    this.#pods.delete(name);
    this.#feed.podDeleted(pod);
  }

  /** The watch shows an object of another kind, new or changed. */
  put(kind: string, raw: Readonly<Record<string, unknown>>): void {
    const feed = this.#objectFeeds.get(kind)!;
    const object = feed.kind.project(raw);
    const key = `${kind} ${object.name}`;
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    if (old === undefined) feed.added(object);
    else feed.updated(old, object);
  }

  remove(kind: string, name: string): void {
    const key = `${kind} ${name}`;
    this.#objectFeeds.get(kind)!.deleted(this.#objects.get(key)!);
    this.#objects.delete(key);
  }

  /** Tries the next pod, and returns the plugins that refused it. */
  attempt(): string[] {
    const entry = this.queue.pop();
    if (entry === undefined) return [];
    this.#scheduler.scheduleOne(entry);
    return [...entry.rejectors].sort();
  }

  /** True while nothing but an event brings the pod back. */
  waits(name: string): boolean {
    const where = this.queue.whereIs(name);
    return where === 'unschedulable' || where === 'gated';
  }

  /** True when the pod was given a node. */
  isPlaced(name: string): boolean {
    return this.cluster.pod(name) !== undefined;
  }
}

/** Every interest of every plugin, one by one. */
export function interestsOf({ all }: Pick<Profile, 'all'>): Interest[] {
  return all.flatMap(({ name: plugin, events = [] }) =>
    (events as readonly AnyRegistration[]).flatMap(({ resource, action }) =>
      bitsOf(action).map((bit) => ({ plugin, resource, action: bit })),
    ),
  );
}

/** All update bits together stand for any update. */
function bitsOf(action: number): number[] {
  const isAnyUpdate = (action & Action.Update) === Action.Update;
  const single = Object.values(Action).filter((bit) => Number.isInteger(Math.log2(bit)));
  const bits = single.filter((bit) => (action & bit) !== 0 && !(isAnyUpdate && (bit & Action.Update) !== 0));
  return isAnyUpdate ? [...bits, Action.Update] : bits;
}

/** As kube-scheduler writes it: `Node/UpdateNodeTaint`. */
export function interestText({ plugin, resource, action }: Interest): string {
  const name = Object.entries(Action).find(([, value]) => value === action)?.[0] ?? String(action);
  return `${plugin}: ${resource}/${name}`;
}
