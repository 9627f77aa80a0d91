import type { Pod } from '../cluster/pod.js';

/** Pending pods that have a node promised to them, as far as judging other pods needs to know. */
export interface Nominations {
  readonly isEmpty: boolean;
  /** Nodes that are promised to somebody. */
  nodeNames(): Iterable<string>;
  podsFor(nodeName: string): readonly Pod[];
}

export const noNominations: Nominations = { isEmpty: true, nodeNames: () => [], podsFor: () => [] };
