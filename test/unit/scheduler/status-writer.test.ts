import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { StatusWriter } from '../../../src/scheduler/status-writer.js';
import { makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

const tooBig = { reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' } as const;

let requests: ApiRequest[];
let failures: number[];
let mayWrite: boolean;
/** Held back by the server until it is called. */
let answer: (() => void) | undefined;
let holds: boolean;
let clock: ManualClock;
let writer: StatusWriter;

beforeEach(() => {
  requests = [];
  failures = [];
  mayWrite = true;
  holds = false;
  answer = undefined;
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  const transport: ApiTransport = {
    request: async <T>(request: ApiRequest): Promise<T> => {
      requests.push(request);
      if (holds) await new Promise<void>((resolve) => (answer = resolve));
      const code = failures.shift();
      if (code !== undefined) throw new ApiError('scripted', { failure: 'status', code });
      return {} as T;
    },
    stream: async () => {
      throw new Error('nothing to watch');
    },
  };
  writer = new StatusWriter({ pods: new PodApi(transport), fence: { mayWrite: () => mayWrite }, clock });
});

function conditions(): unknown[] {
  return requests.map(({ body }) => (body as { status: { conditions: unknown[] } }).status.conditions[0]);
}

describe('StatusWriter', () => {
  it('writes the condition as kube-scheduler does', async () => {
    writer.markPending(
      makePod({
        metadata: { generation: 3, name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '1' },
      }),
      tooBig,
    );
    await clock.advance(0);
    expect(requests[0]).toMatchObject({
      method: 'PATCH',
      path: '/api/v1/namespaces/shop/pods/web/status',
      contentType: 'application/strategic-merge-patch+json',
      body: { metadata: { uid: 'u1' } },
    });
    expect(conditions()).toEqual([
      {
        type: 'PodScheduled',
        status: 'False',
        ...tooBig,
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 3,
      },
    ]);
  });

  it('does not write the same reason twice, even before the first write comes back by watch', async () => {
    const pod = makePod();
    writer.markPending(pod, tooBig);
    await clock.advance(0);
    writer.markPending(pod, tooBig);
    await clock.advance(0);
    expect(requests).toHaveLength(1);
  });

  it('writes nothing when the pod says so already', async () => {
    const said = {
      type: 'PodScheduled',
      status: 'False',
      ...tooBig,
      lastTransitionTime: '2025-12-31T00:00:00Z',
    };
    writer.markPending(makePod({ status: { conditions: [said] } }), tooBig);
    await clock.advance(0);
    expect(requests).toHaveLength(0);
  });

  it('keeps the transition time when only the message changes', async () => {
    const said = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: 'old',
      lastTransitionTime: '2025-12-31T00:00:00Z',
    };
    writer.markPending(makePod({ status: { conditions: [said] } }), tooBig);
    await clock.advance(0);
    expect(conditions()).toMatchObject([
      { message: tooBig.message, lastTransitionTime: '2025-12-31T00:00:00Z' },
    ]);
  });

  it('writes one reason at a time, and of those that wait only the newest', async () => {
    const pod = makePod();
    for (let attempt = 1; attempt <= 5; attempt++)
      writer.markPending(pod, { ...tooBig, message: `attempt ${attempt}` });
    await clock.advance(0);
    expect(conditions()).toMatchObject([{ message: 'attempt 1' }, { message: 'attempt 5' }]);
  });

  it('tries again when the server cannot take it now', async () => {
    failures = [503, 500];
    writer.markPending(makePod(), tooBig);
    await clock.advance(1_000);
    expect(requests).toHaveLength(3);
  });

  it('writes nothing for a pod that was settled meanwhile, and nothing after leadership is lost', async () => {
    const pod = makePod();
    writer.markPending(pod, tooBig);
    writer.markPending(pod, { ...tooBig, message: 'never seen' });
    writer.forget(pod.uid);
    mayWrite = false;
    writer.markPending(makePod(), tooBig);
    await clock.advance(0);
    expect(conditions()).toMatchObject([{ message: tooBig.message }]);
  });

  it('lets a pod that is about to be bound wait for what is being written about it, and writes nothing after that', async () => {
    const pod = makePod();
    holds = true;
    writer.markPending(pod, tooBig);
    await clock.advance(0);
    writer.markPending(pod, { ...tooBig, message: 'never seen' });
    let isHushed = false;
    void writer.hush(pod.uid).then(() => {
      isHushed = true;
    });
    await clock.advance(0);
    expect(isHushed).toBe(false);
    answer?.();
    await clock.advance(0);
    expect(isHushed).toBe(true);
    expect(conditions()).toMatchObject([{ message: tooBig.message }]);
  });

  it('gives up on what the server does not take once the pod is about to be bound', async () => {
    const pod = makePod();
    failures = [503, 503, 503, 503];
    writer.markPending(pod, tooBig);
    await clock.advance(0);
    void writer.hush(pod.uid);
    await clock.advance(1_000);
    expect(requests).toHaveLength(1);
  });
});
