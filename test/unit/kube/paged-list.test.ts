import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/kube/api-client.js';
import { loadCredentials } from '../../../src/kube/credentials.js';
import { type PagedListRequest, readPagedList } from '../../../src/kube/paged-list.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { type Answer, FaultServer, status } from './fault-server.js';
import { ImpatientClock } from './impatient-clock.js';

/* A server of two pages, and when it was asked for the second. */

let server: FaultServer;
let client: ApiClient;
let seen: string[];
let expired: unknown[];

beforeEach(async () => {
  server = await FaultServer.start();
  client = new ApiClient(loadCredentials({ server: server.url }), { clock: new ImpatientClock() });
  seen = [];
  expired = [];
});
afterEach(async () => {
  await client.close();
  await server.stop();
});

function page(names: readonly string[], token = ''): Answer {
  const metadata = { resourceVersion: '7', continue: token, remainingItemCount: 1 };
  return {
    body: {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata,
      items: names.map((name) => ({ metadata: { name } })),
    },
  };
}

function serve(answers: Readonly<Record<string, Answer>>, ahead: Promise<void> = Promise.resolve()): void {
  server.answer = async ({ query }) => {
    const token = query.get('continue') ?? '';
    if (token !== '') await ahead;
    return answers[token];
  };
}

function read(parts: Partial<PagedListRequest<string>> = {}) {
  return readPagedList<string>({
    transport: {
      request: (request) => {
        seen.push(`asked for ${request.query?.continue ?? 'the first'}, at most ${request.query?.limit}`);
        return client.request(request);
      },
      stream: (request) => client.stream(request),
    },
    path: '/api/v1/pods',
    pageSize: 2,
    project: (raw) => {
      const { name } = (raw as { metadata: { name: string } }).metadata;
      seen.push(`looked at ${name}`);
      return name;
    },
    onPage: () => seen.push('page'),
    onExpired: (error) => expired.push(error),
    signal: new AbortController().signal,
    ...parts,
  });
}

describe('a list in pages', () => {
  it('asks for the next page before it looks at the objects of this one', async () => {
    serve({ '': page(['a', 'b'], 'second'), second: page(['c']) });
    expect(await read()).toEqual({ objects: ['a', 'b', 'c'], resourceVersion: '7', pages: 2 });
    expect(seen).toEqual([
      'asked for the first, at most 2',
      'asked for second, at most 2',
      'page',
      'looked at a',
      'looked at b',
      'page',
      'looked at c',
    ]);
  });

  it('asks for the next page as early where pages come as protobuf', async () => {
    server.knowsProtobuf = true;
    serve({ '': page(['a', 'b'], 'second'), second: page(['c']) });
    expect(await read({ protobuf: true })).toEqual({
      objects: ['a', 'b', 'c'],
      resourceVersion: '7',
      pages: 2,
    });
    expect(seen.slice(0, 4)).toEqual([
      'asked for the first, at most 2',
      'asked for second, at most 2',
      'page',
      'looked at a',
    ]);
    expect(server.requests[1]?.headers.accept).toContain('protobuf');
  });

  it('asks for each page once, and for none before the one in front of it is wanted', async () => {
    const tokens = ['second', 'third', 'fourth', ''];
    const transport: ApiTransport = {
      async request<T>({ query, beforeDecoding }: ApiRequest) {
        const token = String(query?.continue ?? '');
        seen.push(`asked for ${token === '' ? 'the first' : token}`);
        const { body } = page([token], token === '' ? tokens[0] : tokens[tokens.indexOf(token) + 1]);
        await beforeDecoding?.(JSON.stringify(body));
        return body as T;
      },
      stream: () => Promise.reject(new Error('not asked for')),
    };
    await read({ transport, project: () => undefined });
    expect(seen).toEqual([
      'asked for the first',
      'asked for second',
      'page',
      'asked for third',
      'page',
      'asked for fourth',
      'page',
      'page',
    ]);
  });

  it('is read all the same where the metadata come last', async () => {
    const { metadata, ...first } = page(['a'], 'second').body as { metadata: unknown };
    serve({ '': { body: { ...first, filler: 'x'.repeat(5_000), metadata } }, second: page(['c']) });
    expect(await read()).toEqual({ objects: ['a', 'c'], resourceVersion: '7', pages: 2 });
  });

  it('takes nothing in an object for its own token', async () => {
    const item = { metadata: { name: 'a', annotations: { note: '"metadata":{"continue":"wrong"}' } } };
    serve({ '': { body: { items: [item], metadata: { resourceVersion: '7' } } } });
    expect((await read()).objects).toEqual(['a']);
    expect(seen).toEqual(['asked for the first, at most 2', 'page', 'looked at a']);
  });

  it('begins anew when the page that was asked for ahead has expired, at last in one piece', async () => {
    const whole = page(['a', 'b', 'c']);
    server.answer = async ({ query }) => {
      if (query.get('limit') === null) return whole;
      return query.has('continue')
        ? { code: 410, body: status(410, 'Expired', 'too old') }
        : page(['a'], 'second');
    };
    expect((await read()).objects).toEqual(['a', 'b', 'c']);
    expect(expired).toHaveLength(2);
  });

  it('gives up the page that is on its way when an object is no good', async () => {
    let release = (): void => {};
    serve({ '': page(['a'], 'second'), second: page(['c']) }, new Promise((resolve) => (release = resolve)));
    const broken = read({
      project: () => {
        throw new Error('no good');
      },
    });
    await expect(broken).rejects.toThrow('no good');
    release();
    expect((await read()).objects).toEqual(['a', 'c']);
  });

  it('ends with its signal, wherever it is', async () => {
    const giveUp = new AbortController();
    serve({ '': page(['a'], 'second') }, new Promise(() => undefined));
    const listing = read({ signal: giveUp.signal, onPage: () => giveUp.abort(new Error('enough')) });
    await expect(listing).rejects.toMatchObject({ failure: 'aborted' });
    await expect(read({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toMatchObject({
      failure: 'aborted',
    });
  });
});
