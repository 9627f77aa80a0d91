import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultInjector } from '../../faults/fault-injector.js';
import type { FrameFault, RequestClass, RequestFault } from '../../faults/fault-kinds.js';
import type { FaultRule } from '../../faults/fault-plan.js';
import { FaultProxy } from '../../faults/fault-proxy.js';

interface Answer {
  /** 0 when the connection broke before an answer. */
  readonly code: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
  readonly broken: boolean;
}

let upstream: Server;
let proxy: FaultProxy;
/** What reached the server. */
let seen: string[];
let version: number;
let answerWatch: (response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  version = 10;
  answerWatch = () => undefined;
  upstream = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    incoming.resume();
    if (incoming.url?.includes('watch=')) {
      response.writeHead(200);
      response.flushHeaders();
      answerWatch(response);
      return;
    }
    response.end(JSON.stringify({ metadata: { resourceVersion: String(version) }, items: [] }));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await proxy.close();
  const closed = new Promise((resolve) => upstream.close(resolve));
  upstream.closeAllConnections();
  await closed;
});

async function start(
  faults: readonly (readonly [RequestFault | FrameFault, RequestClass])[],
  options: { readonly healAfterMs?: number; readonly sleep?: () => Promise<void> } = {},
): Promise<void> {
  const frames = ['swallow', 'stall', 'cut-end'];
  const rules = faults.map(([fault, requestClass], index): FaultRule => {
    const kind = frames.includes(fault) ? 'frame' : 'request';
    return {
      kind,
      fault,
      from: 0,
      until: 9,
      share: 1,
      classes: [requestClass],
      ms: 0,
      limit: 1,
      seed: index,
    };
  });
  proxy = await FaultProxy.start({
    target: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    injector: new FaultInjector(rules, () => 1),
    now: () => 1,
    ...options,
  });
}

function ask(
  method: string,
  path: string,
  body = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const outgoing = request(`${proxy.url}${path}`, { method, headers, agent: false });
    outgoing.once('error', () => resolve({ code: 0, body: '', retryAfter: undefined, broken: true }));
    outgoing.once('response', (answer: IncomingMessage) => {
      let text = '';
      const end = (broken: boolean): void =>
        resolve({
          code: answer.statusCode ?? 0,
          body: text,
          retryAfter: answer.headers['retry-after'],
          broken,
        });
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.once('end', () => end(false));
      answer.once('error', () => end(true));
    });
    outgoing.end(body);
  });
}

const binding = '/api/v1/namespaces/default/pods/a/binding';
const pods = '/api/v1/pods';
const bind = (): Promise<Answer> =>
  ask('POST', binding, JSON.stringify({ metadata: { uid: 'u' }, target: { name: 'node-1' } }));
const frame = (at: number): string =>
  `${JSON.stringify({ type: 'MODIFIED', object: { metadata: { resourceVersion: String(at) } } })}\n`;

describe('a fault proxy', () => {
  it('forwards, and notes who asked for what and how it was answered', async () => {
    await start([]);
    expect(await bind()).toMatchObject({ code: 200, broken: false });
    expect(proxy.log).toMatchObject([
      { class: 'bind', name: 'a', target: 'node-1', uid: 'u', code: 200, generation: 0, fault: undefined },
    ]);
  });

  it.each<[RequestFault, number, boolean]>([
    ['answer-429', 429, false],
    ['answer-500', 500, false],
    ['answer-503', 503, false],
    ['answer-504', 504, false],
    ['reset', 0, false],
    ['html', 200, false],
    ['lose-answer', 0, true],
    ['after-500', 500, true],
    ['after-502', 502, true],
    ['after-504', 504, true],
  ])('with %s answers %i, and whether the server acts is %s', async (fault, code, acts) => {
    await start([[fault, 'bind']]);
    expect(await bind()).toMatchObject({ code });
    expect(seen).toEqual(acts ? [`POST ${binding}`] : []);
    expect(proxy.log[0]).toMatchObject({ fault, code: acts ? 200 : 0 });
    expect(await bind()).toMatchObject({ code: 200 });
  });

  it('does not take a list of versions alone for news of what stands in the objects', async () => {
    await start([]);
    await ask('GET', pods, '', {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    });
    expect(proxy.knowledge(0).newest('pods')).toBe(0);
    await ask('GET', pods);
    expect(proxy.knowledge(0).newest('pods')).toBe(version);
  });

  it('says how long to wait when it throttles', async () => {
    await start([['answer-429', 'list']]);
    expect(Number((await ask('GET', pods)).retryAfter)).toBeGreaterThan(0);
  });

  it('lets the server act after it has given up', async () => {
    await start([['late-commit', 'bind']]);
    expect(await bind()).toMatchObject({ code: 504 });
    while (proxy.log[0]?.code === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([`POST ${binding}`]);
  });

  it('breaks an answer off in the middle', async () => {
    await start([['cut-answer', 'list']]);
    expect(await ask('GET', pods)).toMatchObject({ code: 200, broken: true });
  });

  it('answers with an older list where it knows one that the client is beyond', async () => {
    await start([
      ['stale-list', 'list'],
      ['stale-list', 'list'],
      ['stale-list', 'list'],
    ]);
    const versions: unknown[] = [];
    for (const next of [10, 20, 30]) {
      version = next;
      const { body } = await ask('GET', pods);
      versions.push((JSON.parse(body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion);
    }
    expect(versions).toEqual(['10', '20', '10']);
    expect(proxy.log.map(({ fault }) => fault)).toEqual([undefined, undefined, 'stale-list']);
    expect(proxy.knowledge(0).newest('pods')).toBe(20);
  });

  it('keeps a change from the client, and then forces a list upon it', async () => {
    await start([['swallow', 'watch']], { healAfterMs: 1 });
    answerWatch = (response) => response.write(frame(11) + frame(12));
    const watched = await ask('GET', `${pods}?watch=true`);
    expect(watched.body).toBe(frame(12));
    expect(proxy.knowledge(0).at('pods', 1)).toEqual({ version: 12, missing: new Set([11]) });
    expect(await ask('GET', `${pods}?watch=true`)).toMatchObject({ code: 410 });
    version = 12;
    await ask('GET', pods);
    expect(proxy.knowledge(0).at('pods', 1).missing.size).toBe(0);
    answerWatch = (response) => response.end(frame(13));
    expect((await ask('GET', `${pods}?watch=true`)).body).toBe(frame(13));
  });

  it('says nothing more on a watch that stalls, and keeps it open until all connections break', async () => {
    await start([['stall', 'watch']]);
    answerWatch = (response) => response.end(frame(11));
    const watching = ask('GET', `${pods}?watch=true`);
    while (proxy.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await ask('GET', pods);
    proxy.breakConnections();
    expect(await watching).toMatchObject({ body: '', broken: true });
  });

  it('holds everything back in a partition, and breaks it at its end', async () => {
    let heal = (): void => {};
    const healed = new Promise<void>((resolve) => {
      heal = resolve;
    });
    await start([], { sleep: () => healed });
    const partition = proxy.partition(20);
    const bound = bind();
    while (proxy.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    heal();
    expect(await bound).toMatchObject({ code: 0, broken: true });
    await partition;
    expect(seen).toEqual([]);
    expect(await bind()).toMatchObject({ code: 200 });
  });

  it('tells the requests of one process from those of its successor', async () => {
    await start([]);
    await bind();
    proxy.newClient();
    await bind();
    expect(proxy.log.map(({ generation }) => generation)).toEqual([0, 1]);
    expect(proxy.knowledge(1).newest('pods')).toBe(0);
  });
});
