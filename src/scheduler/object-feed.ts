import { Action } from '../cluster/action.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { ObjectTable } from '../cluster/object-table.js';
import type { ClusterEvent } from '../framework/cluster-event.js';
import { clusterEvent } from '../framework/cluster-events.js';
import type { KubeObject } from '../kube/object-store.js';
import type { SchedulingQueue } from '../queue/scheduling-queue.js';
import type { ObjectKind } from './object-kinds.js';

export interface ObjectFeedOptions<T extends KubeObject> {
  readonly kind: ObjectKind<T>;
  readonly cluster: ClusterState;
  readonly queue: Pick<SchedulingQueue, 'onEvent'>;
  /** False when no plugin has registered for the event: then the queue is not told. */
  readonly isAwaited: (event: ClusterEvent) => boolean;
  readonly observe?: {
    /** One notification was handled; the label is kube-scheduler's, for example `storage.k8s.io/CSINodeAdd`. */
    handled?(event: string, seconds: number): void;
  };
  /** Seconds of a monotonic clock. */
  readonly seconds?: () => number;
}

/**
 * Brings what a reflector delivers of one kind into its table of the cluster state, and tells the queue, if pods may wait for it.
 * The table changes first: hints see the cluster as it is now.
 */
export class ObjectFeed<T extends KubeObject = KubeObject> {
  readonly #options: ObjectFeedOptions<T>;
  readonly #table: ObjectTable<T>;
  readonly #seconds: () => number;
  readonly #add: ClusterEvent | undefined;
  readonly #update: ClusterEvent | undefined;
  readonly #delete: ClusterEvent | undefined;

  constructor(options: ObjectFeedOptions<T>) {
    this.#options = options;
    this.#table = options.kind.table(options.cluster);
    this.#seconds = options.seconds ?? (() => performance.now() / 1000);
    this.#add = this.#event('Add', Action.Add);
    this.#update = this.#event('Update', Action.Update);
    this.#delete = this.#event('Delete', Action.Delete);
  }

  get kind(): ObjectKind<T> {
    return this.#options.kind;
  }

  added(object: T): void {
    this.#handle(this.#add, undefined, object, () => this.#table.set(object));
  }

  updated(old: T, object: T): void {
    this.#handle(this.#update, old, object, () => this.#table.set(object));
  }

  deleted(object: T): void {
    this.#handle(this.#delete, object, undefined, () => this.#table.delete(object));
  }

  /** Undefined when nobody waits for it. */
  #event(name: string, action: number): ClusterEvent | undefined {
    const { kind, isAwaited } = this.#options;
    if (kind.event === undefined) return undefined;
    const event = clusterEvent(kind.event, name, action);
    return isAwaited(event) ? event : undefined;
  }

  #handle(event: ClusterEvent | undefined, old: T | undefined, now: T | undefined, change: () => void): void {
    if (event === undefined) {
      change();
      return;
    }
    const started = this.#seconds();
    change();
    this.#options.queue.onEvent(event, old, now);
    this.#options.observe?.handled?.(event.label, this.#seconds() - started);
  }
}
