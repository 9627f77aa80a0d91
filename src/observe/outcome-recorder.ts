import type { Pod } from '../cluster/pod.js';
import { podKey } from '../cluster/pod.js';
import type { StatusCode } from '../framework/status.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import type { Random } from '../random.js';
import type { EvaluationObserver } from '../scheduler/evaluation-observer.js';
import type { Outcome, SchedulerObserver } from '../scheduler/scheduler.js';
import type { StatusWriter } from '../scheduler/status-writer.js';
import type { Logger } from './logger.js';
import { attemptsLabel, type Metrics } from './metrics.js';
import { RefusalSeries } from './refusal-series.js';

export interface OutcomeRecorderOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly statuses: StatusWriter;
  readonly random: Random;
  /** Milliseconds of the clock that queue times are of. */
  readonly now: () => number;
  /** Sees each outcome after it was recorded. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Plugins are timed in this share of the attempts, as in kube-scheduler: a scrape would otherwise grow too large. */
const sampledShare = 0.1;

/** Turns what the scheduler does into metrics, log lines, events and conditions. */
export class OutcomeRecorder implements SchedulerObserver {
  readonly #options: OutcomeRecorderOptions;
  /** By scheduler name: of attempts whose plugins are timed, and of the others. */
  readonly #sampling = new Map<string, EvaluationObserver>();
  readonly #counting = new Map<string, EvaluationObserver>();
  readonly #refusalSeries = new RefusalSeries();

  constructor(options: OutcomeRecorderOptions) {
    this.#options = options;
  }

  algorithm(seconds: number): void {
    this.#options.metrics.schedulingAlgorithmDuration.observe(seconds);
  }

  evaluation(schedulerName: string): EvaluationObserver {
    const sampled = this.#options.random() < sampledShare;
    const observers = sampled ? this.#sampling : this.#counting;
    let observer = observers.get(schedulerName);
    if (observer === undefined) {
      observer = this.#evaluationObserver(schedulerName, sampled);
      observers.set(schedulerName, observer);
    }
    return observer;
  }

  #evaluationObserver(schedulerName: string, sampled: boolean): EvaluationObserver {
    const { metrics } = this.#options;
    const counted: EvaluationObserver = {
      seconds: monotonicSeconds,
      onPoint: (point, status, seconds) =>
        metrics.frameworkExtensionPointDuration.of(point, status, schedulerName).observe(seconds),
      asked: (plugin, point) => metrics.pluginEvaluations.of(plugin, point, schedulerName).inc(),
    };
    if (!sampled) return counted;
    return {
      ...counted,
      onPlugin: (plugin, point, status, seconds) =>
        metrics.pluginExecutionDuration.of(plugin, point, status).observe(seconds),
    };
  }

  permitWaited(code: StatusCode, seconds: number): void {
    this.#options.metrics.permitWaitDuration.of(code).observe(seconds);
  }

  held(pod: Pod, plugins: readonly string[]): void {
    const note = `Placed on ${pod.nodeName}; waiting for plugin(s) [${plugins.join(' ')}] before it is bound`;
    this.#event(pod, 'Normal', 'WaitingToBind', 'Binding', note);
  }

  skipped(pod: Pod): void {
    this.#event(
      pod,
      'Warning',
      'FailedScheduling',
      'Scheduling',
      `skip schedule deleting pod: ${podKey(pod)}`,
    );
  }

  outcome(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'bound':
        this.#bound(outcome);
        break;
      case 'pending':
        this.#pending(outcome);
        break;
      case 'overtaken':
        this.#options.metrics.schedulingConflicts.of(conflictReason(outcome.by)).inc();
        this.#options.logger.info('another decided about the pod', {
          pod: podKey(outcome.pod),
          by: outcome.by,
        });
    }
    this.#options.onOutcome?.(outcome);
  }

  #bound({ pod, entry, placement, seconds }: Outcome & { kind: 'bound' }): void {
    const { metrics, logger, statuses } = this.#options;
    statuses.forget(pod.uid);
    metrics.scheduleAttempts.of('scheduled', pod.schedulerName).inc();
    metrics.schedulingAttemptDuration.of('scheduled', pod.schedulerName).observe(seconds);
    metrics.podSchedulingAttempts.observe(entry.attempts);
    const waited = (this.#options.now() - (entry.firstActive ?? entry.timestamp)) / 1000;
    metrics.podSchedulingSliDuration.of(attemptsLabel(entry.attempts)).observe(Math.max(0, waited));
    if (entry.flushed) metrics.podScheduledAfterFlush.inc();
    // Events tell of each pod; a line of the log for each would be dearer than deciding about it.
    if (logger.debugEnabled) {
      logger.debug('bound the pod', {
        pod: podKey(pod),
        node: pod.nodeName,
        profile: pod.schedulerName,
        attempts: entry.attempts,
        evaluatedNodes: placement.evaluatedCount,
        feasibleNodes: placement.feasibleCount,
        score: placement.total,
      });
    }
    const note = `Successfully assigned ${podKey(pod)} to ${pod.nodeName}`;
    this.#event(pod, 'Normal', 'Scheduled', 'Binding', note, { isRoutine: true });
  }

  #pending({ pod, entry, reason, message, causes, nominate, seconds }: Outcome & { kind: 'pending' }): void {
    const { metrics, logger, statuses } = this.#options;
    const result = reason === 'Unschedulable' ? 'unschedulable' : 'error';
    metrics.scheduleAttempts.of(result, pod.schedulerName).inc();
    metrics.schedulingAttemptDuration.of(result, pod.schedulerName).observe(seconds);
    for (const cause of causes ?? []) metrics.refusals.of(...this.#refusalSeries.labels(cause)).inc();
    // Thousands that wait are tried again and again: the first time is news.
    if (reason === 'SchedulerError' || entry.attempts === 1 || logger.debugEnabled) {
      const facts = {
        pod: podKey(pod),
        profile: pod.schedulerName,
        attempts: entry.attempts,
        reason: message,
      };
      if (reason === 'SchedulerError') logger.error('failed to schedule the pod; trying again', facts);
      else if (entry.attempts === 1) logger.info('the pod fits on no node; waiting', facts);
      else logger.debug('the pod fits on no node; waiting', facts);
    }
    this.#event(pod, 'Warning', 'FailedScheduling', 'Scheduling', message);
    statuses.markPending(pod, { reason, message, ...(nominate === undefined ? {} : { nominate }) });
  }

  #event(
    pod: Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    action: string,
    note: string,
    { isRoutine = false }: { readonly isRoutine?: boolean } = {},
  ): void {
    this.#options.events.record({
      type,
      reason,
      action,
      note,
      isRoutine,
      reportingController: pod.schedulerName,
      regarding: {
        kind: 'Pod',
        apiVersion: 'v1',
        namespace: pod.namespace,
        name: pod.name,
        uid: pod.uid,
        resourceVersion: pod.resourceVersion,
      },
    });
  }
}

function monotonicSeconds(): number {
  return performance.now() / 1000;
}

function conflictReason(by: string): string {
  if (by === 'deletion') return 'deleted';
  return by === 'another leader' ? 'another-leader' : 'bound-by-another';
}
