import { afterEach, describe, expect, it } from '@jest/globals';
import { attemptsLabel, Metrics } from '../../../src/observe/metrics.js';

/** The contract, written down independently of the code: type, stability, labels, bucket bounds as they are printed. */
const exp = (start: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start * factor ** index);
const seconds1ms = exp(0.001, 2, 15);
const seconds100us = exp(0.0001, 2, 12);
const seconds10us = exp(0.00001, 1.5, 20);
const request = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

type Row = readonly [name: string, stability: string, labels: readonly string[]];
type HistogramRow = readonly [...Row, buckets: readonly number[]];

const counters: readonly Row[] = [
  ['scheduler_schedule_attempts_total', 'STABLE', ['result', 'profile']],
  ['scheduler_plugin_evaluation_total', 'BETA', ['plugin', 'extension_point', 'profile']],
  ['scheduler_queue_incoming_pods_total', 'STABLE', ['queue', 'event']],
  ['scheduler_queue_incoming_entities_total', 'ALPHA', ['queue', 'event', 'type']],
  ['scheduler_preemption_attempts_total', 'STABLE', []],
  ['scheduler_pod_scheduled_after_flush_total', 'ALPHA', []],
  ['rest_client_requests_total', 'ALPHA', ['code', 'method', 'host']],
  ['berth_refused_attempts_total', 'ALPHA', ['plugin', 'reason']],
  ['berth_reflector_relists_total', 'ALPHA', ['resource']],
  ['berth_reflector_reconnects_total', 'ALPHA', ['resource']],
  ['berth_reflector_disruptions_total', 'ALPHA', ['resource', 'kind']],
  ['berth_reconcile_found_pods_total', 'ALPHA', []],
  ['berth_binder_throttled_total', 'ALPHA', ['reason']],
  ['berth_events_posted_total', 'ALPHA', []],
  ['berth_events_dropped_total', 'ALPHA', []],
  ['berth_events_failed_total', 'ALPHA', []],
];

const gauges: readonly Row[] = [
  ['scheduler_pending_pods', 'STABLE', ['queue']],
  ['scheduler_queued_entities', 'ALPHA', ['queue', 'type']],
  ['scheduler_goroutines', 'BETA', ['operation']],
  ['scheduler_unschedulable_pods', 'BETA', ['plugin', 'profile']],
  ['scheduler_inflight_events', 'ALPHA', ['event']],
  ['scheduler_cache_size', 'ALPHA', ['type']],
  ['leader_election_master_status', 'ALPHA', ['name']],
  ['berth_reflector_last_activity_seconds', 'ALPHA', ['resource']],
  ['berth_reflector_synced', 'ALPHA', ['resource']],
  ['berth_binder_concurrency', 'ALPHA', []],
  ['berth_binder_inflight', 'ALPHA', []],
  ['berth_build_info', 'ALPHA', ['version', 'node']],
  [
    'kubernetes_build_info',
    'BETA',
    [
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
  ],
];

const histograms: readonly HistogramRow[] = [
  ['scheduler_scheduling_attempt_duration_seconds', 'STABLE', ['result', 'profile'], seconds1ms],
  ['scheduler_scheduling_algorithm_duration_seconds', 'BETA', [], seconds1ms],
  ['scheduler_pod_scheduling_attempts', 'STABLE', [], [1, 2, 4, 8, 16]],
  ['scheduler_pod_scheduling_sli_duration_seconds', 'BETA', ['attempts'], exp(0.01, 2, 20)],
  [
    'scheduler_framework_extension_point_duration_seconds',
    'STABLE',
    ['extension_point', 'status', 'profile'],
    seconds100us,
  ],
  [
    'scheduler_plugin_execution_duration_seconds',
    'BETA',
    ['plugin', 'extension_point', 'status'],
    seconds10us,
  ],
  ['scheduler_permit_wait_duration_seconds', 'BETA', ['result'], seconds1ms],
  ['scheduler_preemption_victims', 'STABLE', [], [1, 2, 4, 8, 16, 32, 64]],
  ['scheduler_event_handling_duration_seconds', 'ALPHA', ['event'], seconds100us],
  ['scheduler_queueing_hint_execution_duration_seconds', 'ALPHA', ['plugin', 'event', 'hint'], seconds10us],
  ['rest_client_request_duration_seconds', 'ALPHA', ['verb', 'host'], request],
  ['rest_client_rate_limiter_duration_seconds', 'ALPHA', ['verb', 'host'], request],
];

const opened: Metrics[] = [];

function metricsWithout(process = false): Metrics {
  const metrics = new Metrics({ process });
  opened.push(metrics);
  return metrics;
}

afterEach(() => {
  for (const metrics of opened.splice(0)) {
    metrics.close();
  }
});

/** Uses every instrument once, so that each family has a series. */
function touchAll(metrics: Metrics): void {
  metrics.scheduleAttempts.of('scheduled', 'berth').inc();
  metrics.schedulingAttemptDuration.of('scheduled', 'berth').observe(0.01);
  metrics.schedulingAlgorithmDuration.observe(0.01);
  metrics.podSchedulingAttempts.observe(1);
  metrics.podSchedulingSliDuration.of('1').observe(0.01);
  metrics.frameworkExtensionPointDuration.of('Filter', 'Success', 'berth').observe(0.01);
  metrics.pluginExecutionDuration.of('NodeName', 'Filter', 'Success').observe(0.01);
  metrics.pluginEvaluations.of('NodeName', 'Filter', 'berth').inc();
  metrics.permitWaitDuration.of('Success').observe(1);
  metrics.goroutines.of('binding').inc();
  metrics.queuedEntities.of('active', 'pod').set(1);
  metrics.queueIncomingPods.of('active', 'UnscheduledPodAdd').inc();
  metrics.queueIncomingEntities.of('active', 'UnscheduledPodAdd', 'pod').inc();
  metrics.unschedulablePods.of('NodeName', 'berth').inc();
  metrics.refusals.of('NodeResourcesFit', 'Insufficient cpu').inc();
  metrics.eventHandlingDuration.of('NodeAdd').observe(0.01);
  metrics.inflightEvents.of('NodeAdd').set(1);
  metrics.queueingHintExecutionDuration.of('NodeName', 'NodeAdd', 'Queue').observe(0.01);
  metrics.cacheSize.of('nodes').set(1);
  metrics.restClientRequests.of('200', 'GET', 'h').inc();
  metrics.restClientRequestDuration.of('GET', 'h').observe(0.01);
  metrics.restClientRateLimiterDuration.of('GET', 'h').observe(0.01);
  metrics.leaderElectionMasterStatus.of('berth').set(1);
  metrics.reflectorRelists.of('pods').inc();
  metrics.reflectorReconnects.of('pods').inc();
  metrics.reflectorDisruptions.of('pods', 'gone').inc();
  metrics.reflectorLastActivity.of('pods').set(1);
  metrics.reflectorSynced.of('pods').set(1);
  metrics.binderConcurrency.set(8);
  metrics.binderInflight.set(2);
  metrics.binderThrottled.of('429').inc();
}

/** Lines of one family: HELP, TYPE and samples. */
function family(body: string, name: string): { help: string; type: string; samples: string[] } {
  const lines = body.split('\n');
  return {
    help: lines.find((line) => line.startsWith(`# HELP ${name} `)) ?? '',
    type: lines.find((line) => line.startsWith(`# TYPE ${name} `)) ?? '',
    samples: lines.filter((line) => new RegExp(`^${name}(_bucket|_sum|_count)?[{ ]`).test(line)),
  };
}

function labelNames(sample: string): string[] {
  return [...sample.matchAll(/(\w+)="/g)].map(([, name]) => name as string).filter((name) => name !== 'le');
}

describe('the exposition', () => {
  it.each([
    ...counters.map((row) => ['counter', ...row, []] as const),
    ...gauges.map((row) => ['gauge', ...row, []] as const),
    ...histograms.map((row) => ['histogram', ...row] as const),
  ])('has %s %s as kube-scheduler names and labels it', async (type, name, stability, labels, buckets) => {
    const metrics = metricsWithout();
    touchAll(metrics);
    const found = family((await metrics.render()).body, name);
    expect(found.type).toBe(`# TYPE ${name} ${type}`);
    expect(found.help).toMatch(new RegExp(`^# HELP ${name} \\[${stability}\\] \\S`));
    for (const sample of found.samples) {
      expect(labelNames(sample).sort()).toEqual([...labels].sort());
    }
    if (type === 'histogram') {
      const bounds = found.samples.flatMap((sample) => /\ble="([^"]+)"/.exec(sample)?.[1] ?? []);
      expect(bounds.pop()).toBe('+Inf');
      expect(bounds).toHaveLength(buckets.length);
      bounds.forEach((bound, index) => {
        expect(Number(bound)).toBeCloseTo(buckets[index] as number, 12);
      });
    }
  });

  it('writes small bucket bounds as Go does', async () => {
    const metrics = metricsWithout();
    touchAll(metrics);
    const { samples } = family((await metrics.render()).body, 'scheduler_plugin_execution_duration_seconds');
    const bounds = samples.flatMap((sample) => /\ble="([^"]+)"/.exec(sample)?.[1] ?? []);
    expect(bounds.slice(0, 3)).toEqual(['1e-05', '1.5000000000000002e-05', '2.2500000000000005e-05']);
    expect(bounds[6]).toMatch(/^0\.0001/);
  });

  it('leaves out families that nothing was counted for, but counts plain ones from 0', async () => {
    const { body } = await metricsWithout().render();
    expect(body).not.toContain('scheduler_schedule_attempts_total');
    expect(body).toContain('\nscheduler_preemption_attempts_total 0\n');
    expect(body).not.toContain('\n\n');
    expect(body.endsWith('\n')).toBe(true);
  });

  it('is plain text of version 0.0.4', async () => {
    expect((await metricsWithout().render()).contentType).toBe(
      'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
    );
  });

  it('keeps the process metrics under their usual names and adds the event loop', async () => {
    const { body } = await metricsWithout(true).render();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
    ]) {
      expect(body).toContain(`\n${name} `);
    }
    for (const stat of ['p50', 'p99', 'p99.9', 'max']) {
      expect(body).toMatch(new RegExp(`berth_event_loop_delay_seconds\\{stat="${stat}"\\} \\d`));
    }
  });
});

describe('gauges read at scrape time', () => {
  it('export all six queues from the start', async () => {
    const { samples } = family((await metricsWithout().render()).body, 'scheduler_pending_pods');
    expect(samples).toEqual(
      ['active', 'backoff', 'unschedulable', 'gated', 'incomplete', 'pending'].map(
        (queue) => `scheduler_pending_pods{queue="${queue}"} 0`,
      ),
    );
  });

  it('ask their provider afresh each time and forget series that are gone', async () => {
    const metrics = metricsWithout();
    let events = ['NodeAdd', 'PodAdd'];
    metrics.inflightEvents.provide(() => events.map((event) => [[event], 3] as const));
    expect(family((await metrics.render()).body, 'scheduler_inflight_events').samples).toHaveLength(2);
    events = ['PodAdd'];
    expect(family((await metrics.render()).body, 'scheduler_inflight_events').samples).toEqual([
      'scheduler_inflight_events{event="PodAdd"} 3',
    ]);
    metrics.binderConcurrency.provide(() => 17);
    expect((await metrics.render()).body).toContain('\nberth_binder_concurrency 17\n');
  });
});

describe('label handles', () => {
  it('are made once per combination', () => {
    const { scheduleAttempts } = metricsWithout();
    expect(scheduleAttempts.of('error', 'a')).toBe(scheduleAttempts.of('error', 'a'));
    expect(scheduleAttempts.of('error', 'a')).not.toBe(scheduleAttempts.of('error', 'b'));
  });

  it('of two registries do not meet', async () => {
    const [first, second] = [metricsWithout(), metricsWithout()];
    first.eventsPosted.inc(5);
    expect((await second.render()).body).toContain('berth_events_posted_total 0');
  });
});

describe('attemptsLabel', () => {
  it('lumps together from 15 on', () => {
    expect([1, 14, 15, 99].map(attemptsLabel)).toEqual(['1', '14', '15+', '15+']);
  });
});
