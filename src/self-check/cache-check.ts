import type { Clock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { ClusterWatch } from '../cluster-watch.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { checkState } from './state-check.js';

export interface CacheCheckOptions {
  readonly watch: ClusterWatch;
  readonly cluster: ClusterState;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Objects that get a place in a log line. */
const toldObjects = 5;

/**
 * Compares what Berth believes with what is: each watched collection with a fresh list, and the cluster state with what the watch
 * delivered. Nothing should ever be found. What is found is counted, told, and healed.
 */
export class CacheCheck {
  readonly #options: CacheCheckOptions;

  constructor(options: CacheCheckOptions) {
    this.#options = options;
  }

  /** Checks again and again until the signal fires. */
  async run({ everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal }): Promise<void> {
    const { clock, watch, logger } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(everyMs, { signal }).catch(() => undefined);
      if (signal.aborted || !watch.synced) continue;
      try {
        await this.check({ signal });
      } catch (error) {
        // The API server is not there or says no: the next check is soon enough.
        if (!signal.aborted)
          logger.warn('could not compare the cache with the cluster', { error: String(error) });
      }
    }
  }

  /** Resolves to the number of objects that were wrong. Rejects when a list fails. */
  async check({ signal }: { readonly signal: AbortSignal }): Promise<number> {
    const { watch, cluster, clock, metrics } = this.#options;
    let wrong = 0;
    // Of a quiet collection nothing can be said before its next bookmark, up to a minute later: all of them wait together.
    const audits = watch.resources.map(
      async (resource) => [resource, await watch.audit(resource, { signal })] as const,
    );
    for (const [resource, divergences] of await Promise.all(audits)) {
      if (divergences === undefined) continue;
      metrics.cacheDivergence.of(resource).set(divergences.length);
      wrong += divergences.length;
      if (divergences.length === 0) continue;
      const objects = divergences.map(({ kind, object }) => `${object.namespace}/${object.name} ${kind}`);
      this.#tell(resource, objects);
      await watch.relist(resource, { signal });
    }
    const faults = await checkState(cluster, watch.pods, { clock, signal });
    metrics.cacheDivergence.of('state').set(faults.length);
    if (faults.length > 0)
      this.#tell(
        'state',
        faults.map(({ kind, object }) => `${object} ${kind}`),
      );
    metrics.cacheChecks.inc();
    return wrong + faults.length;
  }

  #tell(where: string, objects: readonly string[]): void {
    const { metrics, logger } = this.#options;
    metrics.cacheHealed.of(where).inc(objects.length);
    const told = objects.slice(0, toldObjects).join(', ');
    logger.error('the cache differed from the cluster and is put right', {
      where,
      count: objects.length,
      objects: told,
    });
  }
}
