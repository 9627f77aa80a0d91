import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { createLogger, silentLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { OutcomeRecorder } from '../../../src/observe/outcome-recorder.js';
import { timedPlugin } from '../../../src/scheduler/evaluation-observer.js';
import type { Outcome } from '../../../src/scheduler/outcome.js';
import { makePod } from '../../build-objects.js';

/** What is left of the exposition after an evaluation by one plugin, its draw as given. */
async function evaluated(draw: number): Promise<string> {
  const metrics = new Metrics({ process: false });
  const unused = undefined as never;
  const recorder = new OutcomeRecorder({
    metrics,
    logger: silentLogger,
    events: unused,
    statuses: unused,
    random: () => draw,
    now: () => 0,
  });
  timedPlugin(recorder.evaluation('berth'), 'NodeName', 'Filter', () => undefined);
  return (await metrics.render()).body;
}

const asked =
  'scheduler_plugin_evaluation_total{plugin="NodeName",extension_point="Filter",profile="berth"} 1';
const timed =
  'scheduler_plugin_execution_duration_seconds_count{plugin="NodeName",extension_point="Filter",status="Success"} 1';

describe('plugins', () => {
  it('are counted in every attempt, and timed in a tenth of them', async () => {
    const [inTheTenth, outside] = [await evaluated(0.09), await evaluated(0.11)];
    expect(inTheTenth).toContain(asked);
    expect(inTheTenth).toContain(timed);
    expect(outside).toContain(asked);
    expect(outside).not.toContain('scheduler_plugin_execution_duration_seconds');
  });
});

describe('the log', () => {
  /** Lines of the log about a pod that fits on no node, at its attempts one to three. */
  function told(options: { readonly level?: 'debug'; readonly reason?: 'SchedulerError' }): object[] {
    const stream = new PassThrough();
    const { level = 'info', reason = 'Unschedulable' } = options;
    const logger = createLogger({ level, transport: new winston.transports.Stream({ stream }) });
    const recorder = new OutcomeRecorder({
      metrics: new Metrics({ process: false }),
      logger,
      events: { record: () => undefined } as never,
      statuses: { markPending: () => undefined } as never,
      random: () => 1,
      now: () => 0,
    });
    for (const attempts of [1, 2, 3]) {
      const entry = { attempts } as (Outcome & { kind: 'pending' })['entry'];
      recorder.outcome({
        kind: 'pending',
        pod: makePod({ name: 'web' }),
        entry,
        reason,
        message: 'no',
        seconds: 0,
      });
    }
    const lines = String(stream.read() ?? '')
      .trim()
      .split('\n');
    return lines
      .map((line) => JSON.parse(line))
      .map((line) => ({ level: line.level, attempts: line.attempts }));
  }

  it('tells once of a pod that fits on no node, and every time to who asks for more', () => {
    expect(told({})).toEqual([{ level: 'info', attempts: 1 }]);
    expect(told({ level: 'debug' })).toEqual([
      { level: 'info', attempts: 1 },
      { level: 'debug', attempts: 2 },
      { level: 'debug', attempts: 3 },
    ]);
  });

  it('tells every time of an attempt that failed', () => {
    expect(told({ reason: 'SchedulerError' })).toEqual(
      [1, 2, 3].map((attempts) => ({ level: 'error', attempts })),
    );
  });
});

describe('events', () => {
  it('tell of a pod that has a node who keeps it from there', () => {
    const events: unknown[] = [];
    const recorder = new OutcomeRecorder({
      metrics: new Metrics({ process: false }),
      logger: silentLogger,
      events: { record: (event: unknown) => events.push(event) } as never,
      statuses: undefined as never,
      random: () => 1,
      now: () => 0,
    });
    recorder.held(makePod({ name: 'web', nodeName: 'node-7' }), ['Gang', 'VolumeBinding']);
    expect(events).toMatchObject([
      {
        type: 'Normal',
        reason: 'WaitingToBind',
        action: 'Binding',
        note: 'Placed on node-7; waiting for plugin(s) [Gang VolumeBinding] before it is bound',
      },
    ]);
  });
});
