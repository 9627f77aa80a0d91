import type { ApiObject } from '../../controlplane/api-client.js';
import type { ControlPlane } from '../../controlplane/control-plane.js';
import type { BenchCase } from './bench-case.js';
import type { Figures } from './figures.js';
import { nodeCores } from './node-objects.js';
import { type PlacedPod, placementQuality } from './placement-quality.js';
import { podsPath } from './pod-objects.js';
import { cpuMs, quiet } from './process-usage.js';
import { restShare, restWithinMs } from './run-context.js';

/** Processor time of a scheduler, and of the API server it works with, from one moment until the scheduler is at rest. */
export class CpuMeter {
  readonly #pid: number;
  readonly #plane: ControlPlane;
  readonly #apiServer: number;
  #began = { own: Number.NaN, apiServer: Number.NaN };

  constructor(pid: number, plane: ControlPlane) {
    this.#pid = pid;
    this.#plane = plane;
    this.#apiServer = plane.pid('kube-apiserver')!;
  }

  readonly begin = (): void => {
    this.#began = { own: cpuMs(this.#pid), apiServer: cpuMs(this.#apiServer) };
  };

  /** Waits until what follows the bindings is done (events, garbage), and returns what it took since the beginning. */
  async untilAtRest(pods: number, signal: AbortSignal): Promise<Figures> {
    const deadline = performance.now() + restWithinMs;
    // On a busy machine a process may get so little done that it looks idle: events tell whether it is.
    for (let before = -1, now = 0; now !== before && performance.now() < deadline; ) {
      before = now;
      await quiet([this.#pid], { share: restShare, withinMs: deadline - performance.now(), signal });
      now = await countEvents(this.#plane);
    }
    const own = cpuMs(this.#pid) - this.#began.own;
    const apiServer = cpuMs(this.#apiServer) - this.#began.apiServer;
    return { cpuMsPerPod: own / pods, cpuToApiServer: own / apiServer };
  }
}

/** What the API server has at the end of a run. */
export async function figuresOfCluster(plane: ControlPlane, { nodes }: BenchCase): Promise<Figures> {
  const { items } = await plane.api.list<ApiObject & PlacedPod>(podsPath);
  return { ...placementQuality(items, { nodes, cores: nodeCores }), events: await countEvents(plane) };
}

async function countEvents(plane: ControlPlane): Promise<number> {
  const path = '/apis/events.k8s.io/v1/namespaces/default/events?limit=1';
  const { metadata, items } = await plane.api.get<{
    metadata: { remainingItemCount?: number };
    items: unknown[];
  }>(path);
  return items.length + (metadata.remainingItemCount ?? 0);
}
