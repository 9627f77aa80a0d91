import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../../src/clock.js';
import type { BodyStream } from '../../../../src/kube/http/body-stream.js';
import { ConnectionPool } from '../../../../src/kube/http/connection-pool.js';
import { openStream, type StreamResult } from '../../../../src/kube/http/open-stream.js';
import { until } from '../until.js';
import { ScriptedServer } from './scripted-server.js';

let server: ScriptedServer;
let pool: ConnectionPool;

beforeEach(async () => {
  server = await ScriptedServer.start();
  pool = new ConnectionPool({
    url: server.url,
    tls: {},
    connections: 10,
    connectTimeoutMs: 5_000,
    keepAliveMs: 60_000,
  });
});
afterEach(async () => {
  pool.close();
  await server.stop();
});

const watch = (
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<StreamResult> =>
  openStream(pool, { method: 'GET', path: '/', headers: {} }, systemClock, { timeoutMs: 5_000, ...options });
const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** A stream that the server has begun to answer. */
async function opened(options: { readonly signal?: AbortSignal } = {}): Promise<BodyStream> {
  const before = server.connections.length;
  const result = watch(options);
  await until(() => server.connections[before]?.requests === 1);
  server.at(before).write(head);
  const stream = await result;
  if (stream.kind !== 'opened') throw new Error(stream.kind);
  return stream.body;
}

const text = ({ value }: IteratorResult<Uint8Array>): string | undefined =>
  value && Buffer.from(value).toString();

describe('a stream', () => {
  it('gives out what comes when it comes', async () => {
    const body = await opened();
    const first = body.next();
    server.at(0).write(chunk('one'));
    expect(text(await first)).toBe('one');
    server.at(0).write(chunk('two'));
    expect(text(await body.next())).toBe('two');
    server.at(0).write('0\r\n\r\n');
    expect(await body.next()).toEqual({ done: true, value: undefined });
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });

  it('keeps what came before anybody read', async () => {
    const body = await opened();
    server.at(0).write(`${chunk('one')}${chunk('two')}0\r\n\r\n`);
    const pieces: string[] = [];
    for await (const piece of body) pieces.push(Buffer.from(piece).toString());
    expect(pieces.join('')).toBe('onetwo');
  });

  it('gives what came before its connection was lost, and then the loss, once', async () => {
    const body = await opened();
    server.at(0).write(chunk('one'));
    server.at(0).socket.end();
    await until(() => pool.empty);
    expect(text(await body.next())).toBe('one');
    await expect(body.next()).rejects.toMatchObject({ code: 'HTTP_CLOSED' });
    expect((await body.next()).done).toBe(true);
  });

  it('ends its connection when nobody reads any more', async () => {
    const body = await opened();
    for (let index = 0; index < 3; index += 1) server.at(0).write(chunk('more'));
    for await (const _piece of body) break;
    await until(() => server.at(0).closed);
  });

  it('ends with its signal, for whoever waits for it', async () => {
    const stop = new AbortController();
    const body = await opened({ signal: stop.signal });
    const next = body.next();
    stop.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await until(() => server.at(0).closed);
  });

  it('leaves its connection to others at its end, and its signal does not end them', async () => {
    const stop = new AbortController();
    const body = await opened({ signal: stop.signal });
    server.at(0).write('0\r\n\r\n');
    expect((await body.next()).done).toBe(true);
    const other = watch();
    await until(() => server.at(0).requests === 2);
    stop.abort();
    server.at(0).write(head);
    server.at(0).write(chunk('still here'));
    const result = await other;
    expect(result.kind === 'opened' && text(await result.body.next())).toBe('still here');
    expect(server.connections).toHaveLength(1);
  });

  it('makes the server wait while nobody reads, and loses nothing', async () => {
    const body = await opened();
    const total = 64;
    const megabyte = 'x'.repeat(1024 * 1024);
    let written = 0;
    for (let count = 0; count < total; count += 1) {
      server.at(0).socket.write(chunk(megabyte), () => {
        written += 1;
      });
    }
    server.at(0).write('0\r\n\r\n');
    await until(() => written > 0);
    let before = -1;
    while (written !== before) {
      before = written;
      await systemClock.sleep(100);
    }
    expect(written).toBeLessThan(total / 2);
    let length = 0;
    for await (const piece of body) length += piece.length;
    expect(length).toBe(total * megabyte.length);
  });
});

describe('a stream that is not opened', () => {
  it('gives the reason where the server does', async () => {
    const result = watch();
    await until(() => server.connections[0]?.requests === 1);
    server.at(0).write('HTTP/1.1 410 Gone\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\nlost');
    const refused = await result;
    expect(refused).toMatchObject({ kind: 'opened', code: 410, retryAfter: '1' });
    expect(refused.kind === 'opened' && text(await refused.body.next())).toBe('lost');
  });

  it('is given up after its time', async () => {
    expect(await watch({ timeoutMs: 30 })).toEqual({ kind: 'timed-out', sent: expect.any(Boolean) });
    await until(() => pool.empty);
  });

  it('is given up with its signal, before and while it waits', async () => {
    const stop = new AbortController();
    const result = watch({ signal: stop.signal });
    await until(() => server.connections[0]?.requests === 1);
    stop.abort('enough');
    expect(await result).toEqual({ kind: 'aborted', reason: 'enough' });
    expect(await watch({ signal: stop.signal })).toEqual({ kind: 'aborted', reason: 'enough' });
    await until(() => server.at(0).closed);
  });

  it('says whether anything was sent', async () => {
    const result = watch();
    await until(() => server.connections[0]?.requests === 1);
    server.at(0).socket.resetAndDestroy();
    expect(await result).toMatchObject({ kind: 'failed', sent: true, cause: { code: 'ECONNRESET' } });
    await server.stop();
    expect(await watch()).toMatchObject({ kind: 'failed', sent: false, cause: { code: 'ECONNREFUSED' } });
  });
});
