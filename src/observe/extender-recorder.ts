import { type Pod, podKey } from '../cluster/pod.js';
import type { ExtenderVerb } from '../extenders/extender.js';
import type { ExtenderTrouble } from '../extenders/extender-answer.js';
import type { ExtendersObserver } from '../extenders/extenders.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

/** Turns what is said with extenders into metrics and log lines. */
export class ExtenderRecorder implements ExtendersObserver {
  readonly #metrics: Metrics;
  readonly #logger: Logger;

  constructor({ metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger }) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  exchanged(
    extender: string,
    verb: ExtenderVerb,
    result: 'success' | ExtenderTrouble,
    seconds: number,
  ): void {
    this.#metrics.extenderDuration.of(extender, verb, result).observe(seconds);
  }

  passedOver(extender: string, verb: ExtenderVerb, pod: Pod, message: string): void {
    this.#logger.info('an extender failed; going on without it', {
      extender,
      verb,
      pod: podKey(pod),
      error: message,
    });
  }
}
