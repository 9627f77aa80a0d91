import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import type { ExtenderAnswer } from '../../../src/extenders/extender-answer.js';
import { ExtenderClient, type ExtenderClientOptions } from '../../../src/extenders/extender-client.js';
import { WireObject } from '../../../src/extenders/wire-value.js';
import {
  answersStatus,
  dealtWith,
  ExtenderServer,
  floods,
  hangs,
  stopsHalfWay,
} from '../../extender-server.js';
import { ManualClock } from '../../manual-clock.js';
import { until } from '../kube/until.js';

let server: ExtenderServer;
let client: ExtenderClient;

beforeEach(async () => {
  server = await ExtenderServer.start();
  client = clientOf({});
});
afterEach(async () => {
  await client.close();
  await server.stop();
});

function clientOf(options: Partial<ExtenderClientOptions>): ExtenderClient {
  return new ExtenderClient({
    urlPrefix: `${server.url}/ext`,
    tls: {},
    timeoutMs: 5_000,
    clock: systemClock,
    ...options,
  });
}

function ask(
  options: {
    readonly repeatable?: boolean;
    readonly maxResponseBytes?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<ExtenderAnswer<string>> {
  const { repeatable = true, maxResponseBytes = 1024 * 1024, signal } = options;
  const read = (document: unknown): ExtenderAnswer<string> => ({
    kind: 'answered',
    value: new WireObject(document, '').text('Said'),
  });
  return client.call({ verb: 'filter', body: '{"Pod":{}}', repeatable, maxResponseBytes, signal, read });
}

const failed = (trouble: string, why: string, sent = true) => ({
  kind: 'failed',
  trouble,
  message: `failed filter with extender at URL ${server.url}/ext/filter${why}`,
  sent,
});

describe('a conversation with an extender', () => {
  it('is a POST of JSON to the prefix and the verb, over connections that are kept', async () => {
    server.on('filter', () => ({ Said: 'hello' }));
    client = clientOf({ urlPrefix: `${server.url}/ext///` });
    expect(await ask()).toEqual({ kind: 'answered', value: 'hello' });
    expect(await ask()).toEqual({ kind: 'answered', value: 'hello' });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/ext/filter', text: '{"Pod":{}}' });
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.headers.authorization).toBeUndefined();
    expect(server.connections).toBe(1);
  });

  it('carries the user and password of the address, which no message shows', async () => {
    const address = new URL(`${server.url}/ext`);
    address.username = 'us er';
    address.password = 'pass:word';
    client = clientOf({ urlPrefix: address.href });
    server.on('filter', answersStatus(401));
    expect(await ask()).toEqual(failed('status', ', code 401'));
    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('us er:pass:word').toString('base64')}`,
    );
  });

  it('shows no password either where it makes the address none', async () => {
    client = clientOf({ urlPrefix: 'https://user:pass#word@host' });
    expect(await ask()).toMatchObject({
      message: 'failed filter with extender at URL https://host/filter: it is not an http or https URL',
    });
  });

  it.each([201, 204, 301, 404, 500, 503])('fails on status %i: only 200 will do', async (code) => {
    server.on('filter', answersStatus(code));
    expect(await ask()).toEqual(failed('status', `, code ${code}`));
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['no JSON', 'pardon?', ': the answer is not JSON'],
    ['nothing at all', '', ': the answer is not JSON'],
    ['a list', '[]', ': in the answer the document is not an object'],
    ['a number for a text', '{"Said":7}', ': in the answer Said is not a string'],
    ['deeply nested lists', '['.repeat(200_000), ': the answer is not JSON'],
  ])('fails on %s', async (_what, body, why) => {
    server.on('filter', () => body);
    expect(await ask()).toEqual(failed('malformed', why));
  });

  it('takes null and strange keys for nothing, and keys in any case', async () => {
    server.on('filter', () => '{"sAiD":"hello","Other":[1]}\n');
    expect(await ask()).toEqual({ kind: 'answered', value: 'hello' });
    server.on('filter', () => 'null');
    expect(await ask()).toEqual({ kind: 'answered', value: '' });
  });

  it('says when nobody listens: nothing was sent', async () => {
    const { url } = server;
    await server.stop();
    const answer = await ask();
    server = await ExtenderServer.start();
    expect(answer).toMatchObject({ kind: 'failed', trouble: 'connection', sent: false });
    expect(answer.kind === 'failed' && answer.message).toContain(
      `failed filter with extender at URL ${url}/ext/filter: connect ECONNREFUSED`,
    );
  });

  it.each(['', 'extender', 'ftp://extender/', 'http://'])(
    'says when "%s" is no address',
    async (urlPrefix) => {
      client = clientOf({ urlPrefix });
      const address = `${urlPrefix.replace(/\/+$/, '')}/filter`;
      expect(await ask()).toEqual({
        kind: 'failed',
        trouble: 'connection',
        message: `failed filter with extender at URL ${address}: it is not an http or https URL`,
        sent: false,
      });
    },
  );

  it('ends when its time is over, whether nothing came or only a part', async () => {
    const clock = new ManualClock();
    client = clientOf({ clock });
    for (const behaviour of [hangs, stopsHalfWay]) {
      server.on('filter', behaviour);
      server.requests.length = 0;
      const answer = ask();
      await until(() => server.requests.length === 1);
      await clock.advance(4_999);
      expect(server.cutShort).toBe(behaviour === hangs ? 0 : 1);
      await clock.advance(1);
      expect(await answer).toEqual(failed('timeout', ': no answer within 5000 ms'));
      await until(() => server.cutShort === (behaviour === hangs ? 1 : 2));
    }
  });

  it.each([
    ['an endless answer', floods()],
    ['one of 10 MB', floods(10_000_000)],
  ])('stops reading %s', async (_what, behaviour) => {
    server.on('filter', behaviour);
    expect(await ask()).toEqual(failed('malformed', ': the answer is larger than 1048576 bytes'));
    await until(() => server.cutShort === 1);
  });

  it('takes an answer of exactly the size that is allowed', async () => {
    const text = '{"Said":"hello"}';
    server.on('filter', () => text);
    expect(await ask({ maxResponseBytes: text.length })).toEqual({ kind: 'answered', value: 'hello' });
    expect(await ask({ maxResponseBytes: text.length - 1 })).toMatchObject({ trouble: 'malformed' });
  });

  it('is begun once more on a connection that broke, if that does no harm', async () => {
    let broken = 0;
    server.on('filter', (_request, response) => {
      if (broken++ > 0) return { Said: 'hello' };
      response.socket?.resetAndDestroy();
      return dealtWith;
    });
    expect(await ask({ repeatable: true })).toEqual({ kind: 'answered', value: 'hello' });
    broken = 0;
    expect(await ask({ repeatable: false })).toMatchObject({ trouble: 'connection', sent: true });
    expect(server.requests).toHaveLength(3);
  });

  it('ends at once when nobody wants to know any more', async () => {
    server.on('filter', hangs);
    const stop = new AbortController();
    const answer = ask({ signal: stop.signal });
    await until(() => server.requests.length === 1);
    stop.abort();
    expect(await answer).toEqual({ kind: 'aborted' });
    expect(await ask({ signal: stop.signal })).toEqual({ kind: 'aborted' });
    expect(server.requests).toHaveLength(1);
  });
});
