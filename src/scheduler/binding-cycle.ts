import type { Pod } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import { failure, isRejection, type Status, statusMessage } from '../framework/status.js';

/** Runs Permit's plugins; the waits that they ask for, by plugin, or the status that refuses the pod. */
export function runPermit(
  cycle: Cycle,
  profile: Profile,
  pod: Pod,
): { readonly status?: Status; readonly waits: ReadonlyMap<string, number> } {
  const waits = new Map<string, number>();
  for (const plugin of profile.permit) {
    const answer = plugin.permit(cycle, pod, pod.nodeName);
    if (answer === undefined) continue;
    if (answer.code === 'WaitUpTo') waits.set(plugin.name, answer.milliseconds);
    else return { status: named(answer, 'Permit', plugin.name), waits };
  }
  return { waits };
}

/** Runs Reserve's plugins in order; the status of the first that fails. */
export function runReserve(cycle: Cycle, profile: Profile, pod: Pod): Status | undefined {
  for (const plugin of profile.reserve) {
    const status = plugin.reserve(cycle, pod, pod.nodeName);
    if (status !== undefined) return named(status, 'Reserve', plugin.name);
  }
  return undefined;
}

/** Takes back every reservation, in reverse order; plugins bear being called without one. */
export function runUnreserve(cycle: Cycle, profile: Profile, pod: Pod): void {
  for (const plugin of profile.reserve.toReversed()) plugin.unreserve(cycle, pod, pod.nodeName);
}

/** Runs PreBind's plugins that have something to do, one after the other. */
export async function runPreBind(
  cycle: Cycle,
  profile: Profile,
  pod: Pod,
  signal: AbortSignal,
): Promise<Status | undefined> {
  for (const plugin of profile.preBind) {
    const preFlight = plugin.preBindPreFlight?.(cycle, pod, pod.nodeName);
    if (preFlight === 'skip') continue;
    if (preFlight !== undefined) return named(preFlight, 'PreBindPreFlight', plugin.name);
    const status = await plugin.preBind(cycle, pod, pod.nodeName, { signal });
    if (status !== undefined) return named(status, 'PreBind', plugin.name);
  }
  return undefined;
}

/** Asks binders in order until one does not skip. */
export async function runBind(
  cycle: Cycle,
  profile: Profile,
  pod: Pod,
  signal: AbortSignal,
): Promise<Status | undefined> {
  for (const plugin of profile.bind) {
    const status = await plugin.bind(cycle, pod, pod.nodeName, { signal });
    if (status?.code === 'Skip') continue;
    return status === undefined ? undefined : named(status, 'Bind', plugin.name);
  }
  return failure('no bind plugin took the pod');
}

/** Attaches the plugin's name; a fault also says where it happened, in kube-scheduler's words. */
function named(status: Status, point: string, plugin: string): Status {
  if (isRejection(status)) return { ...status, plugin };
  return {
    ...failure(`running ${point} plugin "${plugin}": ${statusMessage(status)}`, status.cause),
    plugin,
  };
}
