import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { OutcomeRecorder } from '../../../src/observe/outcome-recorder.js';
import { timedPlugin } from '../../../src/scheduler/evaluation-observer.js';

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
