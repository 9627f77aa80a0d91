import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeObject, encodeObject } from '../../../src/kube/protobuf/envelope.js';
import { watchFrames } from '../../../src/kube/watch-frames.js';
import { FaultInjector } from '../../faults/fault-injector.js';
import type { FrameFault, RequestClass, RequestFault } from '../../faults/fault-kinds.js';
import { frameFaultNames } from '../../faults/fault-kinds.js';
import type { FaultRule } from '../../faults/fault-plan.js';
import { FaultProxy } from '../../faults/fault-proxy.js';
import type { WireFormat } from '../../faults/wire-format.js';
import { watchFrame } from './watch-frame-bytes.js';

interface Answer {
  /** 0 when the connection broke before an answer. */
  readonly code: number;
  readonly body: string;
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  readonly broken: boolean;
}

const protobuf = 'application/vnd.kubernetes.protobuf';
const accepts: Readonly<Record<WireFormat, string>> = {
  json: 'application/json',
  protobuf: `${protobuf},application/json`,
};
const formats: readonly WireFormat[] = ['json', 'protobuf'];

let upstream: Server;
let proxy: FaultProxy;
let injector: FaultInjector;
/** What reached the server. */
let seen: string[];
let version: number;
/** Whether a list comes in pages. */
let continues: boolean;
let answerWatch: (response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  version = 10;
  continues = false;
  answerWatch = () => undefined;
  upstream = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    incoming.resume();
    // Like a real API server: protobuf for those who name it, and JSON for everybody else.
    const isProtobuf = incoming.headers.accept?.includes(protobuf) ?? false;
    const mediaType = isProtobuf ? protobuf : 'application/json';
    if (incoming.url?.includes('watch=')) {
      response.writeHead(200, { 'content-type': isProtobuf ? `${mediaType};stream=watch` : mediaType });
      response.flushHeaders();
      answerWatch(response);
      return;
    }
    const metadata = { resourceVersion: String(version), ...(continues ? { continue: 'more' } : {}) };
    const list = { apiVersion: 'v1', kind: 'PodList', metadata, items: [] };
    response.writeHead(200, { 'content-type': mediaType });
    response.end(isProtobuf ? encodeObject(list) : JSON.stringify(list));
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
  const frames: readonly string[] = frameFaultNames;
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
  injector = new FaultInjector(rules, () => 1);
  proxy = await FaultProxy.start({
    target: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    injector,
    now: () => 1,
    ...options,
  });
}

function ask(
  method: string,
  path: string,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const outgoing = request(`${proxy.url}${path}`, { method, headers, agent: false });
    const nothing = { body: '', bytes: Buffer.alloc(0), contentType: undefined, retryAfter: undefined };
    outgoing.once('error', () => resolve({ code: 0, ...nothing, broken: true }));
    outgoing.once('response', (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      const end = (broken: boolean): void =>
        resolve({
          code: answer.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          bytes: Buffer.concat(chunks),
          contentType: answer.headers['content-type'],
          retryAfter: answer.headers['retry-after'],
          broken,
        });
      answer.on('data', (part: Buffer) => chunks.push(part));
      answer.once('end', () => end(false));
      answer.once('error', () => end(true));
    });
    outgoing.end(body);
  });
}

const binding = '/api/v1/namespaces/default/pods/a/binding';
const events = '/apis/events.k8s.io/v1/namespaces/default/events';
const pods = '/api/v1/pods';

function post(path: string, object: object, format: WireFormat): Promise<Answer> {
  const [body, mediaType] =
    format === 'protobuf' ? [encodeObject(object)!, protobuf] : [JSON.stringify(object), 'application/json'];
  return ask('POST', path, body, { 'content-type': mediaType });
}

function bind(format: WireFormat = 'json'): Promise<Answer> {
  const object = { apiVersion: 'v1', kind: 'Binding', metadata: { uid: 'u' }, target: { name: 'node-1' } };
  return post(binding, object, format);
}

const list = (format: WireFormat, query = ''): Promise<Answer> =>
  ask('GET', `${pods}${query}`, '', { accept: accepts[format] });
const watch = (format: WireFormat): Promise<Answer> => list(format, '?watch=true');

function listedVersion({ bytes, contentType }: Answer): string {
  const decoded = contentType === protobuf ? decodeObject(bytes) : (JSON.parse(bytes.toString()) as unknown);
  return (decoded as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

/** What Berth reads in the frames of a watch: versions, bookmarks, errors, and whether it can read all. */
function readWatch({ bytes, contentType }: Answer): (number | string)[] {
  const frames = watchFrames({ format: contentType?.startsWith(protobuf) ? 'protobuf' : 'json' });
  const found: (number | string)[] = [];
  try {
    for (const event of frames.push(bytes)) {
      if (event.type === 'ERROR') found.push(`error ${event.code}`);
      else if (event.type === 'BOOKMARK') found.push(`bookmark ${event.resourceVersion}`);
      else found.push(Number(event.reference.resourceVersion));
    }
    return frames.pendingBytes > 0 ? [...found, 'half a frame'] : found;
  } catch {
    return [...found, 'garbage'];
  }
}

describe.each(formats)('a fault proxy, of what is written in %s,', (format) => {
  const frame = (at: number, type?: string): Buffer => watchFrame(format, at, type);

  it('forwards, and notes who asked for what and how it was answered', async () => {
    await start([]);
    expect(await bind(format)).toMatchObject({ code: 200, broken: false });
    expect(proxy.log).toMatchObject([
      { class: 'bind', name: 'a', target: 'node-1', uid: 'u', code: 200, generation: 0, fault: undefined },
    ]);
  });

  it('notes which object an event is about', async () => {
    await start([]);
    const event = { apiVersion: 'events.k8s.io/v1', kind: 'Event', regarding: { kind: 'Pod', name: 'a' } };
    expect(await post(events, event, format)).toMatchObject({ code: 200 });
    expect(proxy.log).toMatchObject([{ class: 'event', about: 'a' }]);
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
    expect(await bind(format)).toMatchObject({ code });
    expect(seen).toEqual(acts ? [`POST ${binding}`] : []);
    expect(proxy.log[0]).toMatchObject({ fault, code: acts ? 200 : 0, target: 'node-1', uid: 'u' });
    expect(await bind(format)).toMatchObject({ code: 200 });
  });

  it('lets the server act after it has given up', async () => {
    await start([['late-commit', 'bind']]);
    expect(await bind(format)).toMatchObject({ code: 504 });
    while (proxy.log[0]?.code === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([`POST ${binding}`]);
  });

  it.each<[RequestFault, boolean]>([
    ['hang', false],
    ['hang-after', true],
  ])('with %s never answers, and whether the server acts is %s', async (fault, acts) => {
    await start([[fault, 'bind']]);
    const bound = bind(format);
    while (!injector.injected.has(fault)) await new Promise((resolve) => setImmediate(resolve));
    while (acts && proxy.log[0]?.code === 0) await new Promise((resolve) => setImmediate(resolve));
    await list(format);
    expect(seen.includes(`POST ${binding}`)).toBe(acts);
    proxy.breakConnections();
    expect(await bound).toMatchObject({ code: 0, broken: true });
  });

  it.each<RequestFault>(['delay', 'slow-answer'])('with %s answers as the server does', async (fault) => {
    await start([[fault, 'list']]);
    const late = await list(format);
    expect(late).toEqual(await list(format));
    expect(listedVersion(late)).toBe('10');
    expect(proxy.knowledge(0).newest('pods')).toBe(10);
  });

  it.each<RequestFault>(['answer-410', 'answer-429', 'after-504'])(
    'with %s words its own refusal in JSON, as whoever stands in between may',
    async (fault) => {
      await start([[fault, 'list']]);
      const { contentType, body } = await list(format);
      expect(contentType).toBe('application/json');
      expect(JSON.parse(body)).toMatchObject({ kind: 'Status', status: 'Failure' });
    },
  );

  it('breaks an answer off in the middle', async () => {
    await start([['cut-answer', 'list']]);
    const cut = await list(format);
    expect(cut).toMatchObject({ code: 200, broken: true });
    const { bytes } = await list(format);
    expect(cut.bytes).toEqual(bytes.subarray(0, Math.floor(bytes.length / 2)));
  });

  it('answers with an older list where it knows one that the client is beyond', async () => {
    await start([
      ['stale-list', 'list'],
      ['stale-list', 'list'],
      ['stale-list', 'list'],
    ]);
    const answers: Answer[] = [];
    for (const next of [10, 20, 30]) {
      version = next;
      answers.push(await list(format));
    }
    expect(answers.map(listedVersion)).toEqual(['10', '20', '10']);
    expect(answers[2]).toEqual(answers[0]);
    expect(proxy.log.map(({ fault }) => fault)).toEqual([undefined, undefined, 'stale-list']);
    expect(proxy.knowledge(0).newest('pods')).toBe(20);
  });

  it('does not take the first page of an older list for the whole', async () => {
    await start([
      ['stale-list', 'list'],
      ['stale-list', 'list'],
    ]);
    continues = true;
    expect(listedVersion(await list(format))).toBe('10');
    version = 20;
    // Whatever is older than what the client knows could be given now.
    proxy.knowledge(0).told('pods', { at: 0, version: 15 });
    expect(listedVersion(await list(format))).toBe('20');
  });

  it('passes a watch on as it comes, and says what it is written in', async () => {
    await start([]);
    answerWatch = (response) => response.end(Buffer.concat([frame(11), frame(12)]));
    const watched = await watch(format);
    expect(watched).toMatchObject({ code: 200, broken: false, bytes: Buffer.concat([frame(11), frame(12)]) });
    expect(watched.contentType).toBe(format === 'protobuf' ? `${protobuf};stream=watch` : 'application/json');
    expect(proxy.knowledge(0).newest('pods')).toBe(12);
  });

  it.each<[Exclude<FrameFault, 'stall'>, readonly (number | string)[], boolean]>([
    ['duplicate', [11, 11, 12], false],
    ['replay', [11, 'bookmark 10', 12], false],
    ['swap', [12, 11], false],
    ['swallow', [12], false],
    ['shred', [11, 12], false],
    ['cut-end', ['half a frame'], false],
    ['cut-reset', ['half a frame'], true],
    ['garbage', ['garbage'], false],
    ['error-410', ['error 410'], false],
    ['error-500', ['error 500'], false],
    ['error-429', ['error 429'], false],
  ])(
    'with %s of the first frame that is no bookmark shows a watch %j, and whether it breaks is %s',
    async (fault, shown, broken) => {
      await start([[fault, 'watch']]);
      answerWatch = (response) => response.end(Buffer.concat([frame(10, 'BOOKMARK'), frame(11), frame(12)]));
      const watched = await watch(format);
      expect(readWatch(watched)).toEqual(['bookmark 10', ...shown]);
      expect(watched.broken).toBe(broken);
      expect(injector.injected).toEqual(new Map([[fault, 1]]));
    },
  );

  it('keeps a change from the client, and then forces a list upon it', async () => {
    await start([['swallow', 'watch']], { healAfterMs: 1 });
    answerWatch = (response) => response.write(Buffer.concat([frame(11), frame(12)]));
    expect((await watch(format)).bytes).toEqual(frame(12));
    expect(proxy.knowledge(0).at('pods', 1)).toEqual({ version: 12, missing: new Set([11]) });
    expect(await watch(format)).toMatchObject({ code: 410 });
    version = 12;
    await list(format);
    expect(proxy.knowledge(0).at('pods', 1).missing.size).toBe(0);
    answerWatch = (response) => response.end(frame(13));
    expect((await watch(format)).bytes).toEqual(frame(13));
  });

  it('says nothing more on a watch that stalls, and keeps it open until all connections break', async () => {
    await start([['stall', 'watch']]);
    answerWatch = (response) => response.end(Buffer.concat([frame(10, 'BOOKMARK'), frame(11), frame(12)]));
    const watching = watch(format);
    while (!injector.injected.has('stall')) await new Promise((resolve) => setImmediate(resolve));
    await list(format);
    proxy.breakConnections();
    expect(await watching).toMatchObject({ bytes: frame(10, 'BOOKMARK'), broken: true });
    expect(proxy.knowledge(0).at('pods', 1).missing.size).toBe(0);
  });
});

describe('a fault proxy', () => {
  it('forwards a body that is not what it says, and notes nothing of what stands in it', async () => {
    await start([]);
    expect(await ask('POST', binding, '<html', { 'content-type': protobuf })).toMatchObject({ code: 200 });
    expect(proxy.log).toMatchObject([{ class: 'bind', name: 'a', target: '', uid: '' }]);
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

  it.each<[WireFormat, WireFormat, string, string]>([
    ['protobuf', 'json', '30', 'application/json'],
    ['json', 'protobuf', '10', 'application/json'],
  ])(
    'knows an older list in %s and gives one who asks for %s version %s in %s',
    async (known, asked, given, contentType) => {
      await start([
        ['stale-list', 'list'],
        ['stale-list', 'list'],
        ['stale-list', 'list'],
      ]);
      await list(known);
      version = 20;
      await list(known);
      version = 30;
      const answer = await list(asked);
      expect(listedVersion(answer)).toBe(given);
      expect(answer.contentType).toBe(contentType);
    },
  );

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
