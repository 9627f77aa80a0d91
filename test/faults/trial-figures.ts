import { bindingsIn } from './cluster-history.js';
import type { Evidence } from './evidence.js';

/** What one seed contained, beside its faults. */
export interface TrialFigures {
  /** Pods that were Berth's to place. */
  readonly pods: number;
  /** How many of them it bound; the rest were deleted before, fit nowhere, or were bound by somebody else. */
  readonly bindings: number;
  /** Requests of Berth's. */
  readonly requests: number;
  /** Share of the time allowed that everything took to come to rest after the faults. */
  readonly settledShare: number;
}

export function figuresOf(
  { history, clients, schedulerName, boundByOther }: Evidence,
  { settledShare }: { readonly settledShare: number },
): TrialFigures {
  const own = history.pods.changes.filter(({ object }) => object?.spec.schedulerName === schedulerName);
  const bound = bindingsIn(history.pods).filter(
    ({ bound: { pod } }) => pod.spec.schedulerName === schedulerName && !boundByOther.has(pod.metadata.uid),
  );
  return {
    pods: new Set(own.map(({ uid }) => uid)).size,
    bindings: bound.length,
    requests: clients.reduce((sum, { log }) => sum + log.length, 0),
    settledShare,
  };
}
