/** What became of a pod. */
export interface TestOutcome {
  /**
   * `placed`: bound to `node`. `refused`: it fits nowhere, or Permit or Reserve refused it. `gated`: PreEnqueue kept it out. `held`:
   * Permit wants it to wait for its word; `outcome` tells how that ended. `failed`: a plugin failed.
   */
  readonly kind: 'placed' | 'refused' | 'gated' | 'held' | 'failed';
  readonly node: string | undefined;
  /** The node that PostFilter promised to a pod that was refused. */
  readonly nominated: string | undefined;
  /** As the pod's condition and event would say; '' for a pod that was placed. */
  readonly message: string;
  /** By node: why it was refused. */
  readonly refusals: Readonly<Record<string, string>>;
  /** By node, by plugin: 0 to 100, before weights. Empty when less than two nodes fit: nothing is scored then. */
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By node: the sum of scores times weights. */
  readonly totals: Readonly<Record<string, number>>;
}

/** An outcome of which nothing is known yet but its kind. */
export const nothing = {
  node: undefined,
  nominated: undefined,
  message: '',
  refusals: {},
  scores: {},
  totals: {},
} as const;
