import type { Clock } from '../../clock.js';
import type { ClusterState } from '../../cluster/cluster-state.js';
import type { Pod } from '../../cluster/pod.js';
import { failure, type Status } from '../../framework/status.js';
import { bindingProgress } from './binding-progress.js';
import { isPromised, type Reservation } from './reservation.js';
import type { VolumeWriter } from './volume-writer.js';

export interface BindVolumesOptions {
  readonly cluster: ClusterState;
  readonly writer: VolumeWriter;
  readonly clock: Clock;
  /** How long controllers may take, milliseconds; writing does not count. */
  readonly timeoutMs: number;
  /** Ends the wait at once. */
  readonly signal?: AbortSignal | undefined;
}

/** Volumes that are there are bound in a fraction of a second, those that are made take many: the pauses grow up to this. */
const longestPauseMs = 1_000;
const firstPauseMs = 50;

/**
 * Writes what was decided about a pod's volumes, then waits until the controllers have bound its claims. Undefined when all are
 * bound. Nothing that was written is undone: whoever comes next goes on from there.
 */
export async function bindVolumes(
  reservation: Reservation,
  pod: Pod,
  options: BindVolumesOptions,
): Promise<Status | undefined> {
  return (await writeAll(reservation, options)) ?? (await waitForControllers(reservation, pod, options));
}

/** Writes only what the API server does not show yet; what another pod's assumption says does not count. */
async function writeAll(
  { bindings, provisions, nodeName }: Reservation,
  { cluster, writer, signal }: BindVolumesOptions,
): Promise<Status | undefined> {
  const { volumes, claims } = cluster.storage;
  const call = signal === undefined ? {} : { signal };
  for (const binding of bindings) {
    const { volume, claim } = binding;
    const shown = volumes.delivered(volume.name) ?? volume;
    if (isPromised(shown, claim)) continue;
    if (signal?.aborted) return interrupted(signal);
    const byController = shown.claim === undefined;
    const result = await writer.bindVolume(volume, claim, { ...call, byController });
    if (result.kind === 'failed') return signal?.aborted ? interrupted(signal) : result.status;
    binding.shownAt = result.resourceVersion;
  }
  for (const provision of provisions) {
    const { claim } = provision;
    if (claims.delivered(claim.name, claim.namespace)?.selectedNode === nodeName) continue;
    if (signal?.aborted) return interrupted(signal);
    const result = await writer.selectNode(claim, nodeName, call);
    if (result.kind === 'failed') return signal?.aborted ? interrupted(signal) : result.status;
    provision.shownAt = result.resourceVersion;
  }
  return undefined;
}

async function waitForControllers(
  reservation: Reservation,
  pod: Pod,
  { cluster, clock, timeoutMs, signal }: BindVolumesOptions,
): Promise<Status | undefined> {
  const deadline = clock.monotonic() + timeoutMs;
  for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
    if (signal?.aborted) return interrupted(signal);
    const left = deadline - clock.monotonic();
    if (left <= 0) return failure('binding volumes: context deadline exceeded');
    try {
      await clock.sleep(Math.min(pause, left), signal === undefined ? {} : { signal });
    } catch {
      continue;
    }
    const progress = bindingProgress(reservation, pod, cluster);
    if (progress.kind === 'bound') return undefined;
    if (progress.kind === 'failed') return failure(`binding volumes: ${progress.message}`);
  }
}

/** Who interrupts says why: the reason goes along for whoever reads the status. */
function interrupted({ reason }: AbortSignal): Status {
  const text = reason instanceof Error ? reason.message : 'interrupted';
  return failure(`binding volumes: ${text}`, reason);
}
