import type { Pod } from '../../cluster/pod.js';

/** Pods that have to leave a node so that another pod fits. */
export interface Preemption {
  /** For whom room is made. */
  readonly preemptor: Pod;
  readonly nodeName: string;
  /** From the most to the least important; those that are terminating already included. */
  readonly victims: readonly Pod[];
}

/** What DefaultPreemption needs of the world around it: it decides, somebody else acts. */
export interface PreemptionActions {
  /** DefaultPreemption was asked for help for a pod. */
  attempted(): void;
  /** The pod as it is known now, with a nomination of ours that the API server does not show yet; undefined when it is gone. */
  current(pod: Pod): Pod | undefined;
  /** True when the node is promised to somebody else. */
  isPromised(nodeName: string, pod: Pod): boolean;
  /** Begins to make room; returns at once and never throws. */
  begin(preemption: Preemption): void;
  /** True while trying the pod again would be premature: not all of its victims are on their way out. */
  holdsBack(pod: Pod): boolean;
}

/** Decides and leaves it at that: nobody is evicted. For judging decisions. */
export const decideOnly: PreemptionActions = {
  attempted: () => undefined,
  current: (pod) => pod,
  isPromised: () => false,
  begin: () => undefined,
  holdsBack: () => false,
};
