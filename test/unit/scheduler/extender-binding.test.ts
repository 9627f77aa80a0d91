import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Extender } from '../../../src/extenders/extender.js';
import { Extenders } from '../../../src/extenders/extenders.js';
import { ApiError, type ApiErrorDetails } from '../../../src/kube/api-error.js';
import { PodApi } from '../../../src/kube/pod-api.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { ExtenderBinding } from '../../../src/scheduler/extender-binding.js';
import { makePod } from '../../build-objects.js';
import { answersStatus, dealtWith, ExtenderServer, hangs } from '../../extender-server.js';
import { ManualClock } from '../../manual-clock.js';
import { until } from '../kube/until.js';

/** The API server, reduced to reading one pod. */
class OnePodServer implements ApiTransport {
  reads = 0;
  uid = 'web';
  nodeName = '';
  /** Failures of the next reads, in order. */
  failures: ApiErrorDetails[] = [];
  /** Called before each read is answered. */
  onRead: () => void = () => undefined;

  async request<T>(request: ApiRequest): Promise<T> {
    if (request.method !== 'GET') throw new Error('only the extender writes');
    this.reads += 1;
    this.onRead();
    const failure = this.failures.shift();
    if (failure !== undefined) throw new ApiError('read failed', failure);
    return {
      metadata: { uid: this.uid },
      spec: this.nodeName === '' ? {} : { nodeName: this.nodeName },
    } as T;
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('nothing to watch');
  }
}

const pod = makePod({ name: 'web', uid: 'web' });

let server: ExtenderServer;
let api: OnePodServer;
let clock: ManualClock;
let extenders: Extenders;
let binding: ExtenderBinding;
/** What the watch shows. */
let shown: Pod | undefined;
let mayWrite: boolean;
let nodeExists: boolean;
let passedOver: string[];
let stop: AbortController;

beforeEach(async () => {
  server = await ExtenderServer.start();
  api = new OnePodServer();
  clock = new ManualClock();
  shown = pod;
  mayWrite = true;
  nodeExists = true;
  passedOver = [];
  stop = new AbortController();
  build({});
});
afterEach(async () => {
  await extenders.close();
  await server.stop();
});

function build(options: {
  readonly ignorable?: boolean;
  readonly bindVerb?: string;
  readonly httpTimeoutMs?: number;
}): void {
  const configuration = {
    urlPrefix: server.url,
    filterVerb: '',
    preemptVerb: '',
    prioritizeVerb: '',
    bindVerb: 'bind',
    weight: 1,
    enableHTTPS: false,
    tlsConfig: undefined,
    httpTimeoutMs: 5_000,
    nodeCacheCapable: true,
    managedResources: [],
    ignorable: false,
    ...options,
  };
  extenders = new Extenders([new Extender({ configuration, tls: {}, clock: systemClock })], {
    cluster: new ClusterState(),
    latest: () => shown,
    isOurs: () => true,
  });
  binding = new ExtenderBinding({
    extendersFor: (of) => extenders.forPod(of),
    pods: new PodApi(api),
    fence: { mayWrite: () => mayWrite },
    clock,
    latest: () => shown,
    nodeExists: () => nodeExists,
    passedOver: (_extender, _pod, message) => passedOver.push(message),
  });
}

/** Binds to node a, letting time pass until it has ended. */
async function bind() {
  const result = binding.bind(pod, 'a', { signal: stop.signal });
  let ended = false;
  const waiting = result.finally(() => {
    ended = true;
  });
  while (!ended) await clock.advance(100);
  return waiting;
}

const claims = (bound: () => void = () => undefined) => {
  server.on('bind', () => {
    bound();
    return {};
  });
};
const bindsTo = (nodeName: string) => () => {
  api.nodeName = nodeName;
};
const failed = (message: string, by?: string) => ({
  kind: 'failed',
  status: { code: 'Error', reasons: [message], cause: by === undefined ? undefined : { by } },
});

describe('a pod that an extender binds', () => {
  it('is named to it, with its UID and the node', async () => {
    claims(bindsTo('a'));
    expect(await bind()).toEqual({ kind: 'bound' });
    expect(server.asked('bind')).toEqual([
      { PodName: 'web', PodNamespace: 'default', PodUID: 'web', Node: 'a' },
    ]);
    expect(binding.pending).toBe(0);
  });

  it('need not be read where the watch shows the binding in time', async () => {
    claims(() => {
      shown = { ...pod, nodeName: 'a' };
    });
    expect(await bind()).toEqual({ kind: 'bound' });
    expect(api.reads).toBe(0);
  });

  it('is believed to be bound for a while, and not for ever', async () => {
    claims();
    api.onRead = () => {
      if (api.reads === 3) api.nodeName = 'a';
    };
    expect(await bind()).toEqual({ kind: 'bound' });
    expect(api.reads).toBe(3);
    api.nodeName = '';
    expect(await bind()).toMatchObject(
      failed(`extender ${server.url} claims to have bound pod "default/web", but it is not bound`),
    );
    expect(api.reads).toBeLessThan(25);
  });

  it.each([
    ['bound it elsewhere', bindsTo('b'), failed('the pod is bound to b already', 'b')],
    [
      'found another of that name',
      () => {
        api.uid = 'other';
      },
      failed('the pod is gone', 'deletion'),
    ],
    [
      'found none',
      () => void api.failures.push({ failure: 'status', code: 404 }),
      failed('the pod is gone', 'deletion'),
    ],
  ])('belongs to another when the extender %s', async (_what, happen, expected) => {
    claims(happen);
    expect(await bind()).toMatchObject(expected);
  });

  it('is tried again when the extender says that it failed', async () => {
    server.on('bind', () => ({ Error: 'no connection' }));
    expect(await bind()).toMatchObject(failed('no connection'));
    server.on('bind', answersStatus(500));
    expect(await bind()).toMatchObject(
      failed(`failed bind with extender at URL ${server.url}/bind, code 500`),
    );
    expect(passedOver).toEqual([]);
  });

  it('is bound whatever the extender says, if it is', async () => {
    server.on('bind', () => {
      api.nodeName = 'a';
      return { Error: 'too late' };
    });
    expect(await bind()).toEqual({ kind: 'bound' });
  });

  it('is read until its state is known when no answer came', async () => {
    build({ httpTimeoutMs: 1_000 });
    server.on('bind', (request, response) => {
      api.nodeName = 'a';
      api.failures = [{ failure: 'ambiguous' }, { failure: 'status', code: 503 }, { failure: 'unreachable' }];
      return hangs(request, response);
    });
    expect(await bind()).toEqual({ kind: 'bound' });
    expect(api.reads).toBe(4);
    server.on('bind', (_request, response) => {
      api.nodeName = '';
      response.socket?.resetAndDestroy();
      return dealtWith;
    });
    const [asked] = [server.requests.length];
    expect(await bind()).toMatchObject({ kind: 'failed' });
    // Never sent twice: the first may have been heard.
    expect(server.requests.length).toBe(asked + 1);
  });

  it('is left as it is when it may not be read', async () => {
    claims(() => void api.failures.push({ failure: 'status', code: 403 }));
    expect(await bind()).toMatchObject(failed('read failed'));
  });

  it('is not read when nothing was sent', async () => {
    const { url } = server;
    await server.stop();
    const result = await bind();
    server = await ExtenderServer.start();
    expect(result).toMatchObject({ kind: 'failed' });
    expect(JSON.stringify(result)).toContain(`failed bind with extender at URL ${url}/bind`);
    expect(api.reads).toBe(0);
  });

  it('goes to the next binder when the extender fails and may be done without', async () => {
    build({ ignorable: true });
    server.on('bind', () => ({ Error: 'no' }));
    expect(await bind()).toEqual({ kind: 'declined' });
    expect(passedOver).toEqual(['no']);
  });

  it('is somebody else’s business when no extender binds it', async () => {
    build({ bindVerb: '' });
    expect(await bind()).toEqual({ kind: 'declined' });
  });
});

describe('nothing is sent', () => {
  afterEach(() => expect(server.requests).toEqual([]));
  beforeEach(() => claims());

  it('by a process that does not lead any more', async () => {
    mayWrite = false;
    expect(await bind()).toMatchObject(failed('this process does not lead any more', 'another leader'));
  });

  it('by a process that is ending', async () => {
    stop.abort();
    expect(await bind()).toMatchObject(failed('this process does not lead any more', 'another leader'));
  });

  it('for a node that is gone', async () => {
    nodeExists = false;
    expect(await bind()).toMatchObject(failed('node "a" is gone'));
  });
});

describe('the end of the program', () => {
  it('ends a binding that hangs', async () => {
    server.on('bind', hangs);
    const result = bind();
    await until(() => server.requests.length === 1);
    expect(binding.pending).toBe(1);
    stop.abort();
    expect(await result).toMatchObject(failed('this process does not lead any more', 'another leader'));
  });

  it('ends the wait for a binding that nobody has seen', async () => {
    claims();
    const result = bind();
    await until(() => api.reads > 0);
    stop.abort();
    expect(await result).toMatchObject(failed('this process does not lead any more', 'another leader'));
  });
});
