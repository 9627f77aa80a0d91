import type { Examination } from './examination.js';
import { type Finding, ok, warn } from './finding.js';

/** Seconds that the watch is asked to last. */
const watchS = 2;

/** Whether a watch is opened and what it says comes at once: some proxies keep it until the end. */
export async function checkWatch({ transport, signal }: Examination): Promise<Finding[]> {
  const ending = new AbortController();
  const both = AbortSignal.any([signal, ending.signal]);
  const startedAt = performance.now();
  // Without a version to begin at, what there is comes first.
  const stream = await transport.stream({
    path: '/api/v1/nodes',
    query: { watch: true, timeoutSeconds: watchS },
    signal: both,
  });
  const first = await stream[Symbol.asyncIterator]().next();
  const tookMs = Math.round(performance.now() - startedAt);
  ending.abort();
  if (first.done === true) return [ok('watch', 'works; there are no nodes to tell of')];
  if (tookMs > watchS * 1_000 * 0.9)
    return [
      warn(
        'watch',
        `what the API server tells came after ${tookMs} ms, when the watch ended`,
        'have the proxy before the API server pass on answers unbuffered (nginx: proxy_buffering off)',
      ),
    ];
  return [ok('watch', `works, the first event came after ${tookMs} ms`)];
}
