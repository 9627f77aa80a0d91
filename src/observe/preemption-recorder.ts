import { type Pod, podKey } from '../cluster/pod.js';
import type { ApiError } from '../kube/api-error.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import type { Preemption } from '../plugins/default-preemption/preemption-actions.js';
import type { Eviction, PreemptionObserver } from '../scheduler/preemption-executor.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

export interface PreemptionRecorderOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly events: EventRecorder;
}

/** Turns what preemption does into metrics, log lines and events. */
export class PreemptionRecorder implements PreemptionObserver {
  readonly #options: PreemptionRecorderOptions;

  constructor(options: PreemptionRecorderOptions) {
    this.#options = options;
  }

  attempted(): void {
    this.#options.metrics.preemptionAttempts.inc();
  }

  began({ victims }: Preemption): void {
    this.#options.metrics.preemptionVictims.observe(victims.length);
  }

  evicted(victim: Pod, { preemptor, nodeName }: Preemption, how: Eviction): void {
    const { logger, events } = this.#options;
    logger.info('preempted the pod', {
      pod: podKey(victim),
      preemptor: podKey(preemptor),
      node: nodeName,
      released: how === 'released',
    });
    // Kube-scheduler names the preemptor by UID and has no `related` object.
    const note = `Preempted by pod ${preemptor.uid} on node ${nodeName}`;
    events.record({
      type: 'Normal',
      reason: 'Preempted',
      action: 'Preempting',
      note: how === 'released' ? `${note} (in kube-scheduler memory).` : note,
      reportingController: preemptor.schedulerName,
      regarding: {
        kind: 'Pod',
        apiVersion: 'v1',
        namespace: victim.namespace,
        name: victim.name,
        uid: victim.uid,
        resourceVersion: victim.resourceVersion,
      },
    });
  }

  failed(pod: Pod, { preemptor, nodeName }: Preemption, error: ApiError): void {
    this.#options.logger.error('could not make room for the pod', {
      pod: podKey(preemptor),
      node: nodeName,
      over: podKey(pod),
      error: error.message,
    });
  }

  ended(_preemption: Preemption, result: 'success' | 'error', seconds: number): void {
    const { preemptionGoroutinesDuration, preemptionGoroutinesExecution } = this.#options.metrics;
    preemptionGoroutinesDuration.of(result).observe(seconds);
    preemptionGoroutinesExecution.of(result).inc();
  }
}
