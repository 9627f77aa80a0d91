import type { Diagnosis } from './diagnosis.js';

export interface FitMessageOptions {
  /** What PostFilter plugins had to say. */
  readonly postFilterMessage?: string | undefined;
}

/** Why no node fits, in kube-scheduler's exact words: the pod's condition and event show it. */
export function fitMessage(diagnosis: Diagnosis, { postFilterMessage = '' }: FitMessageOptions = {}): string {
  let message = `0/${diagnosis.nodeCount} nodes are available:`;
  if (diagnosis.preFilterMessage !== undefined) {
    message += ` ${diagnosis.preFilterMessage}.`;
  } else {
    const reasons = [...diagnosis.reasonCounts()].map(([reason, count]) => `${count} ${reason}`);
    if (reasons.length > 0) message += ` ${reasons.sort(byBytes).join(', ')}.`;
  }
  return postFilterMessage === '' ? message : `${message} ${postFilterMessage}`;
}

/** Reasons Reserve and Permit plugins give are about the one chosen node. */
export function refusalMessage(reasons: readonly string[]): string {
  return `0/1 nodes are available: ${reasons
    .map((reason) => `1 ${reason}`)
    .sort(byBytes)
    .join(', ')}.`;
}

/** Byte order of UTF-8, which is not the order of UTF-16 units. */
function byBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
