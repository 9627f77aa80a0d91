import { createServer as createNodeServer, request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../src/clock.js';
import { describeError } from '../../../src/errors.js';
import { HttpServer, type HttpServerOptions } from '../../../src/serve/http-server.js';

const servers: HttpServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<HttpServerOptions> = {}): Promise<string> {
  const ping = { name: 'ping', check: () => true as const };
  const server = new HttpServer({
    checks: {
      healthz: [ping],
      livez: [ping],
      readyz: [
        { name: 'shutdown', check: () => true },
        { name: 'sched-handler-sync', check: () => 'handlers are not fully synchronized' },
      ],
    },
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'a 1\n' }),
    configz: () => ({ parallelism: 16 }),
    ...options,
  });
  servers.push(server);
  return `http://127.0.0.1:${await server.listen({ host: '127.0.0.1', port: 0 })}`;
}

async function get(url: string, init?: RequestInit) {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

describe('health endpoints', () => {
  it.each(['healthz', 'livez'])('answer ok on /%s when all is well', async (endpoint) => {
    const answer = await get(`${await start()}/${endpoint}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('ok');
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('no-cache, private');
  });

  it('list the checks when asked to be verbose', async () => {
    const answer = await get(`${await start()}/healthz?verbose`);
    expect(answer.body).toBe('[+]ping ok\nhealthz check passed\n');
  });

  it('answer a failure with 500, always verbose, and withhold the reason', async () => {
    const answer = await get(`${await start()}/readyz`);
    expect(answer.status).toBe(500);
    expect(answer.body).toBe(
      '[+]shutdown ok\n[-]sched-handler-sync failed: reason withheld\nreadyz check failed\n',
    );
  });

  it('leave out excluded checks and warn of names that match none', async () => {
    const url = `${await start()}/readyz?verbose&exclude=sched-handler-sync&exclude=nope`;
    const answer = await get(url);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(
      '[+]shutdown ok\n[+]sched-handler-sync excluded: ok\n' +
        'warn: some health checks cannot be excluded: no matches for "nope"\nreadyz check passed\n',
    );
  });

  it('answer for a single check and then tell the reason', async () => {
    const base = await start();
    expect(await get(`${base}/readyz/shutdown`)).toMatchObject({ status: 200, body: 'ok' });
    expect(await get(`${base}/readyz/sched-handler-sync`)).toMatchObject({
      status: 500,
      body: 'internal server error: handlers are not fully synchronized\n',
    });
    expect(await get(`${base}/readyz/nope`)).toMatchObject({ status: 404 });
  });

  it('take a check that throws as failed', async () => {
    const check = (): true => {
      throw new Error('broken');
    };
    const base = await start({ checks: { healthz: [{ name: 'x', check }], livez: [], readyz: [] } });
    expect(await get(`${base}/healthz/x`)).toMatchObject({
      status: 500,
      body: 'internal server error: broken\n',
    });
  });
});

describe('other endpoints', () => {
  it('serve the metrics with their own content type', async () => {
    const answer = await get(`${await start()}/metrics`);
    expect(answer).toMatchObject({ status: 200, body: 'a 1\n' });
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  });

  it('serve the configuration in effect', async () => {
    const answer = await get(`${await start()}/configz`);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(answer.body)).toEqual({ componentconfig: { parallelism: 16 } });
  });

  it.each(['/', '/nope', '/healthzz', '/metrics/x', '//', '/%'])('answer 404 on %s', async (path) => {
    const base = new URL(await start());
    const status = await new Promise((resolve, reject) => {
      request({ host: base.hostname, port: base.port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(404);
  });

  it('answer HEAD without a body and other methods with 405', async () => {
    const base = await start();
    const head = await get(`${base}/healthz`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers.get('content-length')).toBe('2');
    const post = await get(`${base}/metrics`, { method: 'POST', body: 'x' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answer 500 without details when our side fails, and report it', async () => {
    const reported: unknown[] = [];
    const base = await start({
      metrics: () => Promise.reject(new Error('secret')),
      onError: (error) => reported.push(error),
    });
    expect(await get(`${base}/metrics`)).toMatchObject({ status: 500, body: 'internal server error\n' });
    expect(reported).toHaveLength(1);
  });
});

describe('listening and closing', () => {
  it('explains a port that is taken', async () => {
    const port = Number(new URL(await start()).port);
    const second = new HttpServer({
      checks: { healthz: [], livez: [], readyz: [] },
      metrics: async () => ({ contentType: 'text/plain', body: '' }),
      configz: () => ({}),
    });
    const error = await second.listen({ host: '127.0.0.1', port }).catch((caught: unknown) => caught);
    expect(describeError(error)).toMatchObject({
      code: 'BERTH_E_LISTEN',
      exitCode: 1,
      line: `cannot listen on 127.0.0.1:${port}: another program listens there already`,
    });
  });

  it('lets a request under way end, and cuts it when the grace is over', async () => {
    let expire = (): void => {};
    const clock: Clock = {
      now: () => 0,
      monotonic: () => 0,
      sleep: () => Promise.resolve(),
      after: (_ms, callback) => {
        expire = callback;
        return () => {};
      },
    };
    let arrived = (): void => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = new HttpServer({
      checks: { healthz: [], livez: [], readyz: [] },
      metrics: () => {
        arrived();
        return new Promise(() => {});
      },
      configz: () => ({}),
      clock,
      createServer: (options, listener) => createNodeServer(options, listener),
    });
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    const outcome = fetch(`http://127.0.0.1:${port}/metrics`).then(
      () => 'answered',
      () => 'cut',
    );
    await arrival;
    const closed = server.close();
    await expect(Promise.race([closed.then(() => 'closed'), Promise.resolve('open')])).resolves.toBe('open');
    expire();
    await closed;
    expect(await outcome).toBe('cut');
  });

  it('closes although a keep-alive connection was used', async () => {
    const base = await start();
    await get(`${base}/healthz`);
    await servers.pop()?.close();
    await expect(fetch(`${base}/healthz`)).rejects.toThrow();
  });
});
