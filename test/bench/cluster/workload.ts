/** A pod of a workload, but for its name and scheduler. */
export interface PodShape {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly requests?: Readonly<Record<string, string>>;
}

/**
 * How the pods come: `backlog` has them there before the scheduler starts, `arrivals` at a steady rate, `burst` as fast as they can be
 * created. `start` has next to none: what is measured is the start itself, with many pods on the nodes.
 */
export type Drive = 'backlog' | 'arrivals' | 'burst' | 'start';

/** What a cluster holds before a run. */
export interface Population {
  readonly nodes: number;
  /** Pods on each node: none, small ones, or ones that fill it and give way to others. */
  readonly bound?: { readonly perNode: number; readonly kind: 'small' | 'victim' };
}

export interface Workload {
  readonly name: string;
  /** For people. */
  readonly about: string;
  readonly drive: Drive;
  /** Sizes it is measured at unless others are asked for. */
  readonly sizes: readonly { readonly nodes: number; readonly pods: number }[];
  readonly pod: (index: number) => PodShape;
  readonly bound?: Population['bound'];
  /** Pods that fit nowhere, created among the others, one for so many of them. */
  readonly hopelessEvery?: number;
  /** Changes of nodes each second while the scheduler works, each of which may help a pod that waits. */
  readonly nodeChangesPerSecond?: number;
  /** Of the profile of both schedulers, beside its name. */
  readonly profile?: Readonly<Record<string, unknown>>;
  /** Whether a binder that does not think does the same work; it cannot evict. */
  readonly hasCeiling: boolean;
}

/** Both schedulers answer to this name, so that the pods are the same for both. */
export const schedulerName = 'bench';
