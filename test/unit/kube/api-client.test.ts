import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiClient, type ApiClientOptions } from '../../../src/kube/api-client.js';
import { ApiError } from '../../../src/kube/api-error.js';
import { loadCredentials } from '../../../src/kube/credentials.js';
import { decodeObject } from '../../../src/kube/protobuf/envelope.js';
import { protobufMediaType } from '../../../src/kube/protobuf/media-type.js';
import { type Certificate, issue, makeAuthority } from './certificates.js';
import { FaultServer, status } from './fault-server.js';
import { ImpatientClock } from './impatient-clock.js';
import { until } from './until.js';

let directory: string;
let server: FaultServer;
let clock: ImpatientClock;
const clients: ApiClient[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-client-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  server = await FaultServer.start();
  clock = new ImpatientClock();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.stop();
});

function connect(options: ApiClientOptions & { readonly to?: string } = {}): ApiClient {
  const { to = server.url, ...rest } = options;
  const client = new ApiClient(loadCredentials({ server: to }, { clock }), { clock, ...rest });
  clients.push(client);
  return client;
}

const get = (client: ApiClient, path = '/api/v1/pods'): Promise<unknown> =>
  client.request({ method: 'GET', path });
const post = (client: ApiClient, body: object = { kind: 'Binding' }): Promise<unknown> =>
  client.request({ method: 'POST', path: '/bind', body });

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  const { message } = error as ApiError;
  expect(message).not.toContain('\n');
  return error as ApiError;
}

describe('protobuf', () => {
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'p' },
    target: { kind: 'Node', name: 'n1' },
  };
  const bind = (client: ApiClient): Promise<unknown> =>
    client.request({ method: 'POST', path: '/bind', body: binding, protobuf: true });
  const types = (): (string | undefined)[] => server.requests.map(({ headers }) => headers['content-type']);
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };

  it('is what bodies are written in as soon as the server has answered in it', async () => {
    server.knowsProtobuf = true;
    server.answer = () => ({ body: pod });
    const client = connect();
    expect(await bind(client)).toEqual(pod);
    expect(await bind(client)).toEqual(pod);
    expect(types()).toEqual(['application/json', protobufMediaType]);
    expect(server.requests[0]?.headers.accept).toBe(`${protobufMediaType},application/json`);
    expect(decodeObject(server.requests[1]!.bytes)).toEqual(binding);
    expect(server.requests[1]!.headers['content-length']).toBe(String(server.requests[1]!.bytes.length));
  });

  it('is neither offered nor written for requests that do not allow it', async () => {
    server.knowsProtobuf = true;
    server.answer = () => ({ body: pod });
    const client = connect();
    await bind(client);
    await client.request({ method: 'POST', path: '/bind', body: binding });
    expect(server.requests[1]?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/json',
    });
  });

  it('is neither offered nor written where it is switched off', async () => {
    server.knowsProtobuf = true;
    const client = connect({ protobuf: false });
    await bind(client);
    await bind(client);
    expect(types()).toEqual(['application/json', 'application/json']);
    expect(server.requests[1]?.headers.accept).toBe('application/json');
  });

  it('is not written to a server that answers in JSON', async () => {
    const client = connect();
    await bind(client);
    await bind(client);
    expect(types()).toEqual(['application/json', 'application/json']);
  });

  it('gives way to JSON for good when a body is refused for what it is written in', async () => {
    server.knowsProtobuf = true;
    server.answer = ({ headers }) =>
      headers['content-type'] === protobufMediaType
        ? { code: 415, body: status(415, 'UnsupportedMediaType', 'the body was in an unknown format') }
        : { body: pod };
    const client = connect();
    for (let count = 0; count < 3; count += 1) expect(await bind(client)).toEqual(pod);
    expect(types()).toEqual(['application/json', protobufMediaType, 'application/json', 'application/json']);
  });

  it('gives way to JSON for all that were under way when the first of them was refused', async () => {
    server.knowsProtobuf = true;
    server.answer = () => ({ body: pod });
    const client = connect({ qps: -1 });
    await bind(client);
    const held: (() => void)[] = [];
    server.answer = async ({ headers }) => {
      if (headers['content-type'] !== protobufMediaType) return { body: pod };
      await new Promise<void>((resolve) => held.push(resolve));
      return { code: 415, body: status(415, 'UnsupportedMediaType', 'the body was in an unknown format') };
    };
    const both = Promise.all([bind(client), bind(client)]);
    await until(() => held.length === 2);
    for (const answer of held) answer();
    expect(await both).toEqual([pod, pod]);
  });

  it('is not sent twice when JSON is refused as well', async () => {
    server.answer = () => ({ code: 415, body: status(415, 'UnsupportedMediaType', 'no') });
    expect(await failure(bind(connect()))).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
    expect(server.requests).toHaveLength(1);
  });

  it('tells why a request is refused, and when to come back', async () => {
    server.knowsProtobuf = true;
    server.answer = () => ({
      code: 409,
      body: status(409, 'Conflict', 'pod a is already assigned', { retryAfterSeconds: 2 }),
    });
    expect(await failure(bind(connect()))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'pod a is already assigned',
      retryAfterMs: 2000,
    });
  });

  it('tells why a stream is refused', async () => {
    server.knowsProtobuf = true;
    server.answerWatch = () => ({ code: 410, body: status(410, 'Expired', 'too old resource version') });
    const opened = connect().stream({ path: '/api/v1/pods', query: { watch: true }, protobuf: true });
    expect(await failure(opened)).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('of a kind that is not known here is an answer that cannot be read', async () => {
    server.answer = () => ({
      body: 'k8s\0\n\x0b\n\x02v1\x12\x05Cloud',
      headers: { 'content-type': protobufMediaType },
    });
    const error = await failure(bind(connect()));
    expect(error).toMatchObject({ failure: 'malformed' });
    expect(error.message).toContain('is not protobuf that is understood');
  });
});

describe('requests', () => {
  it('decode the answer, carry query and body as asked, and name the program', async () => {
    server.answer = (request) => ({ body: { got: request.body } });
    const client = connect();
    const answer = await client.request({
      method: 'PATCH',
      path: '/api/v1/pods/p/status',
      query: { fieldManager: 'berth', dryRun: undefined, limit: 5, pretty: false },
      body: { status: 'ü' },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(answer).toEqual({ got: '{"status":"ü"}' });
    const [request] = server.requests;
    expect(request?.query.toString()).toBe('fieldManager=berth&limit=5&pretty=false');
    expect(request?.headers['content-type']).toBe('application/strategic-merge-patch+json');
    expect(request?.headers['user-agent']).toMatch(/^berth\/\S+ \(\w+\/\w+\)$/);
    expect(request?.headers['accept-encoding']).toBeUndefined();
  });

  it('use one connection for many requests one after the other', async () => {
    const client = connect({ qps: -1 });
    for (let count = 0; count < 50; count += 1) await post(client);
    expect(server.requests).toHaveLength(50);
    expect(server.connections).toBe(1);
  });

  it('never use more connections than allowed, and none for watches', async () => {
    const client = connect({ qps: -1, connections: 4 });
    const stop = new AbortController();
    await client.stream({ path: '/api/v1/pods', query: { watch: true }, signal: stop.signal });
    await Promise.all(Array.from({ length: 40 }, () => post(client)));
    expect(server.connections).toBe(5);
    stop.abort();
  });

  it("keep the path of the server's address", async () => {
    await get(connect({ to: `${server.url}/k8s/clusters/c-1/` }));
    expect(server.requests[0]?.path).toBe('/k8s/clusters/c-1/api/v1/pods');
  });

  it('tell the observer of each attempt with method, path, host, code and duration', async () => {
    const seen: unknown[] = [];
    server.answer = () => {
      clock.advance(25);
      return { code: 404, body: status(404, 'NotFound', 'pods "x" not found') };
    };
    const client = connect({ observe: { request: (info) => seen.push(info) } });
    await failure(get(client, '/api/v1/namespaces/n/pods/x'));
    expect(seen).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces/n/pods/x',
        host: client.host,
        code: 404,
        durationMs: 25,
        serverDate: expect.any(String),
      },
    ]);
  });

  it('are held to the rate, watches excepted', async () => {
    const waits: number[] = [];
    const client = connect({ qps: 10, burst: 2, observe: { rateLimited: (ms) => waits.push(ms) } });
    for (let count = 0; count < 4; count += 1) await get(client);
    const stop = new AbortController();
    for (let count = 0; count < 3; count += 1) {
      await client.stream({ path: '/w', query: { watch: true }, signal: stop.signal });
    }
    stop.abort();
    expect(waits).toEqual([100, 100]);
    expect(clock.slept).toEqual([100, 100]);
  });

  it('refuse an answer that is larger than allowed', async () => {
    server.answer = () => ({ body: { filler: 'x'.repeat(2_000) } });
    const error = await failure(get(connect({ maxResponseBytes: 1_000 })));
    expect(error).toMatchObject({ failure: 'malformed', code: 200 });
    expect(error.message).toContain('larger than 1000 bytes');
  });

  it('refuse an answer that is not JSON', async () => {
    server.answer = () => ({ body: '<html>hello</html>' });
    expect(await failure(get(connect()))).toMatchObject({ failure: 'malformed', code: 200 });
  });

  it('whose answer is ignored are content with any success, and with no refusal', async () => {
    const request = { method: 'POST', path: '/events', body: {}, ignoreAnswer: true } as const;
    server.answer = () => ({ code: 201, body: '{"kind":"Ev' });
    const client = connect();
    expect(await client.request(request)).toBeUndefined();
    server.answer = () => ({ code: 403, body: status(403, 'Forbidden', 'no') });
    expect(await failure(client.request(request))).toMatchObject({ failure: 'status', code: 403 });
  });
});

describe('refusals', () => {
  it("carry code, reason and the server's own message", async () => {
    const message =
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"';
    server.answer = () => ({ code: 409, body: status(409, 'Conflict', message) });
    const error = await failure(post(connect()));
    expect(error).toMatchObject({
      failure: 'status',
      code: 409,
      reason: 'Conflict',
      message,
      method: 'POST',
      path: '/bind',
    });
    expect(error.isAmbiguous).toBe(false);
  });

  it('say what to do about a missing permission', async () => {
    const message =
      'pods is forbidden: User "berth" cannot list resource "pods" in API group "" at the cluster scope';
    server.answer = () => ({ code: 403, body: status(403, 'Forbidden', message) });
    expect((await failure(get(connect()))).message).toBe(
      `${message}; grant it to this account with a Role or ClusterRole`,
    );
  });

  it('show what a proxy in between said', async () => {
    server.answer = () => ({ code: 502, body: '<html>\n  bad gateway\n</html>' });
    expect((await failure(get(connect()))).message).toBe(
      'GET /api/v1/pods was answered 502 without a Kubernetes status: <html> bad gateway </html>',
    );
  });

  it('on credentials make them be read again and the request sent once more', async () => {
    const tokenFile = join(directory, 'token');
    const kubeconfig = join(directory, 'token.kubeconfig');
    writeFileSync(kubeconfig, kubeconfigFor(server.url, { tokenFile }));
    writeFileSync(tokenFile, 'old\n');
    server.answer = ({ headers }) =>
      headers.authorization === 'Bearer new'
        ? { body: { fine: true } }
        : { code: 401, body: status(401, 'Unauthorized', 'Unauthorized') };
    const client = new ApiClient(loadCredentials({ kubeconfig }, { clock }), { clock });
    clients.push(client);

    const refused = await failure(post(client));
    expect(refused).toMatchObject({ failure: 'status', code: 401 });
    expect(refused.message).toContain('does not accept the credentials from kubeconfig');
    expect(server.requests).toHaveLength(2);

    writeFileSync(tokenFile, 'new\n');
    expect(await post(client)).toEqual({ fine: true });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
    expect(clock.slept).toEqual([]);
  });

  it('of a watch on credentials make them be read again, too', async () => {
    let refusals = 0;
    server.answerWatch = () => {
      refusals += 1;
      server.answerWatch = undefined;
      return { code: 401, body: status(401, 'Unauthorized', 'Unauthorized') };
    };
    const stop = new AbortController();
    await connect().stream({ path: '/w', query: { watch: true }, signal: stop.signal });
    expect(refusals).toBe(1);
    stop.abort();
  });
});

describe('retries', () => {
  function answerFirst(times: number, code: number, headers: Record<string, string> = {}): void {
    let count = 0;
    server.answer = () => {
      count += 1;
      return count <= times
        ? { code, headers, body: status(code, 'Trouble', 'trouble') }
        : { body: { fine: true } };
    };
  }

  it('wait as long as a 429 asks, for any verb', async () => {
    answerFirst(2, 429, { 'retry-after': '3' });
    expect(await post(connect())).toEqual({ fine: true });
    expect(clock.slept).toEqual([3_000, 3_000]);
  });

  it('wait a second after a bare 429', async () => {
    answerFirst(1, 429);
    expect(await post(connect())).toEqual({ fine: true });
    expect(clock.slept).toEqual([1_000]);
  });

  it('follow a 503 that carries Retry-After, but not one that does not', async () => {
    answerFirst(1, 503, { 'retry-after': '1' });
    expect(await post(connect())).toEqual({ fine: true });
    answerFirst(1, 503);
    expect(await failure(post(connect()))).toMatchObject({ code: 503 });
  });

  it('end after ten', async () => {
    answerFirst(99, 429, { 'retry-after': '2' });
    expect(await failure(get(connect()))).toMatchObject({ code: 429, retryAfterMs: 2_000 });
    expect(server.requests).toHaveLength(11);
  });

  it('are left to callers that pace themselves', async () => {
    answerFirst(1, 429, { 'retry-after': '2' });
    const request = { method: 'POST', path: '/bind', body: {}, retryThrottled: false } as const;
    expect(await failure(connect().request(request))).toMatchObject({ code: 429, retryAfterMs: 2_000 });
    expect(server.requests).toHaveLength(1);
  });

  it('do not happen after a POST that may have been carried out: lost connection, or 504', async () => {
    server.answer = (_request, wire) => {
      wire.socket?.destroy();
      return undefined;
    };
    const lost = await failure(post(connect()));
    expect(lost).toMatchObject({ failure: 'ambiguous', code: 0 });
    expect(lost.isAmbiguous).toBe(true);
    expect(server.requests).toHaveLength(1);
    answerFirst(99, 504, { 'retry-after': '1' });
    expect((await failure(post(connect()))).isAmbiguous).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('happen after a GET whose connection was lost', async () => {
    let count = 0;
    server.answer = (_request, wire) => {
      count += 1;
      if (count > 1) return { body: { fine: true } };
      wire.socket?.destroy();
      return undefined;
    };
    expect(await get(connect())).toEqual({ fine: true });
    expect(clock.slept).toEqual([1_000]);
  });

  it('of a body that breaks off half-way is left to the caller for a POST', async () => {
    server.answer = (_request, wire) => {
      wire.writeHead(201, { 'content-length': '100' });
      wire.write('{"half":', () => wire.socket?.destroy());
      return undefined;
    };
    expect(await failure(post(connect()))).toMatchObject({ failure: 'ambiguous' });
  });
});

describe('time and abort', () => {
  it('an answer that does not come in time is ambiguous once the request was sent', async () => {
    server.answer = () => undefined;
    const waiting = failure(post(connect()));
    await until(() => server.requests.length === 1);
    clock.advance(9_999);
    clock.advance(1);
    const error = await waiting;
    expect(error).toMatchObject({ failure: 'ambiguous' });
    expect(error.message).toBe('POST /bind: no answer within 10000 ms; the server may have acted on it');
  });

  it('a request that never left the queue was not sent, and never is', async () => {
    server.answer = () => undefined;
    const client = connect({ connections: 1, qps: -1 });
    const first = failure(client.request({ method: 'POST', path: '/first', body: {}, timeoutMs: 60_000 }));
    await until(() => server.requests.length === 1);
    const second = failure(client.request({ method: 'POST', path: '/second', body: {}, timeoutMs: 5_000 }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(5_000);
    expect(await second).toMatchObject({ failure: 'unreachable', isAmbiguous: false });
    server.answer = () => ({ body: {} });
    clock.advance(55_000);
    await first;
    await client.request({ method: 'POST', path: '/third', body: {} });
    expect(server.requests.map(({ path }) => path)).toEqual(['/first', '/third']);
  });

  it('the caller can give up at any point: while it waits, while sent, before it starts', async () => {
    server.answer = () => undefined;
    const client = connect();
    const stop = new AbortController();
    const sent = failure(client.request({ method: 'GET', path: '/sent', signal: stop.signal }));
    await until(() => server.requests.length === 1);
    stop.abort();
    expect(await sent).toMatchObject({ failure: 'aborted' });
    expect(
      await failure(client.request({ method: 'GET', path: '/late', signal: stop.signal })),
    ).toMatchObject({
      failure: 'aborted',
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('servers that cannot be talked to', () => {
  it('a refused connection says so and what to check; nothing was sent', async () => {
    const { url } = server;
    await server.stop();
    const error = await failure(post(connect({ to: url })));
    expect(error).toMatchObject({ failure: 'unreachable', isAmbiguous: false });
    expect(error.message).toBe(
      `cannot reach the API server at ${url} (from server ${url} without credentials): connection refused; check that it is running and that the address is right`,
    );
    const stream = await failure(connect({ to: url }).stream({ path: '/w' }));
    expect(stream.message).toContain('connection refused');
    server = await FaultServer.start();
  });

  it('a host name that does not exist says so', async () => {
    const error = await failure(get(connect({ to: 'http://no-such-host.invalid:6443' })));
    expect(error).toMatchObject({ failure: 'unreachable' });
    expect(error.message).toContain('host name cannot be resolved');
  });

  it('a server that speaks no TLS is named as such', async () => {
    const error = await failure(get(connect({ to: server.url.replace('http:', 'https:') })));
    expect(error).toMatchObject({ failure: 'unreachable' });
    expect(error.message).toContain('does not speak TLS');
  });

  it('a watch whose connection breaks ends with an error, not with an end', async () => {
    const chunks = await connect().stream({ path: '/w', query: { watch: true } });
    const watch = await server.nextWatch();
    watch.raw('{"half');
    const seen: string[] = [];
    const reading = failure(
      (async () => {
        for await (const chunk of chunks) seen.push(Buffer.from(chunk).toString());
      })(),
    );
    await until(() => seen.length > 0);
    watch.reset();
    expect(await reading).toMatchObject({ failure: 'ambiguous' });
  });
});

describe('TLS', () => {
  let authority: Certificate;
  let other: Certificate;
  let secure: FaultServer;

  beforeAll(async () => {
    authority = makeAuthority(directory, 'authority');
    other = makeAuthority(directory, 'other');
    secure = await FaultServer.start(issue(directory, authority, 'server'));
  });
  afterAll(() => secure.stop());

  const secureUrl = (): string => `https://127.0.0.1:${secure.port}`;
  function connectSecurely(
    file: string,
    cluster: object,
    user: object = { token: 'secret' },
    url = secureUrl(),
  ): ApiClient {
    const kubeconfig = join(directory, file);
    writeFileSync(kubeconfig, kubeconfigFor(url, user, cluster));
    const client = new ApiClient(loadCredentials({ kubeconfig }, { clock }), { clock });
    clients.push(client);
    return client;
  }

  it('a server whose CA is in the kubeconfig is trusted', async () => {
    secure.answer = () => ({ body: { fine: true } });
    const client = connectSecurely('good', { 'certificate-authority': 'authority.crt' });
    expect(await get(client)).toEqual({ fine: true });
    expect(secure.requests.at(-1)?.headers.authorization).toBe('Bearer secret');
  });

  it('a server of another CA is refused with one line that names the file', async () => {
    const error = await failure(get(connectSecurely('wrong', { 'certificate-authority': other.certFile })));
    expect(error).toMatchObject({ failure: 'credentials' });
    expect(error.message).toContain(
      `the server's certificate is not signed by the CA in kubeconfig ${join(directory, 'wrong')}`,
    );
    const stream = await failure(
      connectSecurely('wrong', { 'certificate-authority': other.certFile }).stream({ path: '/w' }),
    );
    expect(stream).toMatchObject({ failure: 'credentials' });
  });

  it('a server whose certificate names another host is refused, unless told which name to expect', async () => {
    const stranger = await FaultServer.start(issue(directory, authority, 'stranger', 'DNS:stranger.example'));
    stranger.answer = () => ({ body: { fine: true } });
    const url = `https://127.0.0.1:${stranger.port}`;
    const ca = { 'certificate-authority': authority.certFile };
    const error = await failure(get(connectSecurely('stranger', ca, {}, url)));
    expect(error).toMatchObject({ failure: 'credentials' });
    expect(error.message).toContain('is not valid for 127.0.0.1');
    const named = connectSecurely('named', { ...ca, 'tls-server-name': 'stranger.example' }, {}, url);
    expect(await get(named)).toEqual({ fine: true });
    await stranger.stop();
  });

  it('a client certificate is shown, and a renewed one is used within a minute', async () => {
    const mutual = await FaultServer.start({
      ...issue(directory, authority, 'mutual'),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const subjects: unknown[] = [];
    mutual.answer = (_request, wire) => {
      const socket = wire.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } };
      subjects.push(socket.getPeerCertificate().subject.CN);
      return { body: {} };
    };
    const first = issue(directory, authority, 'first');
    const second = issue(directory, authority, 'second');
    const [certFile, keyFile] = [join(directory, 'current.crt'), join(directory, 'current.key')];
    const install = ({ cert, key }: Certificate): void => {
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
    };
    install(first);
    const user = { 'client-certificate': certFile, 'client-key': keyFile };
    const client = connectSecurely(
      'mutual',
      { 'certificate-authority': authority.certFile },
      user,
      `https://127.0.0.1:${mutual.port}`,
    );
    await get(client);
    install(second);
    await get(client);
    clock.advance(60_000);
    await get(client);
    await get(client);
    expect(subjects).toEqual(['first', 'first', 'second', 'second']);
    expect(mutual.connections).toBe(2);
    await mutual.stop();
  });
});

describe('black holes', () => {
  it('a server that accepts and never answers a watch does not hold its caller for ever', async () => {
    const sockets: Socket[] = [];
    const hole: Server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {}).resume();
    });
    await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
    const { port } = hole.address() as { port: number };
    const stop = new AbortController();
    const waiting = failure(
      connect({ to: `http://127.0.0.1:${port}` }).stream({ path: '/w', signal: stop.signal }),
    );
    setTimeout(() => stop.abort(), 20);
    expect(await waiting).toMatchObject({ failure: 'aborted' });
    const closed = new Promise((resolve) => hole.close(resolve));
    // Node keeps a server open as long as one of its connections is.
    for (const socket of sockets) socket.destroy();
    await closed;
  });
});

function kubeconfigFor(url: string, user: object, cluster: object = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: url, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}
