import { describe, expect, it } from '@jest/globals';
import { ExtenderRecorder } from '../../../src/observe/extender-recorder.js';
import { type Logger, silentLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { makePod } from '../../build-objects.js';

describe('what is said with extenders', () => {
  it('is measured by extender, verb and result', async () => {
    const metrics = new Metrics({ process: false });
    const recorder = new ExtenderRecorder({ metrics, logger: silentLogger });
    recorder.exchanged('http://x', 'filter', 'success', 0.5);
    recorder.exchanged('http://x', 'filter', 'success', 1);
    recorder.exchanged('http://x', 'bind', 'timeout', 5);
    const { body } = await metrics.render();
    const filter = 'extender="http://x",verb="filter",result="success"';
    expect(body).toContain(`berth_extender_duration_seconds_sum{${filter}} 1.5`);
    expect(body).toContain(`berth_extender_duration_seconds_count{${filter}} 2`);
    expect(body).toContain('verb="bind",result="timeout"} 1');
  });

  it('is logged where somebody failed and was not missed', () => {
    const lines: unknown[] = [];
    const logger: Logger = { ...silentLogger, info: (...line) => lines.push(line) };
    const recorder = new ExtenderRecorder({ metrics: new Metrics({ process: false }), logger });
    recorder.passedOver('http://x', 'filter', makePod({ name: 'web' }), 'no answer');
    expect(lines).toEqual([
      [
        'an extender failed; going on without it',
        { extender: 'http://x', verb: 'filter', pod: 'default/web', error: 'no answer' },
      ],
    ]);
  });
});
