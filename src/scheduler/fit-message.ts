import { fitText } from '../framework/fit-text.js';
import type { Diagnosis } from './diagnosis.js';

export interface FitMessageOptions {
  /** What PostFilter plugins had to say. */
  readonly postFilterMessage?: string | undefined;
}

/** Why no node fits, in kube-scheduler's exact words: the pod's condition and event show it. */
export function fitMessage(diagnosis: Diagnosis, { postFilterMessage = '' }: FitMessageOptions = {}): string {
  const { nodeCount, preFilterMessage } = diagnosis;
  const message =
    preFilterMessage === undefined
      ? fitText(nodeCount, diagnosis.reasonCounts())
      : `0/${nodeCount} nodes are available: ${preFilterMessage}.`;
  return postFilterMessage === '' ? message : `${message} ${postFilterMessage}`;
}

/** Reasons Reserve and Permit plugins give are about the one chosen node. */
export function refusalMessage(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return fitText(1, counts);
}
