import type { QueueEntry } from './queued-pod.js';

export interface BackoffLimits {
  readonly initialMs: number;
  /** 0 switches backoff off. */
  readonly maxMs: number;
}

const second = 1000;

/** When the entry's backoff ends: 1, 2, 4, … seconds after its return, floored to whole seconds as kube-scheduler does. */
export function backoffExpiry(entry: QueueEntry, limits: BackoffLimits): number {
  const count = entry.errors > 0 ? entry.errors : entry.rejections;
  if (limits.maxMs === 0 || count === 0) return 0;
  // 2^30 times any initial backoff is beyond every maximum: keeps the power finite.
  const duration = Math.min(limits.initialMs * 2 ** Math.min(count - 1, 30), limits.maxMs);
  return Math.floor((entry.timestamp + duration) / second) * second;
}

/** True until the first whole second strictly later than the expiry. */
export function isBackingOff(entry: QueueEntry, now: number, limits: BackoffLimits): boolean {
  return backoffExpiry(entry, limits) >= Math.floor(now / second) * second;
}
