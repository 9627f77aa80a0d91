import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { projectRoot } from '../controlplane/project-root.js';
import { BerthProcess } from '../e2e/berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from '../e2e/cluster-setup.js';
import { type Attempts, attemptsIn } from './attempts.js';
import { Churn } from './churn.js';
import { Draw } from './draw.js';
import { Exposition } from './exposition.js';
import type { SoakOptions } from './options.js';
import { type Interruption, type Reconnect, reconnectsIn } from './reconnects.js';
import { faultsAtRest } from './rest.js';
import { type Sample, takeSample } from './sample.js';
import type { Tally } from './tally.js';
import { askThreads, type ThreadState } from './thread-state.js';

const nodes = nodeGroup(30, { name: 'soak' });
const berthArgs = [
  ...['--log-format', 'json', '--log-level', 'debug', '--cache-check-interval', '15s'],
  // A busy machine takes long to restart an API server: that Berth would end then is not the matter here.
  ...['--lease-duration', '90s', '--renew-deadline', '75s'],
];
const downMs = 2_000;
const msPerMinute = 60_000;
/** Lines of a log that say of themselves that something is wrong. */
const complaint = /"level":"(error|warn)"/;

/** What came of a run. */
export interface SoakRun {
  readonly samples: readonly Sample[];
  /** When the API server was away. */
  readonly interruptions: readonly Interruption[];
  readonly reconnects: readonly Reconnect[];
  /** As the metrics count them; each must be in the log. */
  readonly countedReconnects: number;
  readonly deeds: Tally<string>;
  readonly attempts: Attempts;
  /** Of the threads at the end. */
  readonly handles: readonly ThreadState[];
  /** Sentences on what must not be; none where all is well. */
  readonly faults: readonly string[];
  /** Warnings and errors in the log, by what they say. */
  readonly complaints: ReadonlyMap<string, number>;
}

/** Runs Berth on a real API server through hours of ordinary life in some minutes; `tell` gets a line each minute. */
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
  const probe = join(plane.dir, 'probe.sock');
  const env = { NODE_OPTIONS: `--import=${probeModule()}`, BERTH_SOAK_PROBE: probe };
  const berth = await BerthProcess.start(plane, { kubeconfig, args: berthArgs, env });
  await churn.prepare();

  const ending = new AbortController();
  const churning = churn.run(ending.signal);
  const lengthMs = options.minutes * msPerMinute;
  const interruptions: Interruption[] = [];
  const dropped: Exposition[] = [];
  const restarting = options.restart
    ? restartInTheMiddle(cluster, lengthMs, { interruptions, dropped })
    : undefined;
  const samples = await watchOver(berth, { ...options, probe, lengthMs, tell });
  await restarting;
  ending.abort();
  await churning;

  const faults = await faultsAtRest(cluster, berth, nodes.length);
  const metrics = new Exposition(await berth.metrics());
  const countedReconnects = metrics.sum('berth_reflector_reconnects_total');
  const reconnects = reconnectsIn(
    berth.child.stderr(),
    interruptions,
    droppedWatches([...dropped, await metricsOf(plane)]),
  );
  return {
    samples,
    interruptions,
    reconnects,
    countedReconnects,
    deeds: churn.tally,
    attempts: attemptsIn(metrics),
    handles: await askThreads(probe),
    faults,
    complaints: complaintsIn(berth.child.stderr()),
  };
}

async function metricsOf(plane: ControlPlane): Promise<Exposition> {
  return new Exposition(await plane.kubectl(['get', '--raw', '/metrics']));
}

/** By resource, how many watches an API server closed because their reader was slow. */
function droppedWatches(scrapes: readonly Exposition[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const scrape of scrapes)
    for (const [resource, count] of scrape.by('apiserver_terminated_watchers_total', 'resource'))
      sums.set(resource, (sums.get(resource) ?? 0) + count);
  return sums;
}

function probeModule(): string {
  return pathToFileURL(join(projectRoot(), 'dist', 'soak-probe.js')).href;
}

async function restartInTheMiddle(
  { plane }: TestCluster,
  lengthMs: number,
  { interruptions, dropped }: { readonly interruptions: Interruption[]; readonly dropped: Exposition[] },
): Promise<void> {
  await sleep(lengthMs / 2);
  // Its counts begin anew.
  dropped.push(await metricsOf(plane));
  const from = Date.now();
  await plane.restartApiServer({ downMs });
  interruptions.push({ from, until: Date.now() });
}

async function watchOver(
  berth: BerthProcess,
  options: SoakOptions & {
    readonly probe: string;
    readonly lengthMs: number;
    readonly tell: (line: string) => void;
  },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  let toldMinutes = 0;
  while (elapsed() < options.lengthMs) {
    await sleep(options.sampleSeconds * 1_000);
    if (!berth.child.running) throw new Error(`Berth ended; the end of its output:\n${berth.child.tail(30)}`);
    const sample = await takeSample(berth, options.probe, elapsed() / msPerMinute);
    samples.push(sample);
    if (Math.floor(sample.minutes) <= toldMinutes) continue;
    toldMinutes = Math.floor(sample.minutes);
    options.tell(
      `minute ${toldMinutes}: heap ${sample.heapMb.toFixed(0)} MB, resident ${sample.residentMb.toFixed(0)} MB, ` +
        `${sample.sockets} sockets, ${sample.handles} handles, ${sample.cachedPods} pods known, ${sample.waiting} wait, ${sample.attempts} attempts`,
    );
  }
  return samples;
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
