import type { ClusterState } from '../cluster/cluster-state.js';
import type { Pod, PodSpec } from '../cluster/pod.js';
import type { Extender, ExtenderVerb } from './extender.js';
import { KeptObjects } from './kept-objects.js';
import { PodExtenders } from './pod-extenders.js';

export interface ExtendersObserver {
  /** An extender failed and may be done without. */
  passedOver?(extender: string, verb: ExtenderVerb, pod: Pod, message: string): void;
}

export interface ExtendersOptions {
  readonly cluster: Pick<ClusterState, 'nodes'>;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  /** True when a profile of ours has the name. */
  readonly isOurs: (schedulerName: string) => boolean;
  readonly observer?: ExtendersObserver;
}

/** All configured extenders, in the order in which they are asked: those that may be done without come last. */
export class Extenders {
  /** What extenders want to see whole. */
  readonly kept: KeptObjects;
  /** False where extenders only bind: then nothing is ever kept. */
  readonly keepsObjects: boolean;
  readonly #extenders: readonly Extender[];
  readonly #options: ExtendersOptions;
  /** By spec, since interest follows from it; undefined where nobody is interested. */
  readonly #bySpec = new WeakMap<PodSpec, PodExtenders | undefined>();
  /** By the places of those who are interested: who waits for the same ones has the same object. */
  readonly #byInterest = new Map<string, PodExtenders>();
  #prioritizing = 0;

  constructor(extenders: readonly Extender[], options: ExtendersOptions) {
    this.#extenders = [
      ...extenders.filter(({ ignorable }) => !ignorable),
      ...extenders.filter(({ ignorable }) => ignorable),
    ];
    this.#options = options;
    const asking = this.#extenders.filter(
      ({ filters, prioritizes, preempts }) => filters || prioritizes || preempts,
    );
    const strangers = asking.filter(({ nodeCacheCapable }) => !nodeCacheCapable);
    this.keepsObjects = asking.length > 0;
    this.kept = new KeptObjects({
      keepsPending: (pod) =>
        options.isOurs(pod.schedulerName) && asking.some((extender) => extender.isInterestedIn(pod)),
      keepsBound: strangers.some(({ preempts }) => preempts),
      keepsNodes: strangers.some(({ filters, prioritizes }) => filters || prioritizes),
    });
  }

  /** Calls of the prioritize verb under way. */
  get prioritizing(): number {
    return this.#prioritizing;
  }

  /** The extenders that a pod concerns, the same object for all pods that concern the same; undefined when it concerns none. */
  forPod(pod: Pod): PodExtenders | undefined {
    const { spec } = pod;
    if (this.#bySpec.has(spec)) return this.#bySpec.get(spec);
    const interested = this.#extenders.filter((extender) => extender.isInterestedIn(pod));
    const found = interested.length === 0 ? undefined : this.#ofInterested(interested);
    this.#bySpec.set(spec, found);
    return found;
  }

  #ofInterested(interested: readonly Extender[]): PodExtenders {
    const key = interested.map((extender) => this.#extenders.indexOf(extender)).join();
    const known = this.#byInterest.get(key);
    if (known !== undefined) return known;
    const { cluster, latest, observer } = this.#options;
    const made = new PodExtenders(interested, {
      nodes: cluster.nodes,
      latest,
      kept: this.kept,
      passedOver: ({ name }, verb, pod, message) => observer?.passedOver?.(name, verb, pod, message),
      prioritizing: (delta) => {
        this.#prioritizing += delta;
      },
    });
    this.#byInterest.set(key, made);
    return made;
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    await Promise.all(this.#extenders.map((extender) => extender.close()));
  }
}
