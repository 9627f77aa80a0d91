import type { Exposition } from '../../soak/exposition.js';
import type { Figures } from './figures.js';

/** What a scheduler says of itself; names are the same for both. */
export function figuresOfMetrics(metrics: Exposition): Figures {
  const algorithm = 'scheduler_scheduling_algorithm_duration_seconds';
  const decisions = metrics.sum(`${algorithm}_count`);
  const throttled = metrics.sum('rest_client_requests_total', { code: '429' });
  const known = metrics.by('rest_client_request_retries_total', 'code').size > 0;
  return {
    ...(decisions === 0 ? {} : { algorithmMs: (1000 * metrics.sum(`${algorithm}_sum`)) / decisions }),
    attempts: metrics.sum('scheduler_schedule_attempts_total'),
    throttled,
    // Berth counts no retries of its own: every answer 429 is followed by one.
    retries: known ? metrics.sum('rest_client_request_retries_total') : throttled,
  };
}
