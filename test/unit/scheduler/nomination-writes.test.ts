import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { StatusWriter } from '../../../src/scheduler/status-writer.js';
import { makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';

const refused = { reason: 'Unschedulable', message: 'no room' } as const;

let requests: ApiRequest[];
let code: number | undefined;
let hold: Promise<void> | undefined;
let mayWrite: boolean;
let reported: number[];
let clock: ManualClock;
let writer: StatusWriter;

beforeEach(() => {
  requests = [];
  code = undefined;
  hold = undefined;
  mayWrite = true;
  reported = [];
  clock = new ManualClock();
  const transport: ApiTransport = {
    request: async <T>(request: ApiRequest): Promise<T> => {
      requests.push(request);
      await hold;
      if (code !== undefined) throw new ApiError('scripted', { failure: 'status', code });
      return {} as T;
    },
    stream: async () => {
      throw new Error('nothing to watch');
    },
  };
  writer = new StatusWriter({
    pods: new PodApi(transport),
    fence: { mayWrite: () => mayWrite },
    clock,
    onFailure: (_pod, error) => reported.push(error.code),
  });
});

/** What was written of each pod's status, in order. */
function written(): unknown[] {
  return requests.map(({ body }) => {
    const { conditions, nominatedNodeName } = (body as { status: Record<string, unknown> }).status;
    const said = (conditions as { message: string }[] | undefined)?.[0]?.message;
    return { ...(said && { said }), ...(nominatedNodeName !== undefined && { nominatedNodeName }) };
  });
}

describe('a nomination', () => {
  it('is written by itself, and who asked is told when that is done', async () => {
    const done = writer.nominate(makePod(), 'a');
    expect(await done).toBeUndefined();
    expect(written()).toEqual([{ nominatedNodeName: 'a' }]);
  });

  it('is written together with the reason that comes with it', async () => {
    writer.markPending(makePod(), { ...refused, nominate: 'a' });
    await clock.advance(0);
    expect(written()).toEqual([{ said: 'no room', nominatedNodeName: 'a' }]);
  });

  it('is not written when the pod has it', async () => {
    const pod = makePod({ status: { nominatedNodeName: 'a' } });
    expect(await writer.nominate(pod, 'a')).toBeUndefined();
    expect(await writer.nominate(makePod(), '')).toBeUndefined();
    expect(requests).toEqual([]);
  });

  it('is cleared although the pod does not show it yet', async () => {
    const pod = makePod();
    await writer.nominate(pod, 'a');
    await writer.nominate(pod, '');
    await writer.nominate(pod, '');
    expect(written()).toEqual([{ nominatedNodeName: 'a' }, { nominatedNodeName: null }]);
  });

  it('is given anew after somebody else took it away', async () => {
    const pod = makePod();
    await writer.nominate(pod, 'a');
    await writer.nominate(makePod({ uid: pod.uid }), 'a');
    expect(written()).toHaveLength(2);
  });

  it('is not lost when another reason comes before it is written', async () => {
    const pod = makePod();
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    writer.markPending(pod, refused);
    await clock.advance(0);
    writer.markPending(pod, { ...refused, message: 'found room', nominate: 'a' });
    writer.markPending(pod, { ...refused, message: 'waiting' });
    release();
    await clock.advance(0);
    expect(written()).toEqual([{ said: 'no room' }, { said: 'waiting', nominatedNodeName: 'a' }]);
  });

  it('that was taken back before it was written is not written', async () => {
    const pod = makePod();
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    writer.markPending(pod, refused);
    writer.markPending(pod, { ...refused, nominate: 'a' });
    writer.markPending(pod, { ...refused, nominate: '' });
    release();
    await clock.advance(0);
    expect(written()).toEqual([{ said: 'no room' }]);
  });

  it('is written although the reason is an old one, without repeating that', async () => {
    const pod = makePod();
    writer.markPending(pod, refused);
    await clock.advance(0);
    writer.markPending(pod, { ...refused, nominate: 'a' });
    await clock.advance(0);
    expect(written()).toEqual([{ said: 'no room' }, { nominatedNodeName: 'a' }]);
  });

  it('that cannot be written is told to who asked, and reported', async () => {
    code = 403;
    expect(await writer.nominate(makePod(), 'a')).toMatchObject({ code: 403 });
    expect(reported).toEqual([403]);
  });

  it('is tried again when the first try failed', async () => {
    const pod = makePod();
    code = 403;
    await writer.nominate(pod, 'a');
    code = undefined;
    await writer.nominate(pod, 'a');
    expect(requests).toHaveLength(2);
  });

  it('is of no interest for a pod that is gone or settled, and who waits for it is not kept', async () => {
    code = 404;
    expect(await writer.nominate(makePod(), 'a')).toMatchObject({ code: 404 });
    expect(reported).toEqual([]);
    const pod = makePod();
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    code = undefined;
    const first = writer.nominate(pod, 'a');
    await clock.advance(0);
    const second = writer.nominate(pod, 'b');
    writer.forget(pod.uid);
    expect(await second).toBeUndefined();
    release();
    await first;
    expect(requests).toHaveLength(2);
  });

  it('is not written after leadership is lost, which is nobody’s failure', async () => {
    mayWrite = false;
    expect(await writer.nominate(makePod(), 'a')).toMatchObject({ failure: 'aborted' });
    expect([requests, reported]).toEqual([[], []]);
  });

  it('goes before reasons that wait, because a binding waits for it', async () => {
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    for (let i = 0; i < 6; i++) writer.markPending(makePod({ name: `p${i}` }), refused);
    void writer.nominate(makePod({ name: 'urgent' }), 'a');
    release();
    await clock.advance(0);
    const names = requests.map(({ path }) => path.split('/')[6]);
    expect(names.indexOf('urgent')).toBe(4);
  });
});
