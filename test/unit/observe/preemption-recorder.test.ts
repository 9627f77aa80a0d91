import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import { EventRecorder } from '../../../src/kube/event-recorder.js';
import type { ApiRequest } from '../../../src/kube/transport.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { PreemptionRecorder } from '../../../src/observe/preemption-recorder.js';
import { makePod } from '../../build-objects.js';

let requests: ApiRequest[];
let events: EventRecorder;
let metrics: Metrics;
let recorder: PreemptionRecorder;

beforeEach(() => {
  requests = [];
  const transport = {
    request: async <T>(request: ApiRequest): Promise<T> => {
      requests.push(request);
      return {} as T;
    },
    stream: async () => {
      throw new Error('nothing to watch');
    },
  };
  events = new EventRecorder(transport, { hostname: 'host' });
  metrics = new Metrics({ process: false });
  recorder = new PreemptionRecorder({ metrics, logger: silentLogger, events });
});

afterEach(() => events.close());

const preemption = {
  preemptor: makePod({ name: 'high', uid: 'u-high', schedulerName: 'mine' }),
  nodeName: 'a',
  victims: [makePod(), makePod(), makePod()],
};

async function sample(name: string): Promise<string | undefined> {
  const { body } = await metrics.render();
  return body
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1);
}

describe('what preemption does', () => {
  it.each([
    ['deleted', 'Preempted by pod u-high on node a'],
    ['released', 'Preempted by pod u-high on node a (in kube-scheduler memory).'],
  ] as const)('is an event on a victim that was %s', async (how, note) => {
    recorder.evicted(makePod({ name: 'low', uid: 'u-low' }), preemption, how);
    await events.flush();
    expect(requests[0]?.body).toMatchObject({
      type: 'Normal',
      reason: 'Preempted',
      action: 'Preempting',
      note,
      reportingController: 'mine',
      regarding: { kind: 'Pod', namespace: 'default', name: 'low', uid: 'u-low' },
    });
    expect(requests[0]?.body).not.toHaveProperty('related');
  });

  it('is counted as kube-scheduler counts it', async () => {
    recorder.attempted();
    recorder.attempted();
    recorder.began(preemption);
    recorder.ended(preemption, 'success', 0.015);
    recorder.ended(preemption, 'error', 3);
    recorder.failed(makePod(), preemption, new ApiError('no', { failure: 'status', code: 403 }));
    expect(await sample('scheduler_preemption_attempts_total')).toBe('2');
    expect(await sample('scheduler_preemption_victims_sum')).toBe('3');
    expect(await sample('scheduler_preemption_victims_bucket{le="4"}')).toBe('1');
    const goroutines = 'scheduler_preemption_goroutines';
    expect(await sample(`${goroutines}_execution_total{result="success"}`)).toBe('1');
    expect(await sample(`${goroutines}_execution_total{result="error"}`)).toBe('1');
    expect(await sample(`${goroutines}_duration_seconds_sum{result="error"}`)).toBe('3');
  });
});
