import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError, type ApiErrorDetails } from '../../../src/kube/api-error.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { Binder } from '../../../src/scheduler/binder.js';
import { ManualClock } from '../../manual-clock.js';

const pod = { namespace: 'default', name: 'web', uid: 'u1' };

type Answer = ApiErrorDetails | 'ok';

/** An API server reduced to one pod: answers as scripted, acts as told. */
class OnePodServer implements ApiTransport {
  readonly requests: ApiRequest[] = [];
  nodeName = '';
  uid = pod.uid;
  /** Answers to POSTs, in order; then 'ok'. `acts` binds although the answer is an error. */
  script: { readonly answer: Answer; readonly acts?: boolean }[] = [];
  reads: Answer[] = [];

  async request<T>(request: ApiRequest): Promise<T> {
    this.requests.push(request);
    return (request.method === 'GET' ? this.#read() : this.#bind(request)) as T;
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('nothing to watch');
  }

  get posts(): number {
    return this.requests.filter(({ method }) => method === 'POST').length;
  }

  #read(): unknown {
    const answer = this.reads.shift() ?? 'ok';
    if (answer !== 'ok') throw new ApiError('read failed', answer);
    return { metadata: { uid: this.uid }, spec: this.nodeName === '' ? {} : { nodeName: this.nodeName } };
  }

  #bind(request: ApiRequest): unknown {
    const { answer, acts = answer === 'ok' } = this.script.shift() ?? { answer: 'ok' };
    if (acts && this.nodeName !== '')
      throw new ApiError('already assigned', { failure: 'status', code: 409 });
    if (acts) this.nodeName = (request.body as { target: { name: string } }).target.name;
    if (answer !== 'ok') throw new ApiError('scripted', answer);
    return {};
  }
}

let server: OnePodServer;
let clock: ManualClock;
let mayWrite: boolean;
let nodeExists: boolean;
/** What the node has against the pod by now. */
let objection: string | undefined;
let binder: Binder;

beforeEach(() => {
  server = new OnePodServer();
  clock = new ManualClock();
  mayWrite = true;
  nodeExists = true;
  objection = undefined;
  binder = new Binder({
    pods: new PodApi(server),
    fence: { mayWrite: () => mayWrite },
    clock,
    nodeExists: () => nodeExists,
    lateRefusal: () => objection,
  });
});

async function bindWithin(ms: number): Promise<unknown> {
  const result = binder.bind(pod, 'n1');
  await clock.advance(ms);
  return result;
}

describe('Binder', () => {
  it('posts a Binding that names the pod by UID', async () => {
    expect(await bindWithin(0)).toEqual({ kind: 'bound' });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/api/v1/namespaces/default/pods/web/binding',
      body: { metadata: { uid: 'u1' }, target: { kind: 'Node', name: 'n1' } },
    });
  });

  it('reads the pod after an answer that never came, and finds that it was bound', async () => {
    server.script = [{ answer: { failure: 'ambiguous' }, acts: true }];
    expect(await bindWithin(0)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(1);
  });

  it('posts again after an answer that never came when the pod turns out unbound', async () => {
    server.script = [{ answer: { failure: 'ambiguous' }, acts: false }];
    expect(await bindWithin(0)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(2);
  });

  it.each([
    ['a 504', { failure: 'status', code: 504 }],
    ['a 502 of somebody in between', { failure: 'status', code: 502 }],
    ['an answer that is nothing an API server says', { failure: 'malformed', code: 201 }],
  ] as const)('treats %s as ambiguous', async (_what, answer) => {
    server.script = [{ answer, acts: true }];
    expect(await bindWithin(0)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(1);
  });

  it('goes on reading until the server answers: nothing else is done with the pod before', async () => {
    server.script = [{ answer: { failure: 'ambiguous' }, acts: true }];
    server.reads = [{ failure: 'unreachable' }, { failure: 'status', code: 503 }, { failure: 'ambiguous' }];
    expect(await bindWithin(10_000)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(1);
  });

  it('tells when somebody else bound the pod', async () => {
    server.nodeName = 'other';
    expect(await bindWithin(0)).toEqual({ kind: 'conflict', nodeName: 'other' });
  });

  it('tells when somebody else bound the pod to the very same node, and takes nothing for its own without a reason', async () => {
    server.nodeName = 'n1';
    expect(await bindWithin(0)).toEqual({ kind: 'conflict', nodeName: 'n1' });
  });

  it('tells when the pod is gone or another has its name', async () => {
    server.script = [{ answer: { failure: 'status', code: 404 } }];
    expect(await bindWithin(0)).toEqual({ kind: 'gone' });
    server.script = [{ answer: { failure: 'status', code: 409 } }];
    server.uid = 'another';
    expect(await bindWithin(0)).toEqual({ kind: 'gone' });
  });

  it('waits as long as a 429 asks, and holds all bindings back meanwhile', async () => {
    server.script = [{ answer: { failure: 'status', code: 429, retryAfterMs: 3_000 } }];
    const first = binder.bind(pod, 'n1');
    await clock.advance(0);
    const second = binder.bind({ ...pod, name: 'later' }, 'n1');
    await clock.advance(2_999);
    expect(server.posts).toBe(1);
    await clock.advance(1);
    await expect(first).resolves.toEqual({ kind: 'bound' });
    await second;
    expect(binder.concurrency).toBeLessThan(16);
  });

  it('tries four times when the server cannot answer now', async () => {
    server.script = Array.from({ length: 9 }, () => ({ answer: { failure: 'status', code: 500 } as const }));
    expect(await bindWithin(60_000)).toMatchObject({ kind: 'failed' });
    expect(server.posts).toBe(4);
  });

  it('looks at the pod before it gives up: the binding may stand although the server said 500', async () => {
    const answer = { failure: 'status', code: 500 } as const;
    server.script = [{ answer }, { answer }, { answer }, { answer, acts: true }];
    expect(await bindWithin(60_000)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(4);
  });

  it('looks at the pod before it says that the node would not take it any more: the binding may stand after a 500', async () => {
    const answer = { failure: 'status', code: 500 } as const;
    server.script = [{ answer }, { answer }, { answer, acts: true }];
    objection = 'Insufficient cpu';
    expect(await bindWithin(60_000)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(3);
  });

  it('says that the node would not take it any more when nothing stands after a 500', async () => {
    const answer = { failure: 'status', code: 500 } as const;
    server.script = [{ answer }, { answer }, { answer }];
    objection = 'Insufficient cpu';
    expect(await bindWithin(60_000)).toEqual({ kind: 'too-late', reason: 'Insufficient cpu' });
    expect(server.posts).toBe(3);
  });

  it('looks at the pod before it says that the node is gone', async () => {
    server.script = [{ answer: { failure: 'status', code: 500 }, acts: true }];
    const result = binder.bind(pod, 'n1');
    await clock.advance(0);
    nodeExists = false;
    await clock.advance(60_000);
    expect(await result).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(1);
  });

  it('reads again when an API server that has just started refuses that for a while', async () => {
    const refused = { failure: 'status', code: 403 } as const;
    server.script = [{ answer: { failure: 'ambiguous' }, acts: true }];
    server.reads = [refused, refused, refused];
    expect(await bindWithin(60_000)).toEqual({ kind: 'bound' });
    expect(server.posts).toBe(1);
  });

  it('gives up reading when that is refused for good', async () => {
    server.script = [{ answer: { failure: 'ambiguous' } }];
    server.reads = Array.from({ length: 50 }, () => ({ failure: 'status', code: 403 }) as const);
    expect(await bindWithin(120_000)).toMatchObject({ kind: 'failed', error: { code: 403 } });
  });

  it.each([403, 429])('looks at the pod when a binding that may stand is answered %i', async (code) => {
    const answer = { failure: 'status', code } as const;
    server.script = [
      { answer: { failure: 'status', code: 500 }, acts: true },
      ...Array.from({ length: 20 }, () => ({ answer })),
    ];
    expect(await bindWithin(120_000)).toEqual({ kind: 'bound' });
  });

  it('does not try again what the server refuses', async () => {
    server.script = [{ answer: { failure: 'status', code: 403 } }];
    expect(await bindWithin(60_000)).toMatchObject({ kind: 'failed' });
    expect(server.posts).toBe(1);
  });

  it('writes nothing when leadership is lost', async () => {
    mayWrite = false;
    expect(await bindWithin(0)).toEqual({ kind: 'fenced' });
    expect(server.requests).toHaveLength(0);
  });

  it('writes nothing for a node that is gone: the API server would accept it', async () => {
    nodeExists = false;
    expect(await bindWithin(0)).toEqual({ kind: 'node-gone' });
    expect(server.requests).toHaveLength(0);
  });

  it('looks again at a decision that had waited before it came, for Permit or for a condition that was being written', async () => {
    objection = 'node(s) were unschedulable';
    await clock.advance(1_000);
    const result = binder.bind(pod, 'n1', { decidedAt: clock.monotonic() - 1_000 });
    expect(await result).toEqual({ kind: 'too-late', reason: 'node(s) were unschedulable' });
    expect(server.posts).toBe(0);
  });

  it('looks again at a decision that had to wait, and at no other', async () => {
    objection = 'node(s) were unschedulable';
    expect(await bindWithin(0)).toEqual({ kind: 'bound' });
    server.nodeName = '';
    server.script = [{ answer: { failure: 'status', code: 429, retryAfterMs: 2_000 } }];
    expect(await bindWithin(5_000)).toEqual({ kind: 'too-late', reason: 'node(s) were unschedulable' });
    expect(server.posts).toBe(2);
  });
});
