import type { ClientObserver } from '../kube/api-client.js';
import type { Metrics } from '../observe/metrics.js';

/** Counts and times the requests to an API server, with the names of Kubernetes components. */
export function observeRequests(metrics: Metrics, host: string): ClientObserver {
  return {
    request: ({ method, code, durationMs, path }) => {
      metrics.restClientRequests.of(code === 0 ? '<error>' : String(code), method, host).inc();
      if (!path.includes('watch='))
        metrics.restClientRequestDuration.of(method, host).observe(durationMs / 1000);
    },
    rateLimited: (waitedMs) => metrics.restClientRateLimiterDuration.of('', host).observe(waitedMs / 1000),
  };
}
