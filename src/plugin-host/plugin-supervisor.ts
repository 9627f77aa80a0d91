import { basename } from 'node:path';
import type { Clock } from '../clock.js';
import type { PluginModuleConfiguration } from '../config/berth-configuration.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { pluginFrame } from './module-url.js';
import type { FaultKind, PluginFaultReport, PluginObserver } from './plugin-observer.js';
import { TimeExceeded, type TimeGuard } from './time-guard.js';

const maxTextLength = 400;

/** A plugin returned what it may not: what, and what it has to return. */
export class WrongAnswer extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'WrongAnswer';
  }
}

/** Why an attempt cannot go on: the plugin failed, or is switched off, and its pods are not to be placed without it. */
export class PluginUnavailable extends Error {
  constructor(text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'PluginUnavailable';
  }
}

export interface SupervisedCall {
  /** The extension point, as metrics name it. */
  readonly point: string;
  /** The attempt that it belongs to: once the plugin has failed in one, it has no part in the rest of it. */
  readonly attempt?: object | undefined;
  /** False for a call that is only measured, because it is made too often to be interrupted. @default true */
  readonly interrupt?: boolean;
  /** True when it does no harm to make the call again from its start. @default false */
  readonly repeatable?: boolean;
  /** True for a call that must be made even while the plugin is switched off: it takes something back. @default false */
  readonly always?: boolean;
}

export type SupervisionSettings = Pick<
  PluginModuleConfiguration,
  'name' | 'onFault' | 'timeLimitMs' | 'bindingTimeLimitMs' | 'breaker'
>;

export interface SupervisorOptions {
  readonly settings: SupervisionSettings;
  readonly guard: TimeGuard;
  readonly clock: Clock;
  readonly observer?: PluginObserver | undefined;
}

/** Stands between Berth and one plugin: whatever the plugin does, Berth gets an answer that it can use, in bounded time. */
export class PluginSupervisor {
  readonly #options: SupervisorOptions;
  readonly #breaker: CircuitBreaker;
  readonly #spoilt = new WeakSet<object>();
  #lastFault: PluginFaultReport | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { settings, clock, observer } = options;
    const { name, breaker } = settings;
    this.#breaker = new CircuitBreaker({
      ...breaker,
      now: () => clock.monotonic(),
      changed: (state) =>
        observer?.breaker?.({ plugin: name, state, fault: this.#lastFault, pauseMs: breaker.pauseMs }),
    });
    observer?.breaker?.({ plugin: name, state: 'closed', fault: undefined, pauseMs: breaker.pauseMs });
  }

  /**
   * Makes a call. When the plugin fails, or is switched off: throws `PluginUnavailable`, or, where pods are to be placed without it,
   * answers `instead`.
   */
  call<T>(spec: SupervisedCall, instead: T, run: () => T): T {
    if (!this.#mayCall(spec)) return this.#without(spec, instead);
    const { guard, settings } = this.#options;
    const started = performance.now();
    try {
      const answer = guard.run(run, {
        limitMs: settings.timeLimitMs,
        interrupt: spec.interrupt ?? true,
        repeatable: spec.repeatable ?? false,
      });
      this.#succeeded(spec, started);
      return answer;
    } catch (thrown) {
      return this.#failed(spec, started, thrown, instead);
    }
  }

  /** As `call`, for an extension point that may wait for others. Its time limit is that of bindings. */
  async callAsync<T>(
    spec: SupervisedCall,
    instead: T,
    run: (signal: AbortSignal) => Promise<T>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    if (!this.#mayCall(spec)) return this.#without(spec, instead);
    const started = performance.now();
    const stop = new AbortController();
    const abort = (): void => stop.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
    try {
      const answer = await this.#withinTime(run, stop);
      this.#succeeded(spec, started);
      return answer;
    } catch (thrown) {
      // The program ends, or another took the pod: not the plugin's fault.
      if (options.signal?.aborted) throw thrown;
      return this.#failed(spec, started, thrown, instead);
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /** Takes note of a fault in a call that somebody else makes. */
  report(point: string, thrown: unknown): void {
    this.#note({ point }, thrown);
  }

  async #withinTime<T>(run: (signal: AbortSignal) => Promise<T>, stop: AbortController): Promise<T> {
    const { guard, settings, clock } = this.#options;
    // Until its first wait it runs as any other call does.
    const begun = guard.run(() => run(stop.signal), { limitMs: settings.timeLimitMs });
    if (settings.bindingTimeLimitMs === 0) return begun;
    let cancel = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(settings.bindingTimeLimitMs, () => {
        reject(new TimeExceeded(settings.bindingTimeLimitMs));
        stop.abort(new TimeExceeded(settings.bindingTimeLimitMs));
      });
    });
    // What it does after its time is of no interest any more, nor is how it fails.
    begun.catch(() => undefined);
    try {
      return await Promise.race([begun, late]);
    } finally {
      cancel();
    }
  }

  #mayCall({ attempt, always = false }: SupervisedCall): boolean {
    if (always) return true;
    if (attempt !== undefined && this.#spoilt.has(attempt)) return false;
    return this.#breaker.admits();
  }

  #without<T>({ point }: SupervisedCall, instead: T): T {
    const { settings, observer } = this.#options;
    observer?.leftOut?.(settings.name, point);
    if (settings.onFault === 'SkipPlugin') return instead;
    const seconds = Math.ceil(this.#breaker.pauseLeftMs / 1_000);
    const fault = this.#lastFault?.text ?? '';
    throw new PluginUnavailable(
      seconds === 0 ? fault : `it failed too often and is tried again in ${seconds}s; last it ${fault}`,
    );
  }

  #succeeded({ point }: SupervisedCall, started: number): void {
    const { settings, observer } = this.#options;
    observer?.called?.(settings.name, point, (performance.now() - started) / 1_000);
    this.#breaker.succeeded(point);
  }

  #failed<T>(spec: SupervisedCall, started: number, thrown: unknown, instead: T): T {
    const { settings, observer } = this.#options;
    observer?.called?.(settings.name, spec.point, (performance.now() - started) / 1_000);
    const { text } = this.#note(spec, thrown);
    if (settings.onFault === 'SkipPlugin') return instead;
    throw new PluginUnavailable(text, { cause: thrown });
  }

  #note({ point, attempt }: SupervisedCall, thrown: unknown): PluginFaultReport {
    const { settings, observer } = this.#options;
    const fault = {
      plugin: settings.name,
      point,
      kind: kindOf(thrown),
      text: faultText(thrown),
      cause: thrown,
    };
    this.#lastFault = fault;
    if (attempt !== undefined) this.#spoilt.add(attempt);
    observer?.faulted?.(fault);
    this.#breaker.failed(point);
    return fault;
  }
}

function kindOf(thrown: unknown): FaultKind {
  if (thrown instanceof TimeExceeded) return 'timeout';
  return thrown instanceof WrongAnswer ? 'answer' : 'exception';
}

function faultText(thrown: unknown): string {
  if (thrown instanceof TimeExceeded || thrown instanceof WrongAnswer) return thrown.message;
  const place = pluginFrame(thrown);
  const where = place === undefined ? '' : ` (${basename(place.file)}:${place.line}:${place.column})`;
  return `threw ${describeThrown(thrown)}${where}`;
}

/** Whatever was thrown, in a few words; never throws itself. */
export function describeThrown(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return inFewWords(show(thrown));
    // "fetch failed" is all that fetch says: why is in its cause.
    const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : '';
    return inFewWords(`${thrown.name}: ${thrown.message}${cause}`);
  } catch {
    return 'something that cannot be shown';
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Conditions and events are no place for a page of text. */
function inFewWords(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}
