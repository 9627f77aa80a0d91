import { collectDefaultMetrics, Registry } from 'prom-client';
import { kubernetesVersion, version } from '../version.js';
import { exponentialBuckets } from './buckets.js';
import { type EventLoopDelayMonitor, watchEventLoopDelay } from './event-loop-delay.js';
import { asKubernetesExposition, expositionContentType } from './exposition.js';
import {
  type CounterHandle,
  type HistogramHandle,
  type HistogramOptions,
  type InstrumentOptions,
  LabelledCounter,
  LabelledGauge,
  LabelledHistogram,
  PlainGauge,
} from './instruments.js';

/** Queues of `scheduler_pending_pods`; all six are always exported. */
export const pendingPodQueues = [
  'active',
  'backoff',
  'unschedulable',
  'gated',
  'incomplete',
  'pending',
] as const;

export type PendingPodQueue = (typeof pendingPodQueues)[number];

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

export interface MetricsOptions {
  /** Adds what prom-client knows of the process (`process_*`, `nodejs_*`) and the event loop. @default true */
  readonly process?: boolean;
}

const secondsFrom1Ms = exponentialBuckets(0.001, 2, 15);
const secondsFrom100Us = exponentialBuckets(0.0001, 2, 12);
const secondsFrom10Us = exponentialBuckets(0.00001, 1.5, 20);
/** 50 µs to 9 s. */
const secondsOfPluginCalls = exponentialBuckets(0.00005, 3, 12);
const requestSeconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/**
 * Everything Berth counts. `scheduler_*`, `rest_client_*` and `leader_election_*` carry kube-scheduler's names, labels
 * and buckets, so that its dashboards and alerts work unchanged; `berth_*` are our own. Durations are in seconds.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #eventLoop: EventLoopDelayMonitor | undefined;

  // Attempts
  /** result: `scheduled`, `unschedulable` or `error`. */
  readonly scheduleAttempts = this.#counter({
    name: 'scheduler_schedule_attempts_total',
    help: 'Attempts to schedule a pod, by how they ended.',
    stability: 'STABLE',
    labels: ['result', 'profile'],
  });
  readonly schedulingAttemptDuration = this.#histogram({
    name: 'scheduler_scheduling_attempt_duration_seconds',
    help: 'Time of an attempt, from its start to the end of binding or of the handling of its failure.',
    stability: 'STABLE',
    labels: ['result', 'profile'],
    buckets: secondsFrom1Ms,
  });
  readonly schedulingAlgorithmDuration = this.#plainHistogram({
    name: 'scheduler_scheduling_algorithm_duration_seconds',
    help: 'Time to choose a node.',
    stability: 'BETA',
    buckets: secondsFrom1Ms,
  });
  readonly podSchedulingAttempts = this.#plainHistogram({
    name: 'scheduler_pod_scheduling_attempts',
    help: 'Attempts that a pod needed until it was bound.',
    stability: 'STABLE',
    buckets: exponentialBuckets(1, 2, 5),
  });
  /** attempts: see `attemptsLabel`. */
  readonly podSchedulingSliDuration = this.#histogram({
    name: 'scheduler_pod_scheduling_sli_duration_seconds',
    help: 'Time from the first entry of a pod into the active queue until it was bound.',
    stability: 'BETA',
    labels: ['attempts'],
    buckets: exponentialBuckets(0.01, 2, 20),
  });

  // Framework
  readonly frameworkExtensionPointDuration = this.#histogram({
    name: 'scheduler_framework_extension_point_duration_seconds',
    help: 'Time of all plugins of an extension point.',
    stability: 'STABLE',
    labels: ['extension_point', 'status', 'profile'],
    buckets: secondsFrom100Us,
  });
  /** Costly to scrape: observe about one attempt in ten, as kube-scheduler does. */
  readonly pluginExecutionDuration = this.#histogram({
    name: 'scheduler_plugin_execution_duration_seconds',
    help: 'Time of one plugin at one extension point, for a sample of the attempts.',
    stability: 'BETA',
    labels: ['plugin', 'extension_point', 'status'],
    buckets: secondsFrom10Us,
  });
  readonly pluginEvaluations = this.#counter({
    name: 'scheduler_plugin_evaluation_total',
    help: 'Calls of a plugin that it did not skip.',
    stability: 'BETA',
    labels: ['plugin', 'extension_point', 'profile'],
  });
  readonly permitWaitDuration = this.#histogram({
    name: 'scheduler_permit_wait_duration_seconds',
    help: 'Time that pods waited on permission.',
    stability: 'BETA',
    labels: ['result'],
    buckets: secondsFrom1Ms,
  });
  readonly goroutines = this.#gauge({
    name: 'scheduler_goroutines',
    help: 'Tasks under way, by what they do.',
    stability: 'BETA',
    labels: ['operation'],
  });
  readonly preemptionAttempts = this.#plainCounter({
    name: 'scheduler_preemption_attempts_total',
    help: 'Attempts to make room by preemption.',
    stability: 'STABLE',
  });
  readonly preemptionVictims = this.#plainHistogram({
    name: 'scheduler_preemption_victims',
    help: 'Pods chosen as victims per preemption.',
    stability: 'STABLE',
    buckets: exponentialBuckets(1, 2, 7),
  });
  /** result: `success` or `error`. */
  readonly preemptionGoroutinesDuration = this.#histogram({
    name: 'scheduler_preemption_goroutines_duration_seconds',
    help: 'Time to evict all victims of a preemption.',
    labels: ['result'],
    buckets: exponentialBuckets(0.01, 2, 20),
  });
  readonly preemptionGoroutinesExecution = this.#counter({
    name: 'scheduler_preemption_goroutines_execution_total',
    help: 'Preemptions carried out, by how they ended.',
    labels: ['result'],
  });

  // Queue
  readonly #pendingPods = this.#gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods that wait, by queue.',
    stability: 'STABLE',
    labels: ['queue'],
  });
  readonly queuedEntities = this.#gauge({
    name: 'scheduler_queued_entities',
    help: 'What waits as one unit (a pod, a group of pods), by queue.',
    labels: ['queue', 'type'],
  });
  readonly queueIncomingPods = this.#counter({
    name: 'scheduler_queue_incoming_pods_total',
    help: 'Pods that entered a queue, by the event that brought them.',
    stability: 'STABLE',
    labels: ['queue', 'event'],
  });
  readonly queueIncomingEntities = this.#counter({
    name: 'scheduler_queue_incoming_entities_total',
    help: 'Units that entered a queue, by the event that brought them.',
    labels: ['queue', 'event', 'type'],
  });
  readonly unschedulablePods = this.#gauge({
    name: 'scheduler_unschedulable_pods',
    help: 'Queued pods that a plugin rejected; a pod rejected by several counts for each.',
    stability: 'BETA',
    labels: ['plugin', 'profile'],
  });
  /** Where several plugins or reasons stood in the way of one attempt, it counts for each. */
  readonly refusals = this.#counter({
    name: 'berth_refused_attempts_total',
    help: 'Attempts that found no node, by the plugin that refused nodes and its reason.',
    labels: ['plugin', 'reason'],
  });
  readonly eventHandlingDuration = this.#histogram({
    name: 'scheduler_event_handling_duration_seconds',
    help: 'Time to handle an event of the cluster.',
    labels: ['event'],
    buckets: secondsFrom100Us,
  });
  readonly inflightEvents = this.#gauge({
    name: 'scheduler_inflight_events',
    help: 'Events kept for pods that are being scheduled.',
    labels: ['event'],
  });
  /** hint: `Queue`, `QueueSkip` or `Error`. */
  readonly queueingHintExecutionDuration = this.#histogram({
    name: 'scheduler_queueing_hint_execution_duration_seconds',
    help: 'Time of a queueing hint.',
    labels: ['plugin', 'event', 'hint'],
    buckets: secondsFrom10Us,
  });
  readonly podScheduledAfterFlush = this.#plainCounter({
    name: 'scheduler_pod_scheduled_after_flush_total',
    help: 'Pods bound only after the periodic flush of the unschedulable pods: each may be a missed event.',
  });
  /** type: `nodes`, `pods` or `assumed_pods`. */
  readonly cacheSize = this.#gauge({
    name: 'scheduler_cache_size',
    help: 'Objects that the scheduler knows of.',
    labels: ['type'],
  });

  // Conversation with the API server
  readonly restClientRequests = this.#counter({
    name: 'rest_client_requests_total',
    help: 'Requests, by status code (`<error>` when there was no answer), method and host.',
    labels: ['code', 'method', 'host'],
  });
  readonly restClientRequestDuration = this.#histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Time of a request; watches are not counted.',
    labels: ['verb', 'host'],
    buckets: requestSeconds,
  });
  readonly restClientRateLimiterDuration = this.#histogram({
    name: 'rest_client_rate_limiter_duration_seconds',
    help: 'Time that requests waited for the client-side rate limit.',
    labels: ['verb', 'host'],
    buckets: requestSeconds,
  });
  readonly leaderElectionMasterStatus = this.#gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads, else 0.',
    labels: ['name'],
  });
  readonly reflectorRelists = this.#counter({
    name: 'berth_reflector_relists_total',
    help: 'Full lists after the first one.',
    labels: ['resource'],
  });
  readonly reflectorReconnects = this.#counter({
    name: 'berth_reflector_reconnects_total',
    help: 'Watches opened again.',
    labels: ['resource'],
  });
  readonly reflectorDisruptions = this.#counter({
    name: 'berth_reflector_disruptions_total',
    help: 'Watches that ended otherwise than by a clean close, by kind.',
    labels: ['resource', 'kind'],
  });
  readonly reflectorLastActivity = this.#gauge({
    name: 'berth_reflector_last_activity_seconds',
    help: 'Seconds since the last byte of a watch.',
    labels: ['resource'],
  });
  readonly reflectorSynced = this.#gauge({
    name: 'berth_reflector_synced',
    help: '1 when the first list was taken in, else 0.',
    labels: ['resource'],
  });

  // Binding and events
  readonly binderConcurrency = this.#plainGauge({
    name: 'berth_binder_concurrency',
    help: 'Bindings that may be under way at once, as adapted to the API server.',
  });
  readonly binderInflight = this.#plainGauge({
    name: 'berth_binder_inflight',
    help: 'Bindings under way.',
  });
  readonly binderThrottled = this.#counter({
    name: 'berth_binder_throttled_total',
    help: 'Reductions of the binding concurrency, by reason.',
    labels: ['reason'],
  });
  /** verb: `filter`, `prioritize`, `preempt` or `bind`; result: `success` or what went wrong. */
  readonly extenderDuration = this.#histogram({
    name: 'berth_extender_duration_seconds',
    help: 'Time until an extender had answered, or had not.',
    labels: ['extender', 'verb', 'result'],
    buckets: secondsFrom1Ms,
  });
  // Plugins from modules
  readonly pluginCallDuration = this.#histogram({
    name: 'berth_plugin_call_duration_seconds',
    help: 'Time of one call of one extension point of a plugin from a module, all nodes together.',
    labels: ['plugin', 'extension_point'],
    buckets: secondsOfPluginCalls,
  });
  /** kind: `exception`, `timeout` or `answer`. */
  readonly pluginFaults = this.#counter({
    name: 'berth_plugin_faults_total',
    help: 'Calls of a plugin from a module that threw, took too long, or were answered with what is no answer.',
    labels: ['plugin', 'extension_point', 'kind'],
  });
  readonly pluginCallsLeftOut = this.#counter({
    name: 'berth_plugin_calls_left_out_total',
    help: 'Calls of a plugin from a module that were not made, because it failed before.',
    labels: ['plugin', 'extension_point'],
  });
  /** state: `closed`, `half-open` or `open`. */
  readonly pluginBreaker = this.#gauge({
    name: 'berth_plugin_breaker',
    help: '1 for the state that the circuit breaker of a plugin from a module is in, else 0.',
    labels: ['plugin', 'state'],
  });
  readonly pluginBackgroundFailures = this.#counter({
    name: 'berth_plugin_background_failures_total',
    help: 'Failures of what a plugin from a module does in the background.',
    labels: ['plugin'],
  });
  /** in: a watched resource, or `state` for what decisions rest on. */
  readonly cacheDivergence = this.#gauge({
    name: 'berth_cache_divergence',
    help: 'Objects that differed from the cluster at the last comparison. Anything but 0 is a defect.',
    labels: ['in'],
  });
  readonly cacheHealed = this.#counter({
    name: 'berth_cache_healed_total',
    help: 'Objects that differed from the cluster and were put right.',
    labels: ['in'],
  });
  readonly cacheChecks = this.#plainCounter({
    name: 'berth_cache_checks_total',
    help: 'Comparisons of what the scheduler believes with the cluster.',
  });
  readonly configurationGeneration = this.#plainGauge({
    name: 'berth_configuration_generation',
    help: 'Grows by 1 with each configuration that takes effect; 1 is the one of the start.',
  });
  /** result: `applied` or `refused`. */
  readonly configurationReloads = this.#counter({
    name: 'berth_configuration_reloads_total',
    help: 'Changed configurations, by whether they took effect.',
    labels: ['result'],
  });
  readonly configurationReloadSuccessful = this.#plainGauge({
    name: 'berth_configuration_last_reload_successful',
    help: '1 while the configuration on disk is the one in effect, 0 after it was refused.',
  });
  readonly configurationLoadTime = this.#plainGauge({
    name: 'berth_configuration_last_applied_timestamp_seconds',
    help: 'When the configuration in effect took effect, as seconds since 1970.',
  });
  /** reason: the kubelet's word, such as `OutOfcpu`. */
  readonly kubeletRefusals = this.#counter({
    name: 'berth_kubelet_refusals_total',
    help: 'Pods bound by this process that the kubelet did not take: somebody else uses the node as well.',
    labels: ['reason'],
  });
  /** reason: `bound-by-another`, `deleted` or `another-leader`. */
  readonly schedulingConflicts = this.#counter({
    name: 'berth_scheduling_conflicts_total',
    help: 'Attempts that came to nothing because another decided about the pod in the meantime.',
    labels: ['reason'],
  });
  readonly reconcileFoundPods = this.#plainCounter({
    name: 'berth_reconcile_found_pods_total',
    help: 'Pending pods that were in no queue until the reconcile found them: each is a defect or a lost event.',
  });

  // Callers of the secure port
  /** result: `success`, `failure` or `error`. */
  readonly authenticationAttempts = this.#counter({
    name: 'authentication_attempts',
    help: 'Callers of the secure port, by whether it could be found out who they are.',
    labels: ['result'],
  });
  readonly authenticationDuration = this.#histogram({
    name: 'authentication_duration_seconds',
    help: 'Time to find out who a caller of the secure port is.',
    labels: ['result'],
    buckets: secondsFrom1Ms,
  });
  /** result: `allowed`, `denied` or `error`. */
  readonly authorizationAttempts = this.#counter({
    name: 'authorization_attempts_total',
    help: 'Requests to the secure port, by whether the caller may make them.',
    labels: ['result'],
  });
  readonly authorizationDuration = this.#histogram({
    name: 'authorization_duration_seconds',
    help: 'Time to find out whether a caller of the secure port may.',
    labels: ['result'],
    buckets: secondsFrom1Ms,
  });

  // Events
  readonly eventsPosted = this.#plainCounter({
    name: 'berth_events_posted_total',
    help: 'Events written.',
  });
  readonly eventsDropped = this.#plainCounter({
    name: 'berth_events_dropped_total',
    help: 'Events given up because their queue was full.',
  });
  readonly eventsFailed = this.#plainCounter({
    name: 'berth_events_failed_total',
    help: 'Events that the API server did not take.',
  });

  constructor(options: MetricsOptions = {}) {
    this.providePendingPods(() => ({}));
    this.#describeBuild();
    if (options.process ?? true) {
      collectDefaultMetrics({ register: this.#registry });
      this.#eventLoop = this.#observeEventLoop();
    }
  }

  /** `scheduler_pending_pods` is read from here at every scrape; queues not named count 0. */
  providePendingPods(read: () => Readonly<Partial<Record<PendingPodQueue, number>>>): void {
    this.#pendingPods.provide(() => {
      const counts = read();
      return pendingPodQueues.map((queue) => [[queue], counts[queue] ?? 0] as const);
    });
  }

  /** What `/metrics` answers. */
  async render(): Promise<Exposition> {
    return {
      contentType: expositionContentType,
      body: asKubernetesExposition(await this.#registry.metrics()),
    };
  }

  /** Stops watching the event loop. */
  close(): void {
    this.#eventLoop?.close();
  }

  #describeBuild(): void {
    const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion) ?? [];
    this.#gauge({
      name: 'kubernetes_build_info',
      help: 'The Kubernetes release whose behaviour this build follows.',
      stability: 'BETA',
      labels: [
        'major',
        'minor',
        'git_version',
        'git_commit',
        'git_tree_state',
        'build_date',
        'go_version',
        'compiler',
        'platform',
      ],
    })
      .of(
        major,
        minor,
        `${kubernetesVersion}+berth.${version}`,
        '',
        '',
        '',
        '',
        'node',
        `${process.platform}/${process.arch}`,
      )
      .set(1);
    this.#gauge({
      name: 'berth_build_info',
      help: 'The version of Berth and of the Node.js it runs on.',
      labels: ['version', 'node'],
    })
      .of(version, process.version)
      .set(1);
  }

  #observeEventLoop(): EventLoopDelayMonitor {
    const monitor = watchEventLoopDelay();
    this.#gauge({
      name: 'berth_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape.',
      labels: ['stat'],
    }).provide(() => {
      const { p50, p99, p999, max } = monitor.read();
      return [
        [['p50'], p50],
        [['p99'], p99],
        [['p99.9'], p999],
        [['max'], max],
      ];
    });
    return monitor;
  }

  #counter<const Labels extends readonly string[]>(
    options: InstrumentOptions<Labels>,
  ): LabelledCounter<Labels> {
    return new LabelledCounter(this.#registry, options);
  }

  #gauge<const Labels extends readonly string[]>(options: InstrumentOptions<Labels>): LabelledGauge<Labels> {
    return new LabelledGauge(this.#registry, options);
  }

  #histogram<const Labels extends readonly string[]>(
    options: HistogramOptions<Labels>,
  ): LabelledHistogram<Labels> {
    return new LabelledHistogram(this.#registry, options);
  }

  #plainCounter(options: Omit<InstrumentOptions<readonly []>, 'labels'>): CounterHandle {
    return this.#counter({ ...options, labels: [] }).of();
  }

  #plainHistogram(options: Omit<HistogramOptions<readonly []>, 'labels'>): HistogramHandle {
    return this.#histogram({ ...options, labels: [] }).of();
  }

  #plainGauge(options: Omit<InstrumentOptions<readonly []>, 'labels'>): PlainGauge {
    return new PlainGauge(this.#registry, options);
  }
}

/** The `attempts` label of the SLI histogram: `1` to `14`, then `15+`. */
export function attemptsLabel(attempts: number): string {
  return attempts >= 15 ? '15+' : String(attempts);
}
