import { type Context, createContext, Script } from 'node:vm';

/** A call took longer than it may. */
export class TimeExceeded extends Error {
  constructor(limitMs: number) {
    super(`took longer than its time limit of ${limitMs}ms`);
    this.name = 'TimeExceeded';
  }
}

export interface GuardOptions {
  /** 0: no limit. */
  readonly limitMs: number;
  /** False for a call that is only measured, because it is made too often to be interrupted. @default true */
  readonly interrupt?: boolean;
  /** True when it does no harm to make the call again from its start. @default false */
  readonly repeatable?: boolean;
}

/** How often a call is made when the machine, not the call, is to blame for the time that passed. */
const tries = 3;
/** A call that had less of the processor than this share of its limit was kept from running. */
const busyShare = 0.5;

/**
 * Runs code of others and interrupts it when its time is over: V8 ends it wherever it is, without its `finally` blocks. Nothing but
 * that code belongs into a guarded call. Costs 50 to 150 µs of a processor for the timer's thread, hence one call for all nodes.
 *
 * Limits are wall-clock time, which also passes while the process does not run (a busy machine, a throttled container). A call that
 * was cut short after little work is therefore made again, if it bears that.
 */
export class TimeGuard {
  static readonly #script = new Script('call()', { filename: 'berth-time-guard.js' });
  /** A context of its own: it sees nothing but the call at hand. */
  readonly #context: Context;
  #call: () => void = () => {};

  constructor() {
    this.#context = createContext({ call: () => this.#call() });
  }

  /** What the call returns or throws; or throws `TimeExceeded`. Not reentrant. */
  run<T>(call: () => T, options: GuardOptions): T {
    const { limitMs, interrupt = true, repeatable = false } = options;
    if (limitMs === 0) return call();
    for (let attempt = 1; ; attempt++) {
      const wall = performance.now();
      const cpu = cpuMs();
      const outcome = interrupt ? this.#interruptible(call, limitMs) : { value: call() };
      const isLate = outcome === 'interrupted' || performance.now() - wall > limitMs;
      if (!isLate) return outcome.value;
      const wasKept = cpuMs() - cpu < limitMs * busyShare;
      if (outcome !== 'interrupted' && wasKept) return outcome.value;
      if (!wasKept || !repeatable || attempt === tries) throw new TimeExceeded(limitMs);
    }
  }

  #interruptible<T>(call: () => T, limitMs: number): { readonly value: T } | 'interrupted' {
    let value: T;
    this.#call = () => {
      value = call();
    };
    try {
      TimeGuard.#script.runInContext(this.#context, { timeout: Math.ceil(limitMs), displayErrors: false });
      return { value: value! };
    } catch (thrown) {
      if (isTimeout(thrown)) return 'interrupted';
      throw thrown;
    }
  }
}

function isTimeout(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    'code' in thrown &&
    thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}

interface CpuTimes {
  readonly user: number;
  readonly system: number;
}

/** Processor time of this thread, where Node.js tells it (23.9), else of the process. */
function cpuMs(): number {
  const { threadCpuUsage } = process as { readonly threadCpuUsage?: () => CpuTimes };
  const { user, system } = threadCpuUsage === undefined ? process.cpuUsage() : threadCpuUsage.call(process);
  return (user + system) / 1_000;
}
