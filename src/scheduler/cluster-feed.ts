import type { ClusterState } from '../cluster/cluster-state.js';
import type { Node } from '../cluster/node.js';
import { nodeChanges, podChanges } from '../cluster/object-change.js';
import type { Pod } from '../cluster/pod.js';
import {
  assignedPodAdd,
  assignedPodDelete,
  nodeAdd,
  nodeDelete,
  updateEvents,
} from '../framework/cluster-events.js';
import type { SchedulingQueue } from '../queue/scheduling-queue.js';
import { withNomination } from './unseen-nomination.js';

export interface ClusterFeedOptions {
  readonly cluster: ClusterState;
  readonly queue: SchedulingQueue;
  /** True when a profile of ours has the name. */
  readonly isOurs: (schedulerName: string) => boolean;
  /** Refuses a pod that waits on Permit; false when it does not wait. */
  readonly rejectWaiting?: (uid: string, reason: string) => boolean;
  readonly observe?: {
    /** One notification was handled; the label is kube-scheduler's, for example `AssignedPodAdd`. */
    handled?(event: string, seconds: number): void;
    /** A pod is bound to the node on which we had assumed it. The binding may not have been answered yet. */
    confirmed?(pod: Pod): void;
    /** A pod that we had assumed on one node is bound to another. */
    movedElsewhere?(pod: Pod): void;
    /** A bound pod left its node, and is counted there no more; waiting pods have not been told yet. */
    left?(pod: Pod): void;
    /** A pod of ours left that was on no node, nor assumed on one: no room is freed by it, and waiting pods are not told. */
    leftUnbound?(pod: Pod): void;
    /** A pod left for good, or is bound: whatever was kept for it can go. */
    settled?(uid: string): void;
  };
  /** Seconds of a monotonic clock. */
  readonly seconds?: () => number;
}

/**
 * Brings what the reflectors deliver into the cluster state and the queue, and tells the queue which of it may help waiting pods.
 * Bound pods count whoever scheduled them. Pending pods of other schedulers are never touched, but a node that is promised to one counts
 * as promised: whoever made room there would have to make it again. (kube-scheduler 1.37 does not see promises of others.)
 */
export class ClusterFeed {
  readonly #options: ClusterFeedOptions;
  readonly #seconds: () => number;

  constructor(options: ClusterFeedOptions) {
    this.#options = options;
    this.#seconds = options.seconds ?? (() => performance.now() / 1000);
  }

  nodeAdded(node: Node): void {
    this.#timed('NodeAdd', () => {
      this.#options.cluster.setNode(node);
      this.#options.queue.onEvent(nodeAdd, undefined, node);
    });
  }

  nodeUpdated(old: Node, node: Node): void {
    const events = updateEvents('Node', nodeChanges(old, node));
    this.#timed(events[0]?.label ?? 'NodeUpdate', () => {
      this.#options.cluster.setNode(node);
      for (const event of events) this.#options.queue.onEvent(event, old, node);
    });
  }

  nodeDeleted(node: Node): void {
    this.#timed('NodeDelete', () => {
      this.#options.queue.onEvent(nodeDelete, node, undefined);
      this.#options.cluster.removeNode(node.name);
    });
  }

  podAdded(pod: Pod): void {
    if (pod.nodeName !== '') this.#timed('AssignedPodAdd', () => this.#bound(pod));
    else if (this.#options.isOurs(pod.schedulerName))
      this.#timed('UnscheduledPodAdd', () => this.#options.queue.add(pod));
    else this.#options.queue.nominator.nominate(pod, pod.nominatedNodeName);
  }

  podUpdated(old: Pod, pod: Pod): void {
    // No API server takes a pod off its node again; if one did, what it held there must not stay counted.
    if (pod.nodeName === '' && old.nodeName !== '') {
      this.podDeleted(old);
      this.podAdded(pod);
    } else if (pod.nodeName !== '' && old.nodeName === '')
      this.#timed('AssignedPodAdd', () => this.#bound(pod));
    else if (pod.nodeName !== '') this.#timed('AssignedPodUpdate', () => this.#boundUpdated(old, pod));
    else if (this.#options.isOurs(pod.schedulerName))
      this.#timed('UnscheduledPodUpdate', () => this.#pendingUpdated(old, pod));
    else this.#promiseOfOthers(old, pod.nominatedNodeName === '' ? undefined : pod);
  }

  podDeleted(pod: Pod): void {
    if (pod.nodeName !== '') this.#timed('AssignedPodDelete', () => this.#boundDeleted(pod));
    else if (this.#options.isOurs(pod.schedulerName))
      this.#timed('UnscheduledPodDelete', () => this.#pendingDeleted(pod));
    else this.#promiseOfOthers(pod, undefined);
  }

  /** An assumption is taken back: for other waiting pods that is as good as a deletion. */
  assumptionForgotten(pod: Pod): void {
    const concerns = (waiting: Pod): boolean => waiting.uid !== pod.uid;
    this.#options.queue.onEvent(assignedPodDelete, pod, undefined, { concerns });
  }

  /**
   * A promised place is free again: only pods that had to respect the promise care. `pod.nominatedNodeName` names the place. To be
   * called for a promise that the API server never showed; the end of any other comes by watch.
   */
  nominationEnded(pod: Pod): void {
    const concerns = (waiting: Pod): boolean => waiting.priority <= pod.priority;
    this.#options.queue.onEvent(assignedPodDelete, pod, undefined, { concerns });
  }

  #bound(pod: Pod): void {
    const { cluster, queue, observe } = this.#options;
    const news = cluster.setBoundPod(pod);
    if (news === 'confirmed') observe?.confirmed?.(pod);
    if (news === 'moved') observe?.movedElsewhere?.(pod);
    queue.delete(pod.uid);
    observe?.settled?.(pod.uid);
    queue.onEvent(assignedPodAdd, undefined, pod);
  }

  #boundUpdated(old: Pod, pod: Pod): void {
    this.#options.cluster.setBoundPod(pod);
    for (const event of updateEvents('AssignedPod', podChanges(old, pod)))
      this.#options.queue.onEvent(event, old, pod);
  }

  #boundDeleted(pod: Pod): void {
    this.#options.cluster.removePod(pod.uid);
    this.#options.observe?.left?.(pod);
    this.#options.queue.delete(pod.uid);
    this.#options.observe?.settled?.(pod.uid);
    this.#options.queue.onEvent(assignedPodDelete, pod, undefined);
  }

  #pendingUpdated(old: Pod, pod: Pod): void {
    const { cluster, queue } = this.#options;
    if (cluster.isAssumed(pod.uid)) {
      // Its binding is on the way and will fail: the room it was given is free from now on.
      if (pod.terminating && !old.terminating) this.#forgetAssumed(pod);
      return;
    }
    queue.update(old, pod);
    if (old.nominatedNodeName !== '' && old.nominatedNodeName !== pod.nominatedNodeName)
      this.nominationEnded(old);
  }

  #pendingDeleted(pod: Pod): void {
    const { cluster, queue, observe } = this.#options;
    const promised = withNomination(pod, queue.nominator);
    queue.delete(pod.uid);
    observe?.settled?.(pod.uid);
    if (cluster.isAssumed(pod.uid)) {
      this.#forgetAssumed(pod);
      return;
    }
    if (promised.nominatedNodeName !== '') this.nominationEnded(promised);
    observe?.leftUnbound?.(pod);
  }

  /** A pending pod of another scheduler is promised a node, another one, or, without `now`, none any more. */
  #promiseOfOthers(old: Pod, now: Pod | undefined): void {
    const { nominator } = this.#options.queue;
    if (now === undefined) nominator.remove(old.uid);
    else nominator.nominate(now, now.nominatedNodeName);
    if (old.nominatedNodeName !== '' && old.nominatedNodeName !== now?.nominatedNodeName)
      this.nominationEnded(old);
  }

  #forgetAssumed(pod: Pod): void {
    const { cluster, queue, rejectWaiting } = this.#options;
    // It gives back what it holds by itself, and tells.
    if (rejectWaiting?.(pod.uid, 'removed')) return;
    const assumed = cluster.pod(pod.uid);
    if (assumed === undefined || !cluster.forget(pod.uid)) return;
    queue.onEvent(assignedPodDelete, assumed, undefined);
  }

  #timed(event: string, handle: () => void): void {
    const handled = this.#options.observe?.handled;
    if (handled === undefined) {
      handle();
      return;
    }
    const started = this.#seconds();
    handle();
    handled(event, this.#seconds() - started);
  }
}
