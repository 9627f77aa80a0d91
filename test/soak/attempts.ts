import type { Exposition } from './exposition.js';

/** How often pods were tried, and why. */
export interface Attempts {
  /** By result: scheduled, unschedulable, error. */
  readonly results: ReadonlyMap<string, number>;
  /** What brought pods to where they are tried again: events, the end of a backoff, a flush. */
  readonly causes: ReadonlyMap<string, number>;
}

/** Of these, the first says only that the pod failed, and the second that it did not wait for the end of its backoff. */
const noCause: ReadonlySet<string> = new Set(['ScheduleAttemptFailure', 'PopFromBackoffQ']);

export function attemptsIn(metrics: Exposition): Attempts {
  const name = 'scheduler_queue_incoming_pods_total';
  const causes = new Map<string, number>();
  for (const [event, count] of metrics.by(name, 'event')) if (!noCause.has(event)) causes.set(event, count);
  return { results: metrics.by('scheduler_schedule_attempts_total', 'result'), causes };
}
