import { BoundWatch } from './bound-watch.js';
import type { Contender } from './contender.js';
import type { Figures } from './figures.js';
import { createAll, podObject, podsPath } from './pod-objects.js';
import { peakRssMb, quiet, quietControlPlane } from './process-usage.js';
import { type RunContext, restShare, restWithinMs, runWithinMs } from './run-context.js';

/** The start of a scheduler in a cluster that has many pods, a few of which wait. */
export async function runStart(context: RunContext, contender: Contender): Promise<Figures> {
  const { plane, benchCase, signal } = context;
  const { workload, pods } = benchCase;
  const objects = Array.from({ length: pods }, (_, index) => podObject(`pod-${index}`, workload.pod(index)));
  await createAll(plane.api, podsPath, objects, { signal });
  await quietControlPlane(plane, { signal });
  const watch = await BoundWatch.start(
    plane.api,
    objects.map(({ metadata }) => metadata.name),
  );
  let firstAt = Number.NaN;
  watch.onFirst = () => {
    firstAt = performance.now();
  };
  const began = performance.now();
  const scheduler = await contender.launch(plane, workload);
  await scheduler.ready({ withinMs: runWithinMs, signal });
  const readyAt = performance.now();
  await watch.all({ withinMs: runWithinMs, signal, failed: scheduler.failed });
  await quiet([scheduler.pid], { share: restShare, withinMs: restWithinMs, signal });
  const figures = {
    readySeconds: (readyAt - began) / 1000,
    firstBoundSeconds: (firstAt - began) / 1000,
    peakRssMb: peakRssMb(scheduler.pid),
  };
  await watch.stop();
  await scheduler.child.stop();
  return figures;
}
