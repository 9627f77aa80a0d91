import type { Clock } from '../clock.js';
import { podKey } from '../cluster/pod.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { describeError } from '../errors.js';
import type { EventRecord } from '../kube/event-recorder.js';
import type { ReloadPreview } from '../reload/reload-preview.js';
import { eventOnLease } from './event-on-lease.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

export interface ReloadRecorderOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'now'>;
  /** Takes events of this process, if it may write any. */
  readonly record: (event: EventRecord) => void;
}

/** Pods of a preview that get a line of their own. */
const toldPods = 20;

/** Says what became of a changed configuration: to the log, to metrics, and in an event on the Lease. */
export class ReloadRecorder {
  readonly #options: ReloadRecorderOptions;
  #generation = 0;

  constructor(options: ReloadRecorderOptions) {
    this.#options = options;
    this.#succeed();
  }

  /** A configuration is in effect. `fixed` names what of it waits for the next start. */
  applied(configuration: EffectiveConfiguration, fixed: readonly string[]): void {
    const { metrics, logger } = this.#options;
    this.#succeed();
    metrics.configurationReloads.of('applied').inc();
    for (const warning of configuration.warnings)
      logger.warn('the configuration needs attention', { warning });
    for (const field of fixed) logger.warn('a changed field takes effect at the next start only', { field });
    logger.info('the changed configuration is in effect', {
      generation: this.#generation,
      profiles: configuration.profiles.map(({ schedulerName }) => schedulerName).join(', '),
    });
    const note = `Generation ${this.#generation} of the configuration is in effect`;
    this.#record(configuration, { type: 'Normal', reason: 'ConfigurationReloaded', note });
  }

  /** A configuration was refused; `current` stays in effect. */
  refused(error: unknown, current: EffectiveConfiguration): void {
    const { metrics, logger } = this.#options;
    const { line, hint, code } = describeError(error);
    metrics.configurationReloads.of('refused').inc();
    metrics.configurationReloadSuccessful.set(0);
    const facts = { generation: this.#generation, code, error: line, hint };
    logger.error('the changed configuration is refused and the last good one stays', facts);
    const note = `Generation ${this.#generation} stays in effect, because the changed configuration is refused: ${line}`;
    this.#record(current, { type: 'Warning', reason: 'ConfigurationRefused', note });
  }

  previewed({ judged, different, left }: ReloadPreview): void {
    const { logger } = this.#options;
    for (const { pod, before, after } of different.slice(0, toldPods))
      logger.info('the changed configuration judges a pod differently', {
        pod: podKey(pod),
        before,
        after,
      });
    const facts = { judged, different: different.length, notJudged: left };
    logger.info('compared the changed configuration with the one in effect over the pending pods', facts);
  }

  #succeed(): void {
    const { metrics, clock } = this.#options;
    this.#generation += 1;
    metrics.configurationGeneration.set(this.#generation);
    metrics.configurationReloadSuccessful.set(1);
    metrics.configurationLoadTime.set(clock.now() / 1_000);
  }

  #record(configuration: EffectiveConfiguration, event: Pick<EventRecord, 'type' | 'reason' | 'note'>): void {
    const told = eventOnLease(configuration, { ...event, isNews: true, action: 'Reloading' });
    if (told !== undefined) this.#options.record(told);
  }
}
