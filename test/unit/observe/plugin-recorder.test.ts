import { afterEach, expect, it } from '@jest/globals';
import { type Logger, silentLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { PluginRecorder } from '../../../src/observe/plugin-recorder.js';
import type { PluginFaultReport } from '../../../src/plugin-host/plugin-observer.js';

const metrics = new Metrics({ process: false });
afterEach(() => metrics.close());

const fault: PluginFaultReport = {
  plugin: 'Mine',
  point: 'Score',
  kind: 'exception',
  text: 'threw TypeError: x is not a function (mine.ts:3:7)',
  cause: new TypeError('x is not a function'),
};

it('shows what plugins do in metrics and in the log', async () => {
  const lines: unknown[] = [];
  const line = (level: string) => (message: string, facts: unknown) =>
    void lines.push([level, message, facts]);
  const logger: Logger = {
    ...silentLogger,
    info: line('info') as Logger['info'],
    warn: line('warn') as Logger['warn'],
    error: line('error') as Logger['error'],
  };
  const recorder = new PluginRecorder({ metrics, logger });
  const breaker = { plugin: 'Mine', pauseMs: 30_000 };

  recorder.breaker({ ...breaker, state: 'closed', fault: undefined });
  recorder.called('Mine', 'Score', 0.002);
  recorder.faulted(fault);
  recorder.breaker({ ...breaker, state: 'open', fault });
  recorder.leftOut('Mine', 'Score');
  recorder.breaker({ ...breaker, state: 'half-open', fault });
  recorder.breaker({ ...breaker, state: 'closed', fault });
  recorder.strayed('Mine', new Error('late'));

  expect(lines).toEqual([
    ['warn', 'a plugin failed', { plugin: 'Mine', point: 'Score', kind: 'exception', fault: fault.text }],
    [
      'error',
      'a plugin failed too often and is not called for a while',
      { plugin: 'Mine', pauseMs: 30_000, point: 'Score', fault: fault.text },
    ],
    ['info', 'a plugin that failed too often is tried again', { plugin: 'Mine' }],
    ['info', 'a plugin works again', { plugin: 'Mine' }],
    ['warn', 'a plugin failed in the background', { plugin: 'Mine', error: 'Error: late' }],
  ]);
  const { body } = await metrics.render();
  for (const sample of [
    'berth_plugin_call_duration_seconds_count{plugin="Mine",extension_point="Score"} 1',
    'berth_plugin_faults_total{plugin="Mine",extension_point="Score",kind="exception"} 1',
    'berth_plugin_calls_left_out_total{plugin="Mine",extension_point="Score"} 1',
    'berth_plugin_breaker{plugin="Mine",state="closed"} 1',
    'berth_plugin_breaker{plugin="Mine",state="half-open"} 0',
    'berth_plugin_breaker{plugin="Mine",state="open"} 0',
    'berth_plugin_background_failures_total{plugin="Mine"} 1',
  ])
    expect(body).toContain(sample);
});
