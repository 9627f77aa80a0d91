import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../../controlplane/control-plane.js';
import { quantileOf } from '../quantiles.js';
import { rate } from './backlog-run.js';
import type { BenchCase } from './bench-case.js';
import { BoundWatch } from './bound-watch.js';
import type { Contender } from './contender.js';
import type { Figures } from './figures.js';
import { LeaseWatch } from './lease-watch.js';
import { createAll, type PodObject, podObject, podsPath } from './pod-objects.js';
import { peakRssMb } from './process-usage.js';
import { type RunContext, runWithinMs } from './run-context.js';
import { CpuMeter, figuresOfCluster } from './run-figures.js';
import { figuresOfMetrics } from './scheduler-figures.js';

const readyWithinMs = 90_000;
/** Requests to create pods that are under way at once, at most. */
const inFlight = 32;
/** Come before those that are measured: both schedulers have their Lease by then, and code that runs often is compiled. */
const warmUpPods = 200;
/** Then the garbage of the start is collected. */
const calmMs = 1_000;

/** Pods come while the scheduler runs: at `perSecond`, or as fast as they can be created. */
export async function runArrivals(
  context: RunContext,
  contender: Contender,
  { perSecond }: { readonly perSecond: number | undefined },
): Promise<Figures> {
  const { plane, benchCase, signal } = context;
  const { workload, pods } = benchCase;
  const leases = await LeaseWatch.start(plane.api);
  const scheduler = await contender.launch(plane, workload);
  await scheduler.ready({ withinMs: readyWithinMs, signal });
  const { failed } = scheduler;
  await warmUp(context, failed);
  const objects = podObjects('pod', benchCase);
  const watch = await BoundWatch.start(plane.api, namesOf(objects));
  // The event loop's delay is told since the last reading.
  await scheduler.metrics();
  const meter = new CpuMeter(scheduler.pid, plane);
  meter.begin();
  const { createdAt, elapsedMs } = await createAtRate(plane, objects, { perSecond, signal });
  await watch.all({ withinMs: runWithinMs, signal, failed });
  const cpu = await meter.untilAtRest(pods, signal);
  const metrics = await scheduler.metrics();
  const latencies = [...watch.boundAt].map(([name, at]) => Math.max(0, at - (createdAt.get(name) ?? at)));
  const delay = (stat: string): number => 1000 * metrics.sum('berth_event_loop_delay_seconds', { stat });
  const figures = {
    podsPerSecond: rate(pods, watch.elapsedMs),
    ...cpu,
    peakRssMb: peakRssMb(scheduler.pid),
    latencyP50Ms: quantileOf(latencies, 0.5),
    latencyP99Ms: quantileOf(latencies, 0.99),
    arrivalsPerSecond: rate(pods, elapsedMs),
    leaseGapSeconds: await leases.stop(),
    ...(metrics.by('berth_event_loop_delay_seconds', 'stat').size === 0
      ? {}
      : { eventLoopP999Ms: delay('p99.9'), eventLoopMaxMs: delay('max') }),
    ...figuresOfMetrics(metrics),
    ...(await figuresOfCluster(plane, benchCase)),
  };
  await watch.stop();
  await scheduler.child.stop();
  return figures;
}

/** Pods that count for nothing, until they are bound and what they left is cleared away. */
async function warmUp(
  { plane, benchCase, signal }: RunContext,
  failed: () => string | undefined,
): Promise<void> {
  const objects = podObjects('early', { ...benchCase, pods: warmUpPods });
  const watch = await BoundWatch.start(plane.api, namesOf(objects));
  await createAll(plane.api, podsPath, objects, { signal });
  await watch.all({ withinMs: runWithinMs, signal, failed });
  await watch.stop();
  await sleep(calmMs, undefined, { signal });
}

function podObjects(name: string, { workload, pods }: BenchCase): PodObject[] {
  return Array.from({ length: pods }, (_, index) => podObject(`${name}-${index}`, workload.pod(index)));
}

function namesOf(objects: readonly PodObject[]): string[] {
  return objects.map(({ metadata }) => metadata.name);
}

interface Creation {
  /** When the answer came that the pod exists, by its name, on the monotonic clock. */
  readonly createdAt: ReadonlyMap<string, number>;
  readonly elapsedMs: number;
}

/** Each pod at its time, whatever became of those before it, as long as not too many requests are under way. */
async function createAtRate(
  plane: ControlPlane,
  objects: readonly PodObject[],
  { perSecond, signal }: { readonly perSecond: number | undefined; readonly signal: AbortSignal },
): Promise<Creation> {
  const createdAt = new Map<string, number>();
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < objects.length) {
      signal.throwIfAborted();
      const index = next;
      next += 1;
      const object = objects[index]!;
      const due = perSecond === undefined ? 0 : began + (1000 * index) / perSecond;
      const early = due - performance.now();
      if (early > 0) await sleep(early, undefined, { signal });
      await plane.api.create(podsPath, object);
      createdAt.set(object.metadata.name, performance.now());
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { createdAt, elapsedMs: performance.now() - began };
}
