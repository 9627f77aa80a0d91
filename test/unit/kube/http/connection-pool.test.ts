import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../../src/clock.js';
import { ConnectionPool, type ConnectionPoolOptions } from '../../../../src/kube/http/connection-pool.js';
import { type ExchangeRequest, exchange, type WireResult } from '../../../../src/kube/http/exchange.js';
import { until } from '../until.js';
import { ScriptedServer } from './scripted-server.js';

let server: ScriptedServer;
const pools: ConnectionPool[] = [];

beforeEach(async () => {
  server = await ScriptedServer.start();
});
afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close();
  await server.stop();
});

function open(options: Partial<ConnectionPoolOptions> = {}): ConnectionPool {
  const pool = new ConnectionPool({
    url: server.url,
    tls: {},
    connections: 2,
    connectTimeoutMs: 5_000,
    keepAliveMs: 60_000,
    ...options,
  });
  pools.push(pool);
  return pool;
}

const ask = (pool: ConnectionPool, path = '/', options: Partial<ExchangeRequest> = {}): Promise<WireResult> =>
  exchange(
    pool,
    { method: 'GET', path, headers: {}, timeoutMs: 5_000, maxResponseBytes: 1_000, ...options },
    systemClock,
  );
const answered = (body: string): object => ({ kind: 'answered', code: 200, body });
/** Until the server has heard so many requests, over all connections. */
const heard = (count: number): Promise<void> =>
  until(
    () => server.connections.reduce((sum, { requests }) => sum + requests, 0) === count,
    `${count} requests`,
  );

/** The pool's first request, answered: its connection is idle then. */
async function answerOne(pool: ConnectionPool): Promise<void> {
  const first = ask(pool);
  await heard(1);
  server.at(0).answer();
  await first;
}

describe('requests', () => {
  it('wait for their turn in the order in which they came', async () => {
    const pool = open({ connections: 1 });
    const results = ['/1', '/2', '/3'].map((path) => ask(pool, path));
    for (const [index, result] of results.entries()) {
      await heard(index + 1);
      server.at(0).answer(`answer ${index}`);
      expect(await result).toMatchObject(answered(`answer ${index}`));
    }
    expect(server.at(0).heard.match(/\/\d /g)).toEqual(['/1 ', '/2 ', '/3 ']);
    expect(server.connections).toHaveLength(1);
  });

  it('take the connection that was used last', async () => {
    const pool = open();
    const both = [ask(pool), ask(pool)];
    await heard(2);
    server.at(1).answer();
    await until(() => server.at(1).requests === 1);
    await both[server.at(0).heard === '' ? 0 : 1];
    server.at(0).answer();
    await Promise.all(both);
    for (let count = 2; count < 5; count += 1) {
      const next = ask(pool);
      await heard(count + 1);
      server.at(0).answer();
      await next;
    }
    expect(server.at(1).requests).toBe(1);
  });

  it('that were given up while they waited are never written', async () => {
    const pool = open({ connections: 1 });
    const first = ask(pool, '/first');
    const stop = new AbortController();
    const second = ask(pool, '/second', { signal: stop.signal });
    const third = ask(pool, '/third');
    await heard(1);
    stop.abort('changed its mind');
    expect(await second).toEqual({ kind: 'aborted', reason: 'changed its mind' });
    server.at(0).answer();
    await heard(2);
    server.at(0).answer();
    expect(await Promise.all([first, third])).toMatchObject([answered('ok'), answered('ok')]);
    expect(server.at(0).heard).not.toContain('/second');
  });

  it('that are given up while their answer comes take their connection with them', async () => {
    const pool = open();
    const stop = new AbortController();
    const result = ask(pool, '/', { signal: stop.signal });
    await heard(1);
    server.at(0).write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
    stop.abort('enough');
    expect(await result).toEqual({ kind: 'aborted', reason: 'enough' });
    await until(() => server.at(0).closed);
    expect(pool.empty).toBe(true);
  });

  it('stop reading an answer that is too large', async () => {
    const result = ask(open());
    await heard(1);
    server.at(0).answer('x'.repeat(1_001));
    expect(await result).toEqual({ kind: 'too-large', code: 200 });
    await until(() => server.at(0).closed);
  });

  it('that cannot be written are refused, and nothing is opened', async () => {
    const pool = open();
    const result = await ask(pool, '/a b');
    expect(result).toMatchObject({ kind: 'failed', sent: false, cause: { code: 'HTTP_INVALID_REQUEST' } });
    expect(pool.empty).toBe(true);
  });
});

describe('a connection', () => {
  it('that the server closes between two requests is replaced', async () => {
    const pool = open();
    await answerOne(pool);
    server.at(0).socket.end();
    await until(() => pool.empty);
    const second = ask(pool);
    await heard(2);
    server.at(1).answer('again');
    expect(await second).toMatchObject(answered('again'));
  });

  it('that the server closes under a request fails it as sent', async () => {
    const result = ask(open());
    await heard(1);
    server.at(0).write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
    server.at(0).socket.end();
    expect(await result).toMatchObject({ kind: 'failed', sent: true, cause: { code: 'HTTP_CLOSED' } });
  });

  it('that is closed as the end of the answer completes it', async () => {
    const result = ask(open());
    await heard(1);
    server.at(0).write('HTTP/1.1 200 OK\r\n\r\nall');
    server.at(0).socket.end();
    expect(await result).toMatchObject(answered('all'));
  });

  it.each([
    ['will be closed', (text: string) => text.replace('OK', 'OK\r\nconnection: close')],
    ['goes on after its end', (text: string) => `${text}HTTP/1.1 200 OK\r\n`],
  ])('is not used again when its answer %s', async (_what, change) => {
    const pool = open();
    const result = ask(pool);
    await heard(1);
    server.at(0).write(change('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    expect(await result).toMatchObject(answered('ok'));
    await until(() => pool.empty);
  });

  it('that speaks without being asked is closed, and what it said answers nobody', async () => {
    const pool = open();
    await answerOne(pool);
    server.at(0).answer('poison');
    await until(() => pool.empty);
    const second = ask(pool);
    await heard(2);
    server.at(1).answer('clean');
    expect(await second).toMatchObject(answered('clean'));
  });

  it('that speaks no HTTP fails its request', async () => {
    const result = ask(open());
    await heard(1);
    server.at(0).write('SSH-2.0-OpenSSH_9.2\r\n\r\n');
    expect(await result).toMatchObject({ kind: 'failed', sent: true, cause: { code: 'HTTP_MALFORMED' } });
    await until(() => server.at(0).closed);
  });

  it('that lies idle for long is closed', async () => {
    const pool = open({ keepAliveMs: 20 });
    await answerOne(pool);
    await until(() => pool.empty);
    expect(server.connections).toHaveLength(1);
  });

  it('that waits for its answer for long is not idle', async () => {
    const pool = open({ keepAliveMs: 20 });
    const result = ask(pool);
    await heard(1);
    await systemClock.sleep(100);
    server.at(0).answer();
    expect(await result).toMatchObject(answered('ok'));
  });
});

describe('a server that cannot be reached', () => {
  it('fails everybody who waits, each once', async () => {
    await server.stop();
    const pool = open();
    const results = await Promise.all(Array.from({ length: 10 }, () => ask(pool)));
    for (const result of results) {
      expect(result).toMatchObject({ kind: 'failed', sent: false, cause: { code: 'ECONNREFUSED' } });
    }
    expect(pool.empty).toBe(true);
  });

  it('fails nobody who can wait for a connection that is open', async () => {
    const pool = open();
    const first = ask(pool);
    await heard(1);
    server.refuse();
    const second = ask(pool);
    await systemClock.sleep(20);
    server.at(0).answer('first');
    await heard(2);
    server.at(0).answer('second');
    expect(await Promise.all([first, second])).toMatchObject([answered('first'), answered('second')]);
  });

  it('is given up after the time for opening', async () => {
    // TLS that is never answered: the socket is open, the connection is not.
    const url = new URL(`https://127.0.0.1:${server.url.port}`);
    const result = await ask(open({ url, connectTimeoutMs: 30 }));
    expect(result).toMatchObject({ kind: 'failed', sent: false, cause: { code: 'HTTP_CONNECT_TIMEOUT' } });
  });

  it('is not even asked with TLS material that is none', async () => {
    const url = new URL(`https://127.0.0.1:${server.url.port}`);
    const result = await ask(open({ url, tls: { cert: 'no certificate', key: 'no key' } }));
    expect(result).toMatchObject({ kind: 'failed', sent: false });
    expect(server.connections).toHaveLength(0);
  });
});

describe('a pool', () => {
  it('that is retired answers whom it has, and closes its connections then', async () => {
    const pool = open({ connections: 1 });
    const both = [ask(pool), ask(pool)];
    await heard(1);
    pool.retire();
    server.at(0).answer();
    await heard(2);
    server.at(0).answer();
    expect(await Promise.all(both)).toMatchObject([answered('ok'), answered('ok')]);
    await until(() => server.at(0).closed);
    expect(pool.empty).toBe(true);
  });

  it('that is closed fails what runs and what waits, and takes no more', async () => {
    const pool = open({ connections: 1 });
    const both = [ask(pool), ask(pool)];
    await heard(1);
    pool.close();
    expect(await Promise.all(both)).toMatchObject([
      { kind: 'failed', sent: true, cause: { code: 'HTTP_POOL_CLOSED' } },
      { kind: 'failed', sent: false, cause: { code: 'HTTP_POOL_CLOSED' } },
    ]);
    expect(await ask(pool)).toMatchObject({
      kind: 'failed',
      sent: false,
      cause: { code: 'HTTP_POOL_CLOSED' },
    });
    await until(() => server.at(0).closed);
  });
});
