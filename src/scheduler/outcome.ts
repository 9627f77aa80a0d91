import type { Pod } from '../cluster/pod.js';
import type { StatusCode } from '../framework/status.js';
import type { QueueEntry } from '../queue/queued-pod.js';
import type { EvaluationObserver } from './evaluation-observer.js';
import type { Placement } from './placement.js';
import type { RefusalCause } from './refusal-causes.js';

/** How one attempt ended, for metrics, logs, events and whoever else watches. Durations are in seconds. */
export type Outcome =
  | {
      readonly kind: 'bound';
      readonly pod: Pod;
      readonly entry: QueueEntry;
      readonly placement: Placement;
      readonly seconds: number;
    }
  | {
      readonly kind: 'pending';
      readonly pod: Pod;
      readonly entry: QueueEntry;
      readonly reason: 'Unschedulable' | 'SchedulerError';
      readonly message: string;
      /** What stood in the way, each cause once; absent where no plugin refused anything. */
      readonly causes?: readonly RefusalCause[];
      /** The nomination that the pod is to have from now on, '' for none. Absent: the one it has. */
      readonly nominate?: string;
      readonly seconds: number;
    }
  /** Somebody else decided: the pod is bound elsewhere, is gone, or this process may not write any more. */
  | { readonly kind: 'overtaken'; readonly pod: Pod; readonly by: string };

export interface SchedulerObserver {
  outcome?(outcome: Outcome): void;
  /** Time to choose a node, seconds. */
  algorithm?(seconds: number): void;
  /** Measures this attempt's plugins; undefined leaves the attempt unmeasured. */
  evaluation?(schedulerName: string): EvaluationObserver | undefined;
  /** A terminating pod was popped: there is nothing to schedule. */
  skipped?(pod: Pod): void;
  /** A pod that has a node is kept from it by these plugins. */
  held?(pod: Pod, plugins: readonly string[]): void;
  /** How long a pod waited on Permit, and what came of it. */
  permitWaited?(code: StatusCode, seconds: number): void;
}
