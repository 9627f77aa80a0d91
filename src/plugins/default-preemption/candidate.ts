import type { Pod } from '../../cluster/pod.js';

/** A node on which the pod would fit if some others left. */
export interface Candidate {
  readonly slot: number;
  readonly nodeName: string;
  /** At least one; from the most to the least important. */
  readonly victims: readonly Pod[];
  /** How many victims leave although a PodDisruptionBudget has no disruption left for them. */
  readonly budgetViolations: number;
}
