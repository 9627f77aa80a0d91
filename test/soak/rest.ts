import type { BerthProcess } from '../e2e/berth-process.js';
import type { TestCluster } from '../e2e/cluster-setup.js';
import { until } from '../e2e/until.js';
import { PODS, type Pod } from '../e2e/workload.js';
import { Exposition } from './exposition.js';
import { impossibleCpu } from './soak-pods.js';

/** Looks at the cache that have to find nothing once all is quiet. */
const quietChecks = 2;
const quietWithinMs = 240_000;

/** Once nothing changes any more, Berth has to believe what the API server has, and to have missed nothing on the way. */
export async function faultsAtRest(
  { plane }: TestCluster,
  berth: BerthProcess,
  nodeCount: number,
): Promise<string[]> {
  const scrape = async () => new Exposition(await berth.metrics());
  const active = async () => {
    const metrics = await scrape();
    const [moving, assumed] = [
      metrics.sum('scheduler_pending_pods', { queue: 'active' }) +
        metrics.sum('scheduler_pending_pods', { queue: 'backoff' }),
      metrics.sum('scheduler_cache_size', { type: 'assumed_pods' }),
    ];
    return moving + assumed;
  };
  const late: string[] = [];
  const wait = (what: string, check: () => Promise<boolean>) =>
    until(what, check, quietWithinMs).catch((error: Error) => void late.push(error.message));
  await wait('the queue at rest', async () => (await active()) === 0);
  const checks = (await scrape()).sum('berth_cache_checks_total');
  const enough = async () => (await scrape()).sum('berth_cache_checks_total') >= checks + quietChecks;
  await wait('the cache compared', enough);

  const metrics = await scrape();
  const { items } = await plane.api.list<Pod>('/api/v1/pods');
  const bound = items.filter(
    ({ spec, status }) =>
      spec.nodeName !== undefined && status.phase !== 'Succeeded' && status.phase !== 'Failed',
  );
  const expectations: readonly (readonly [string, number, number])[] = [
    ['objects that differ from the cluster', metrics.sum('berth_cache_divergence'), 0],
    ['objects that had to be put right', metrics.sum('berth_cache_healed_total'), 0],
    ['pending pods that were in no queue', metrics.sum('berth_reconcile_found_pods_total'), 0],
    ['pods bound only after the periodic flush', metrics.sum('scheduler_pod_scheduled_after_flush_total'), 0],
    ['events dropped', metrics.sum('berth_events_dropped_total'), 0],
    [
      'pods on nodes, as Berth knows them',
      metrics.sum('scheduler_cache_size', { type: 'pods' }),
      bound.length,
    ],
    ['nodes, as Berth knows them', metrics.sum('scheduler_cache_size', { type: 'nodes' }), nodeCount],
  ];
  return [
    ...late,
    ...expectations
      .filter(([, found, expected]) => found !== expected)
      .map(([what, found, expected]) => `${what}: ${found}, expected ${expected}`),
    ...(berth.child.running ? [] : ['Berth ended']),
    ...waitingInVain(items),
  ];
}

/** Pods of namespace `default` that wait although nothing but room was asked for, and there is plenty. */
function waitingInVain(pods: readonly Pod[]): string[] {
  return pods
    .filter(({ metadata, spec }) => metadata.namespace === 'default' && spec.nodeName === undefined)
    .filter(({ spec }) => spec.containers[0]?.resources?.requests?.cpu !== impossibleCpu)
    .filter(({ status }) => !saysWhy(status))
    .map(({ metadata }) => `${PODS}/${metadata.name} waits, and nothing is said of it`);
}

function saysWhy({ conditions = [] }: Pod['status']): boolean {
  return conditions.some(
    ({ type, status, message }) => type === 'PodScheduled' && status === 'False' && message,
  );
}
