import { setTimeout as sleep } from 'node:timers/promises';
import { BinderProcess } from './binder-process.js';
import { BoundWatch } from './bound-watch.js';
import type { Contender } from './contender.js';
import type { Figures } from './figures.js';
import { nodeName } from './node-objects.js';
import { createAll, type PodObject, podObject, podsPath } from './pod-objects.js';
import { peakRssMb, quietControlPlane } from './process-usage.js';
import { type RunContext, runWithinMs } from './run-context.js';
import { CpuMeter, figuresOfCluster } from './run-figures.js';
import { figuresOfMetrics } from './scheduler-figures.js';
import type { Workload } from './workload.js';
import { hopelessPod } from './workloads.js';

/** The pods are there before the scheduler starts. */
export async function runBacklog(context: RunContext, contender: Contender): Promise<Figures> {
  const { plane, benchCase, signal } = context;
  const { pods, watch } = await prepare(context);
  const scheduler = await contender.launch(plane, benchCase.workload);
  const meter = new CpuMeter(scheduler.pid, plane);
  watch.onFirst = meter.begin;
  const churn = churnNodes(context);
  try {
    await watch.all({ withinMs: runWithinMs, signal, failed: scheduler.failed });
  } finally {
    await churn.stop();
  }
  const cpu = await meter.untilAtRest(pods, signal);
  const figures = {
    podsPerSecond: rate(pods, watch.elapsedMs),
    ...cpu,
    peakRssMb: peakRssMb(scheduler.pid),
    ...figuresOfMetrics(await scheduler.metrics()),
    ...(await figuresOfCluster(plane, benchCase)),
  };
  await watch.stop();
  await scheduler.child.stop();
  return figures;
}

/** The same by a binder that does not think: what there is to be reached. */
export async function runCeiling(
  context: RunContext,
  program: { readonly node: string; readonly settings: Readonly<Record<string, string>> },
): Promise<Figures> {
  const { plane, signal } = context;
  const { pods, watch } = await prepare(context);
  const binder = await BinderProcess.start(plane, program.node, program.settings);
  const meter = new CpuMeter(binder.child.pid, plane);
  watch.onFirst = meter.begin;
  await watch.all({ withinMs: runWithinMs, signal, failed: binder.failed });
  const { allMs, posted } = await binder.report({ withinMs: runWithinMs, signal });
  const cpu = await meter.untilAtRest(pods, signal);
  await watch.stop();
  return {
    podsPerSecond: rate(pods, watch.elapsedMs),
    podsPerSecondWithEvents: (1000 * pods) / allMs,
    ...cpu,
    peakRssMb: peakRssMb(binder.child.pid),
    events: posted,
  };
}

/** Creates the pods of the case and begins to watch for those that can be bound. */
async function prepare({ plane, benchCase, signal }: RunContext): Promise<{
  readonly pods: number;
  readonly watch: BoundWatch;
}> {
  const { workload, pods } = benchCase;
  await createAll(plane.api, podsPath, backlogOf(workload, pods), { signal });
  await quietControlPlane(plane, { signal });
  const names = Array.from({ length: pods }, (_, index) => podName(index));
  return { pods, watch: await BoundWatch.start(plane.api, names) };
}

function podName(index: number): string {
  return `pod-${index}`;
}

function* backlogOf({ pod, hopelessEvery }: Workload, count: number): Generator<PodObject> {
  for (let index = 0; index < count; index += 1) {
    yield podObject(podName(index), pod(index));
    if (hopelessEvery !== undefined && index % hopelessEvery === 0)
      yield podObject(`hopeless-${index}`, hopelessPod);
  }
}

/** Pods per second from the first to the last of them. */
export function rate(pods: number, elapsedMs: number): number {
  return (1000 * (pods - 1)) / elapsedMs;
}

/** Changes a label of one node after the other, as often as the workload says. */
function churnNodes({ plane, benchCase, signal }: RunContext): { stop(): Promise<void> } {
  const { nodeChangesPerSecond = 0 } = benchCase.workload;
  const ending = new AbortController();
  const churn = async (): Promise<void> => {
    for (let change = 0; nodeChangesPerSecond > 0 && !ending.signal.aborted; change += 1) {
      const labels = { 'example.com/change': String(change) };
      await plane.api.patch(`/api/v1/nodes/${nodeName(change % benchCase.nodes)}`, { metadata: { labels } });
      await sleep(1000 / nodeChangesPerSecond, undefined, { signal });
    }
  };
  const churning = churn();
  // Awaited by stop(); until then a failure must not count as one that nobody heard of.
  churning.catch(() => {});
  return {
    stop: async () => {
      ending.abort();
      await churning;
    },
  };
}
