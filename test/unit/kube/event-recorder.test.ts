import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import {
  type EventRecord,
  EventRecorder,
  type EventRecorderOptions,
} from '../../../src/kube/event-recorder.js';
import { microTime } from '../../../src/kube/micro-time.js';
import { ObjectServer, status } from './object-server.js';
import { SettlingClock } from './settling-clock.js';

const collection = '/apis/events.k8s.io/v1/namespaces/shop/events';
const minute = 60_000;

const record = (name = 'web-1', changes: Partial<EventRecord> = {}): EventRecord => ({
  type: 'Warning',
  reason: 'FailedScheduling',
  action: 'Scheduling',
  note: '0/3 nodes are available.',
  regarding: {
    kind: 'Pod',
    apiVersion: 'v1',
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    resourceVersion: '7',
  },
  reportingController: 'berth',
  ...changes,
});

const setUp = (
  options: Partial<EventRecorderOptions> = {},
): { clock: SettlingClock; server: ObjectServer; recorder: EventRecorder } => {
  const [clock, server] = [new SettlingClock(), new ObjectServer()];
  const recorder = new EventRecorder(server, { hostname: 'host-a', clock, random: () => 0, ...options });
  return { clock, server, recorder };
};

const stored = (server: ObjectServer): Record<string, unknown>[] =>
  [...server.objects.values()] as unknown as Record<string, unknown>[];

const unreachable = (): never => {
  throw new ApiError('connection refused', { failure: 'unreachable' });
};

describe('an event', () => {
  it('is written as events.k8s.io/v1 wants it', async () => {
    const { clock, server, recorder } = setUp();
    recorder.record(record());
    expect(server.requests).toEqual([]);
    await clock.advance(0);
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: collection });
    const hex = (BigInt(SettlingClock.epoch) * 1_000_000n).toString(16);
    expect(server.requests[0]?.body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `web-1.${hex}`, namespace: 'shop' },
      eventTime: '2026-01-02T03:04:05.006000Z',
      reportingController: 'berth',
      reportingInstance: 'berth-host-a',
      type: 'Warning',
      reason: 'FailedScheduling',
      action: 'Scheduling',
      note: '0/3 nodes are available.',
      regarding: record().regarding,
    });
    expect(recorder.stats).toEqual({ posted: 1, dropped: 0, failed: 0, queued: 0 });
  });

  it('goes to the default namespace when its object has none', async () => {
    const { clock, server, recorder } = setUp();
    recorder.record(record('n', { regarding: { kind: 'Node', apiVersion: 'v1', name: 'n' } }));
    await clock.advance(0);
    expect(server.requests[0]?.path).toBe('/apis/events.k8s.io/v1/namespaces/default/events');
  });

  it('costs two requests for each of 5,000 pods that are refused in turn, again and again', async () => {
    const [pods, rounds] = [5_000, 4];
    const { clock, server, recorder } = setUp({ queueLimit: pods });
    for (let round = 0; round < rounds; round += 1) {
      for (let index = 0; index < pods; index += 1) recorder.record(record(`web-${index}`));
      await clock.advance(minute);
    }
    const methods = server.requests.map(({ method }) => method);
    expect(methods.filter((method) => method === 'POST')).toHaveLength(pods);
    expect(methods.filter((method) => method === 'PATCH')).toHaveLength(pods);
    expect(recorder.stats).toMatchObject({ dropped: 0, failed: 0 });
  });

  it('that is news is told apart from one that says something else, and counted where it says the same', async () => {
    const { clock, server, recorder } = setUp();
    for (const note of ['one', 'two', 'two']) recorder.record(record('web-1', { note, isNews: true }));
    await clock.advance(minute);
    expect(
      stored(server).map(({ note, series }) => [note, (series as { count: number } | undefined)?.count]),
    ).toEqual([
      ['one', undefined],
      ['two', 2],
    ]);
  });

  it('has a name of its own, within the length that names may have', async () => {
    const { clock, server, recorder } = setUp();
    const long = `${'x'.repeat(234)}-.${'y'.repeat(17)}`;
    for (const reason of ['A', 'B', 'C']) recorder.record(record(long, { reason }));
    await clock.advance(0);
    const names = stored(server).map(({ metadata }) => (metadata as { name: string }).name);
    expect(new Set(names).size).toBe(3);
    expect(names.every((name) => name.length <= 253 && /^x+\.[0-9a-f]{16}$/.test(name))).toBe(true);
  });

  it.each([
    ['x'.repeat(1024), 'x'.repeat(1024)],
    ['x'.repeat(1025), `${'x'.repeat(1020)} ...`],
    [`x${'ä'.repeat(512)}`, `x${'ä'.repeat(509)} ...`],
    ['😀'.repeat(257), `${'😀'.repeat(255)} ...`],
  ])('has its note cut to 1024 bytes between characters (%#)', async (note, cut) => {
    const { clock, server, recorder } = setUp();
    recorder.record(record('web-1', { note }));
    await clock.advance(0);
    expect(stored(server)[0]?.note).toBe(cut);
  });
});

describe('a repeated event', () => {
  it('becomes a series at once, is then counted, refreshed every half hour, and finished when idle', async () => {
    const { clock, server, recorder } = setUp();
    recorder.record(record());
    await clock.advance(1000);
    recorder.record(record('web-1', { note: 'another note' }));
    await clock.advance(0);
    expect(server.takeMethods()).toBe('POST PATCH');
    expect(stored(server)).toEqual([
      expect.objectContaining({
        note: '0/3 nodes are available.',
        series: { count: 2, lastObservedTime: microTime(SettlingClock.epoch + 1000) },
      }),
    ]);

    for (let i = 0; i < 29; i++) {
      await clock.advance(minute);
      recorder.record(record());
    }
    expect(server.takeMethods()).toBe('');
    await clock.advance(minute);
    expect(server.requests[0]).toMatchObject({
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: { series: { count: 31 } },
    });
    expect(server.takeMethods()).toBe('PATCH');

    const lastObservedTime = microTime(clock.now());
    recorder.record(record());
    await clock.advance(20 * minute);
    expect(server.takeMethods()).toBe('PATCH');
    expect(stored(server)).toEqual([expect.objectContaining({ series: { count: 32, lastObservedTime } })]);
    expect(clock.pendingTimers).toBe(0);

    recorder.record(record());
    await clock.advance(0);
    expect(server.takeMethods()).toBe('POST');
  });

  it('is written after its first occurrence, even when both come at once', async () => {
    const { clock, server, recorder } = setUp();
    for (let i = 0; i < 5; i++) recorder.record(record());
    await clock.advance(0);
    expect(server.takeMethods()).toBe('POST PATCH');
    expect(stored(server)).toEqual([
      expect.objectContaining({ series: expect.objectContaining({ count: 5 }) }),
    ]);
  });

  it('is created again when its event was deleted meanwhile', async () => {
    const { clock, server, recorder } = setUp();
    recorder.record(record());
    await clock.advance(0);
    server.objects.clear();
    recorder.record(record());
    await clock.advance(0);
    expect(server.takeMethods()).toBe('POST PATCH POST');
    expect(stored(server)).toEqual([
      expect.objectContaining({ series: expect.objectContaining({ count: 2 }) }),
    ]);
    expect(recorder.stats).toMatchObject({ posted: 2, failed: 0 });
  });

  it('is a new event when its object changed', async () => {
    const { clock, server, recorder } = setUp();
    recorder.record(record());
    recorder.record(record('web-1', { regarding: { ...record().regarding, resourceVersion: '8' } }));
    await clock.advance(0);
    expect(server.takeMethods()).toBe('POST POST');
  });

  it('is written a last time when others push it out of memory', async () => {
    const { clock, server, recorder } = setUp({ seriesLimit: 2 });
    recorder.record(record('a'));
    await clock.advance(0);
    recorder.record(record('a'));
    await clock.advance(0);
    recorder.record(record('a'));
    recorder.record(record('b'));
    recorder.record(record('c'));
    await clock.advance(0);
    expect(server.takeMethods().split(' ').sort().join(' ')).toBe('PATCH PATCH POST POST POST');
    expect(stored(server)[0]).toMatchObject({ series: { count: 3 } });
  });
});

describe('the queue', () => {
  it('drops and counts what it cannot hold', async () => {
    const { clock, server, recorder } = setUp({ queueLimit: 3 });
    for (let i = 0; i < 5; i++) recorder.record(record(`p${i}`));
    expect(recorder.stats).toMatchObject({ dropped: 2, queued: 3 });
    await clock.advance(0);
    expect(stored(server).length).toBe(3);
    recorder.record(record('p4'));
    await clock.advance(0);
    expect(recorder.stats).toEqual({ posted: 4, dropped: 2, failed: 0, queued: 0 });
  });

  it('keeps few requests under way at once', async () => {
    const { clock, server, recorder } = setUp();
    let active = 0;
    let most = 0;
    server.fault = async () => {
      most = Math.max(most, ++active);
      await clock.sleep(10);
      active--;
    };
    for (let i = 0; i < 20; i++) recorder.record(record(`p${i}`));
    await clock.advance(50);
    expect(most).toBe(4);
    expect(recorder.stats.posted).toBe(20);
  });

  it('keeps to its rate', async () => {
    const { clock, recorder } = setUp({ rateLimit: { qps: 10, burst: 5 } });
    for (let i = 0; i < 30; i++) recorder.record(record(`p${i}`));
    await clock.advance(0);
    expect(recorder.stats.posted).toBe(5);
    await clock.advance(1001);
    expect(recorder.stats.posted).toBe(15);
  });

  it('lets binds go first, for a second at most where nobody looks for the event', async () => {
    let isBinding = true;
    const { clock, recorder } = setUp({ mayPost: () => !isBinding });
    recorder.record(record('a', { isRoutine: true }));
    await clock.advance(999);
    expect(recorder.stats).toMatchObject({ posted: 0, queued: 1 });
    await clock.advance(40);
    expect(recorder.stats).toMatchObject({ posted: 1, queued: 0 });
    recorder.record(record('b', { isRoutine: true }));
    await clock.advance(100);
    isBinding = false;
    await clock.advance(20);
    expect(recorder.stats).toMatchObject({ posted: 2, queued: 0 });
  });

  it('holds an event that somebody looks for back for 300 ms, and sends it before those that can wait', async () => {
    const { clock, server, recorder } = setUp({ mayPost: () => false, concurrency: 1 });
    const written = () => stored(server).map(({ regarding }) => (regarding as { name: string }).name);
    for (const name of ['a', 'b']) recorder.record(record(name, { isRoutine: true }));
    await clock.advance(10);
    recorder.record(record('c'));
    await clock.advance(299);
    expect(recorder.stats.posted).toBe(0);
    await clock.advance(20);
    expect(written()).toEqual(['c']);
    await clock.advance(1_000);
    expect(written()).toEqual(['c', 'a', 'b']);
  });

  it('writes each routine event for itself, and does not keep it in mind', async () => {
    const { clock, server, recorder } = setUp();
    for (let i = 0; i < 3; i++) {
      recorder.record(record('a', { isRoutine: true }));
      await clock.advance(10);
    }
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
    await clock.advance(3_600_000);
    expect(server.requests).toHaveLength(3);
  });

  it('is not put off by a steady stream of further events', async () => {
    const clock = new SettlingClock();
    let timers = 0;
    const counting = Object.assign(Object.create(clock) as SettlingClock, {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms: number, callback: () => void) => {
        timers++;
        return clock.after(ms, callback);
      },
    });
    const { recorder } = setUp({ clock: counting });
    recorder.record(record('first'));
    const first = timers;
    for (let i = 0; i < 100; i++) recorder.record(record(`p${i}`));
    expect(timers).toBe(first);
    recorder.close();
  });
});

describe('a failed write', () => {
  it('is tried twelve times when there was no answer, ten seconds and some apart, then given up', async () => {
    const failures: unknown[] = [];
    const { clock, server, recorder } = setUp({
      random: () => 0.999_999,
      onFailure: (error) => failures.push(error),
    });
    server.fault = unreachable;
    recorder.record(record());
    await clock.advance(0);
    expect(server.takeMethods()).toBe('POST');
    await clock.advance(12_499);
    expect(server.takeMethods()).toBe('');
    await clock.advance(1);
    expect(server.takeMethods()).toBe('POST');
    await clock.advance(10 * minute);
    expect(server.takeMethods()).toBe(Array(10).fill('POST').join(' '));
    expect(recorder.stats).toEqual({ posted: 0, dropped: 0, failed: 1, queued: 0 });
    expect(failures).toEqual([expect.objectContaining({ failure: 'unreachable' })]);
  });

  it('counts as done when the unanswered try was carried out', async () => {
    const { clock, server, recorder } = setUp();
    let isFirst = true;
    server.fault = (_, commit) => {
      if (!isFirst) return;
      isFirst = false;
      commit();
      throw new ApiError('reset', { failure: 'ambiguous' });
    };
    recorder.record(record());
    await clock.advance(10_000);
    expect(server.takeMethods()).toBe('POST POST');
    expect(recorder.stats).toEqual({ posted: 1, dropped: 0, failed: 0, queued: 0 });
  });

  it('does not hold up the others while it waits', async () => {
    const { clock, server, recorder } = setUp({ concurrency: 1 });
    server.fault = ({ body }) => {
      if ((body as { regarding: { name: string } }).regarding.name === 'bad') unreachable();
    };
    recorder.record(record('bad'));
    recorder.record(record('good'));
    await clock.advance(0);
    expect(recorder.stats).toMatchObject({ posted: 1, queued: 1 });
  });

  it.each([
    status(403, 'Forbidden'),
    status(404, 'NotFound'),
    status(500, 'InternalError'),
    new Error('odd'),
  ])('is not repeated after %s', async (error) => {
    const { clock, server, recorder } = setUp({
      onFailure: () => {
        throw new Error('a clumsy observer');
      },
    });
    server.fault = () => {
      throw error;
    };
    recorder.record(record());
    await clock.advance(minute);
    expect(server.takeMethods()).toBe('POST');
    expect(recorder.stats).toMatchObject({ failed: 1, queued: 0 });
  });

  it('is repeated when the server says after how long', async () => {
    const { clock, server, recorder } = setUp();
    server.fault = () => {
      server.fault = undefined;
      throw status(429, 'TooManyRequests', 3000);
    };
    recorder.record(record());
    await clock.advance(2999);
    expect(recorder.stats.posted).toBe(0);
    await clock.advance(1);
    expect(recorder.stats.posted).toBe(1);
  });
});

describe('flush', () => {
  it('writes what is held back and resolves when all is written', async () => {
    const { clock, recorder } = setUp({ mayPost: () => false });
    for (let i = 0; i < 10; i++) recorder.record(record(`p${i}`));
    let isDone = false;
    void recorder.flush().then(() => {
      isDone = true;
    });
    expect(isDone).toBe(false);
    await clock.advance(0);
    expect([isDone, recorder.stats.posted]).toEqual([true, 10]);
    await recorder.flush();
  });

  it('ends with its signal, however much is left', async () => {
    const { clock, server, recorder } = setUp();
    server.fault = unreachable;
    recorder.record(record());
    const stop = new AbortController();
    const flushed = recorder.flush({ signal: stop.signal });
    await clock.advance(1000);
    stop.abort();
    await flushed;
    expect(recorder.stats.queued).toBe(1);
  });
});

describe('close', () => {
  it('drops what is left, stops all timers and takes nothing more', async () => {
    const { clock, server, recorder } = setUp({ concurrency: 2, queueLimit: 10 });
    server.fault = ({ body, signal }) => {
      if ((body as { regarding: { name: string } }).regarding.name === 'p0') unreachable();
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new ApiError('aborted', { failure: 'aborted' })));
      });
    };
    for (let i = 0; i < 5; i++) recorder.record(record(`p${i}`));
    await clock.advance(0);
    const flushed = recorder.flush();
    recorder.close();
    await flushed;
    recorder.record(record('late'));
    await clock.advance(minute);
    expect(clock.pendingTimers).toBe(0);
    expect(recorder.stats).toEqual({ posted: 0, dropped: 5, failed: 0, queued: 0 });
  });
});
