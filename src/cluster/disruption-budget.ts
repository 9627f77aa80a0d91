import type { LabelSelector } from './pod.js';

/** A PodDisruptionBudget, as far as preemption respects it. */
export interface DisruptionBudget {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** As written; undefined matches no pod, `{}` counts as no selection at all. */
  readonly selector: LabelSelector | undefined;
  /** status.disruptionsAllowed. */
  readonly disruptionsAllowed: number;
  /** Names in status.disruptedPods: pods whose eviction is counted already. */
  readonly disruptedPods: ReadonlySet<string>;
}
