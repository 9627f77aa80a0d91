import type { BreakerReport, PluginFaultReport, PluginObserver } from '../plugin-host/plugin-observer.js';
import { describeThrown } from '../plugin-host/plugin-supervisor.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

const breakerStates = ['closed', 'half-open', 'open'] as const;

/** Turns what plugins from modules do into metrics and log lines. */
export class PluginRecorder implements PluginObserver {
  readonly #metrics: Metrics;
  readonly #logger: Logger;

  constructor({ metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger }) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  readonly called = (plugin: string, point: string, seconds: number): void => {
    this.#metrics.pluginCallDuration.of(plugin, point).observe(seconds);
  };

  readonly faulted = ({ plugin, point, kind, text, cause }: PluginFaultReport): void => {
    this.#metrics.pluginFaults.of(plugin, point, kind).inc();
    this.#logger.warn('a plugin failed', { plugin, point, kind, fault: text });
    if (this.#logger.debugEnabled && kind === 'exception') {
      this.#logger.debug('what the plugin threw', { plugin, error: cause });
    }
  };

  readonly leftOut = (plugin: string, point: string): void => {
    this.#metrics.pluginCallsLeftOut.of(plugin, point).inc();
  };

  readonly breaker = ({ plugin, state, fault, pauseMs }: BreakerReport): void => {
    for (const each of breakerStates)
      this.#metrics.pluginBreaker.of(plugin, each).set(each === state ? 1 : 0);
    if (state === 'open') {
      const facts = { plugin, pauseMs, point: fault?.point, fault: fault?.text };
      this.#logger.error('a plugin failed too often and is not called for a while', facts);
    } else if (fault !== undefined) {
      this.#logger.info(
        state === 'closed' ? 'a plugin works again' : 'a plugin that failed too often is tried again',
        { plugin },
      );
    }
  };

  readonly strayed = (plugin: string, error: unknown): void => {
    this.#metrics.pluginBackgroundFailures.of(plugin).inc();
    this.#logger.warn('a plugin failed in the background', { plugin, error: describeThrown(error) });
  };
}
