import type { Cycle } from '../framework/cycle.js';
import type {
  BindPlugin,
  PermitPlugin,
  PermitResult,
  Plugin,
  PostBindPlugin,
  PreBindPlugin,
  ReservePlugin,
} from '../framework/plugin.js';
import { failure, type Status } from '../framework/status.js';
import { describe, refusalOrNothing, skipOrRefusal } from './answers.js';
import { attemptOf, type Functions, type Hosting, messageOf } from './hosting.js';
import { PluginUnavailable, WrongAnswer } from './plugin-supervisor.js';

/* The extension points from the choice of a node to its binding. */

export function hostReserve(
  { supervisor }: Hosting,
  functions: Functions<'reserve'>,
): Omit<ReservePlugin, keyof Plugin> {
  /** What was asked for has to be given back, also when the plugin is switched off by then. */
  const asked = new WeakSet<Cycle>();
  return {
    reserve: (cycle, pod, nodeName) =>
      asStatus(() =>
        supervisor.call({ point: 'Reserve', attempt: cycle }, undefined, () => {
          asked.add(cycle);
          return refusalOrNothing('reserve()', functions.reserve(pod, nodeName, attemptOf(cycle)));
        }),
      ),
    unreserve: (cycle, pod, nodeName) => {
      if (!asked.delete(cycle)) return;
      supervisor.call({ point: 'Unreserve', attempt: cycle, always: true }, undefined, () =>
        functions.unreserve(pod, nodeName, attemptOf(cycle)),
      );
    },
  };
}

export function hostPermit(
  { supervisor }: Hosting,
  functions: Functions<'permit'>,
): Omit<PermitPlugin, keyof Plugin> {
  return {
    permit: (cycle, pod, nodeName) => {
      try {
        return supervisor.call<PermitResult>({ point: 'Permit', attempt: cycle }, undefined, () =>
          permitResult(functions.permit(pod, nodeName, attemptOf(cycle))),
        );
      } catch (thrown) {
        return failure(messageOf(thrown), thrown);
      }
    },
  };
}

function permitResult(answer: unknown): PermitResult {
  if (typeof answer === 'object' && answer !== null && 'waitMs' in answer) {
    const { waitMs } = answer;
    if (typeof waitMs === 'number' && waitMs >= 0) return { code: 'WaitUpTo', milliseconds: waitMs };
    throw new WrongAnswer(`permit() returned waitMs ${describe(waitMs)}; it has to be milliseconds`);
  }
  return refusalOrNothing('permit()', answer);
}

export function hostPreBind(
  { supervisor }: Hosting,
  functions: Functions<'preBind'>,
): Omit<PreBindPlugin, keyof Plugin> {
  return {
    preBindPreFlight: (cycle, pod, nodeName) => {
      if (functions.preBindPreFlight === undefined) return undefined;
      const spec = { point: 'PreBindPreFlight', attempt: cycle, repeatable: true };
      return asStatus(() =>
        supervisor.call<'skip' | Status | undefined>(spec, 'skip', () =>
          skipOrRefusal('preBindPreFlight()', functions.preBindPreFlight?.(pod, nodeName, attemptOf(cycle))),
        ),
      );
    },
    preBind: (cycle, pod, nodeName, options = {}) =>
      asStatusLater(
        supervisor.callAsync(
          { point: 'PreBind', attempt: cycle },
          undefined,
          async (signal) => refusalOrNothing('preBind()', await functions.preBind(pod, nodeName, { signal })),
          options,
        ),
      ),
  };
}

export function hostBind(
  { supervisor }: Hosting,
  functions: Functions<'bind'>,
): Omit<BindPlugin, keyof Plugin> {
  const skip: Status = { code: 'Skip', reasons: [] };
  return {
    bind: (cycle, pod, nodeName, options = {}) =>
      asStatusLater(
        supervisor.callAsync<Status | undefined>(
          { point: 'Bind', attempt: cycle },
          skip,
          async (signal) => {
            const answer = skipOrRefusal('bind()', await functions.bind(pod, nodeName, { signal }));
            return answer === 'skip' ? skip : answer;
          },
          options,
        ),
      ),
  };
}

export function hostPostBind(
  { supervisor }: Hosting,
  functions: Functions<'postBind'>,
): Omit<PostBindPlugin, keyof Plugin> {
  return {
    postBind: (cycle, pod, nodeName) =>
      supervisor.call({ point: 'PostBind', attempt: cycle }, undefined, () =>
        functions.postBind(pod, nodeName, attemptOf(cycle)),
      ),
  };
}

/** Where the framework puts a name before every text that it is given: a thrown error would be named twice. */
function asStatus<T>(call: () => T): T | Status {
  try {
    return call();
  } catch (thrown) {
    return failure(messageOf(thrown), thrown);
  }
}

async function asStatusLater<T>(call: Promise<T>): Promise<T | Status> {
  try {
    return await call;
  } catch (thrown) {
    if (!(thrown instanceof PluginUnavailable)) throw thrown;
    return failure(thrown.message, thrown);
  }
}
