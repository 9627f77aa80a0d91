import { setTimeout as sleep } from 'node:timers/promises';
import { BerthProcess } from '../e2e/berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from '../e2e/cluster-setup.js';
import { until } from '../e2e/until.js';
import { PODS, type Pod } from '../e2e/workload.js';
import { Churn } from './churn.js';
import { Draw } from './draw.js';
import { Exposition } from './exposition.js';
import type { SoakOptions } from './options.js';
import { type Interruption, type Reconnect, reconnectsIn } from './reconnects.js';
import { type Sample, takeSample } from './sample.js';

const nodes = nodeGroup(30, { name: 'soak' });
const berthArgs = ['--log-format', 'json', '--log-level', 'debug', '--cache-check-interval', '30s'];
const downMs = 2_000;
/** Looks at the cache that have to find nothing once all is quiet. */
const quietChecks = 2;
const quietWithinMs = 240_000;
const msPerMinute = 60_000;
/** Lines of a log that say of themselves that something is wrong. */
const complaint = /"level":"(error|warn)"/;

/** What came of a run. */
export interface SoakRun {
  readonly samples: readonly Sample[];
  readonly reconnects: readonly Reconnect[];
  /** As the metrics count them; each must be in the log. */
  readonly countedReconnects: number;
  readonly done: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
  /** Sentences on what must not be; none where all is well. */
  readonly faults: readonly string[];
  /** Warnings and errors in the log, by what they say. */
  readonly complaints: ReadonlyMap<string, number>;
}

/** Runs Berth on a real API server through hours of ordinary life in some minutes; `tell` gets a line now and then. */
export async function soak(options: SoakOptions, tell: (line: string) => void): Promise<SoakRun> {
  const cluster = await startCluster(nodes, { components: { scheduler: false } });
  try {
    return await runOn(cluster, options, tell);
  } finally {
    await cluster.plane.stop();
  }
}

async function runOn(
  cluster: TestCluster,
  options: SoakOptions,
  tell: (line: string) => void,
): Promise<SoakRun> {
  const { plane, kubeconfig } = cluster;
  const names = nodes.map(({ name }) => name);
  const churn = new Churn(plane.api, names, new Draw(options.seed));
  const berth = await BerthProcess.start(plane, { kubeconfig, args: berthArgs });
  await churn.prepare();

  const ending = new AbortController();
  const churning = churn.run(ending.signal);
  const lengthMs = options.minutes * msPerMinute;
  const interruptions: Interruption[] = [];
  const restarting = options.restart ? restartInTheMiddle(cluster, lengthMs, interruptions) : undefined;
  const samples = await watchOver(berth, { ...options, lengthMs, tell });
  await restarting;
  ending.abort();
  await churning;

  const faults = await faultsAtRest(cluster, berth);
  const metrics = new Exposition(await berth.metrics());
  const countedReconnects = metrics.sum('berth_reflector_reconnects_total');
  const reconnects = reconnectsIn(berth.child.stderr(), interruptions);
  const { done, refused } = churn;
  const complaints = complaintsIn(berth.child.stderr());
  return { samples, reconnects, countedReconnects, done, refused, faults, complaints };
}

async function restartInTheMiddle(
  { plane }: TestCluster,
  lengthMs: number,
  interruptions: Interruption[],
): Promise<void> {
  await sleep(lengthMs / 2);
  const from = Date.now();
  await plane.restartApiServer({ downMs });
  interruptions.push({ from, until: Date.now() });
}

async function watchOver(
  berth: BerthProcess,
  options: SoakOptions & { readonly lengthMs: number; readonly tell: (line: string) => void },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  let toldMinutes = 0;
  while (elapsed() < options.lengthMs) {
    await sleep(options.sampleSeconds * 1_000);
    const sample = await takeSample(berth, elapsed() / msPerMinute);
    samples.push(sample);
    if (Math.floor(sample.minutes) <= toldMinutes) continue;
    toldMinutes = Math.floor(sample.minutes);
    options.tell(
      `minute ${toldMinutes}: heap ${sample.heapMb.toFixed(0)} MB, resident ${sample.residentMb.toFixed(0)} MB, ` +
        `${sample.descriptors} descriptors, ${sample.cachedPods} pods known, ${sample.waiting} wait, ${sample.attempts} attempts`,
    );
  }
  return samples;
}

/** Once nothing changes any more, Berth has to believe what the API server has, and to have missed nothing on the way. */
async function faultsAtRest({ plane }: TestCluster, berth: BerthProcess): Promise<string[]> {
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
    ['nodes, as Berth knows them', metrics.sum('scheduler_cache_size', { type: 'nodes' }), nodes.length],
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
    .filter(({ spec }) => spec.containers[0]?.resources?.requests?.cpu !== '64')
    .filter(({ status }) => !saysWhy(status))
    .map(({ metadata }) => `${PODS}/${metadata.name} waits, and nothing is said of it`);
}

function saysWhy({ conditions = [] }: Pod['status']): boolean {
  return conditions.some(
    ({ type, status, message }) => type === 'PodScheduled' && status === 'False' && message,
  );
}

function complaintsIn(log: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of log.split('\n')) {
    if (line === '' || (line.startsWith('{') && !complaint.test(line))) continue;
    const said = /"msg":"([^"]*)"/.exec(line)?.[1] ?? line;
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  return counts;
}
