import type { ApiObject } from '../../controlplane/api-client.js';
import type { ControlPlane } from '../../controlplane/control-plane.js';
import type { BenchCase } from './bench-case.js';
import type { Figures } from './figures.js';
import { nodeCores } from './node-objects.js';
import { type PlacedPod, placementQuality } from './placement-quality.js';
import { podsPath } from './pod-objects.js';
import { cpuMs, quiet } from './process-usage.js';
import { restShare, restWithinMs } from './run-context.js';

/** Processor time of a process from one moment until it is at rest. */
export class CpuMeter {
  readonly #pid: number;
  #began: number | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  readonly begin = (): void => {
    this.#began = cpuMs(this.#pid);
  };

  /** Waits until what follows the bindings is done (events, garbage), and returns milliseconds since the beginning. */
  async untilAtRest(signal: AbortSignal): Promise<number> {
    await quiet([this.#pid], { share: restShare, withinMs: restWithinMs, signal });
    return cpuMs(this.#pid) - (this.#began ?? Number.NaN);
  }
}

/** What the API server has at the end of a run. */
export async function figuresOfCluster(plane: ControlPlane, { nodes }: BenchCase): Promise<Figures> {
  const { items } = await plane.api.list<ApiObject & PlacedPod>(podsPath);
  const { metadata, items: some } = await plane.api.get<{
    metadata: { remainingItemCount?: number };
    items: unknown[];
  }>('/apis/events.k8s.io/v1/namespaces/default/events?limit=1');
  return {
    ...placementQuality(items, { nodes, cores: nodeCores }),
    events: some.length + (metadata.remainingItemCount ?? 0),
  };
}
