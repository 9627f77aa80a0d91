import type { Pod } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { BindOptions, Plugin, PreBindPlugin } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import { failure, isRejection, type Status, statusMessage } from '../framework/status.js';

export interface PermitOutcome {
  /** Refuses the pod, or says what failed. */
  readonly status?: Status;
  /** How long plugins ask to wait for their word, milliseconds by plugin. */
  readonly waits: ReadonlyMap<string, number>;
}

/** Runs Permit's plugins until one refuses. */
export function runPermit(cycle: Cycle, profile: Profile, pod: Pod): PermitOutcome {
  const waits = new Map<string, number>();
  for (const plugin of profile.permit) {
    const status = guarded('Permit', plugin, () => {
      const answer = plugin.permit(cycle, pod, pod.nodeName);
      if (answer?.code !== 'WaitUpTo') return answer;
      waits.set(plugin.name, answer.milliseconds);
      return undefined;
    });
    if (status !== undefined) return { status, waits };
  }
  return { waits };
}

/** Runs Reserve's plugins in order; the status of the first that fails. */
export function runReserve(cycle: Cycle, profile: Profile, pod: Pod): Status | undefined {
  for (const plugin of profile.reserve) {
    const status = guarded('Reserve', plugin, () => plugin.reserve(cycle, pod, pod.nodeName));
    if (status !== undefined) return status;
  }
  return undefined;
}

/** Takes back every reservation, in reverse order; plugins bear being called without one. */
export function runUnreserve(cycle: Cycle, profile: Profile, pod: Pod): void {
  for (const plugin of profile.reserve.toReversed()) {
    // A plugin that throws here must not keep the others from giving back what they hold.
    guarded('Unreserve', plugin, () => {
      plugin.unreserve(cycle, pod, pod.nodeName);
      return undefined;
    });
  }
}

export type PreFlight =
  /** The plugins that have something to do before the pod may be bound. */
  | { readonly kind: 'ready'; readonly preBind: readonly PreBindPlugin[] }
  | { readonly kind: 'failed'; readonly status: Status };

/** Asks PreBind's plugins which of them have something to do; one that cannot be asked has. */
export function runPreBindPreFlight(
  cycle: Cycle,
  { preBind }: Pick<Profile, 'preBind'>,
  pod: Pod,
): PreFlight {
  const working: PreBindPlugin[] = [];
  for (const plugin of preBind) {
    const answer = askPreFlight(plugin, cycle, pod);
    if (answer === 'work') working.push(plugin);
    else if (answer !== 'skip') return { kind: 'failed', status: { ...answer, plugin: plugin.name } };
  }
  return { kind: 'ready', preBind: working };
}

function askPreFlight(plugin: PreBindPlugin, cycle: Cycle, pod: Pod): 'work' | 'skip' | Status {
  const { name } = plugin;
  const describe = (text: string) => `running PreBindPreFlight "${name}": ${text}`;
  try {
    const answer = plugin.preBindPreFlight?.(cycle, pod, pod.nodeName);
    if (answer === undefined) return 'work';
    if (answer === 'skip' || answer.code === 'Skip') return 'skip';
    if (answer.code === 'Error') return failure(describe(statusMessage(answer)), answer.cause);
    return failure(
      `PreBindPreFlight ${name} returned "${answer.code}", which is unsupported. It is supposed to return Success, Skip, or Error status`,
    );
  } catch (thrown) {
    return failure(describe(String(thrown)), thrown);
  }
}

/** Runs PreBind's plugins one after the other, until one fails: those that `runPreBindPreFlight` found to have something to do. */
export async function runPreBind(
  cycle: Cycle,
  { preBind }: Pick<Profile, 'preBind'>,
  pod: Pod,
  options: { readonly signal: AbortSignal },
): Promise<Status | undefined> {
  for (const plugin of preBind) {
    const status = await guardedAsync('PreBind', plugin, () =>
      plugin.preBind(cycle, pod, pod.nodeName, options),
    );
    if (status !== undefined) return status;
  }
  return undefined;
}

/** Asks binders in order until one does not skip. */
export async function runBind(
  cycle: Cycle,
  profile: Profile,
  pod: Pod,
  options: BindOptions,
): Promise<Status | undefined> {
  for (const plugin of profile.bind) {
    const answer: { skipped: boolean } = { skipped: false };
    const status = await guardedAsync('Bind', plugin, async () => {
      const given = await plugin.bind(cycle, pod, pod.nodeName, options);
      answer.skipped = given?.code === 'Skip';
      return answer.skipped ? undefined : given;
    });
    if (!answer.skipped) return status;
  }
  return failure('no bind plugin took the pod');
}

/** Runs PostBind's plugins; the pod is bound, so nothing they do can change that. */
export function runPostBind(cycle: Cycle, profile: Profile, pod: Pod): void {
  for (const plugin of profile.postBind) {
    guarded('PostBind', plugin, () => {
      plugin.postBind(cycle, pod, pod.nodeName);
      return undefined;
    });
  }
}

function guarded(point: string, plugin: Plugin, call: () => Status | undefined): Status | undefined {
  try {
    return named(call(), point, plugin.name);
  } catch (thrown) {
    return named(failure(String(thrown), thrown), point, plugin.name);
  }
}

async function guardedAsync(
  point: string,
  plugin: Plugin,
  call: () => Promise<Status | undefined>,
): Promise<Status | undefined> {
  try {
    return named(await call(), point, plugin.name);
  } catch (thrown) {
    return named(failure(String(thrown), thrown), point, plugin.name);
  }
}

/** Attaches the plugin's name; a fault also says where it happened, in kube-scheduler's words. */
function named(status: Status | undefined, point: string, plugin: string): Status | undefined {
  if (status === undefined) return undefined;
  if (isRejection(status)) return { ...status, plugin };
  return {
    ...failure(`running ${point} plugin "${plugin}": ${statusMessage(status)}`, status.cause),
    plugin,
  };
}
