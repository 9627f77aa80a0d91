import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { selfSignedCertificate } from '../../src/serve/self-signed-certificate.js';
import { rawNode } from '../build-objects.js';
import { freePorts } from '../controlplane/free-port.js';
import { type TlsAnswer, tlsRequest } from '../unit/serve/tls-client.js';
import { BerthProcess, kubeconfigFor, temporaryFile } from './berth-process.js';
import { eventually } from './eventually.js';

let api: EmbeddedApiServer;

beforeEach(async () => {
  api = await startEmbeddedApiServer();
  api.create(rawNode({ name: 'a' }) as never);
});
afterEach(async () => {
  await BerthProcess.killAll();
  await api.close();
});
afterAll(() => BerthProcess.close());

const header = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

/** The embedded API server knows one user, and takes every token for his. */
const known = { authorization: 'Bearer anything' };

async function start(...args: string[]) {
  const [port = 0] = await freePorts(1);
  const berth = new BerthProcess([
    ...['run', '--kubeconfig', kubeconfigFor(api.url), '--leader-elect=false'],
    ...['--bind-address', '127.0.0.1', '--secure-port', String(port), ...args],
  ]);
  const get = (path: string, headers = {}): Promise<TlsAnswer> => tlsRequest(port, { path, headers });
  await eventually(
    'the secure port to be ready',
    async () => {
      return (await get('/readyz').catch(() => undefined))?.status === 200;
    },
    { state: () => berth.stderr.slice(-500) },
  );
  return { berth, port, get };
}

describe('the secure port', () => {
  it('answers over TLS, and over nothing else', async () => {
    const { berth, port, get } = await start();
    expect(await get('/livez')).toMatchObject({ status: 200, body: 'ok', protocol: 'TLSv1.3' });
    expect((await get('/metrics', known)).body).toContain('authentication_attempts{result="success"}');
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
    expect(berth.stderr).toContain(`"address":"https://127.0.0.1:${port}"`);
    expect(await berth.end('SIGTERM')).toBe(0);
  });

  it('shows no secrets of the configuration', async () => {
    const { cert, key } = selfSignedCertificate({ names: ['berth'], now: Date.now() });
    const [certData, keyData] = [cert, key].map((pem) => Buffer.from(pem).toString('base64'));
    const config = temporaryFile(
      `${header}extenders: [{urlPrefix: "http://me:hush@extender/", filterVerb: f, tlsConfig: {certData: ${certData}, keyData: ${keyData}}}]\n`,
    );
    const { get } = await start('--config', config);
    const { status, body } = await get('/configz', known);
    expect(status).toBe(200);
    expect(body).toContain('"keyData":"DATA+OMITTED"');
    expect(body).toContain('http://DATA+OMITTED@extender/');
    expect(body).not.toContain('hush');
    expect(body).not.toContain(keyData);
  });

  it('has no profiles, although /configz shows the default of kube-scheduler', async () => {
    const { get } = await start();
    expect((await get('/configz', known)).body).toContain('"enableProfiling":true');
    for (const path of ['/debug/profile', '/debug/heap', '/debug/pprof/'])
      expect(await get(path, known)).toMatchObject({ status: 404 });
  });

  it('has profiles where the configuration says so', async () => {
    const { get } = await start('--config', temporaryFile(`${header}enableProfiling: true\n`));
    const profile = await get('/debug/profile?seconds=1', known);
    expect(JSON.parse(profile.body)).toMatchObject({
      samples: expect.any(Array),
      endTime: expect.any(Number),
    });
    const heap = await get('/debug/heap', known);
    expect(JSON.parse(heap.body)).toMatchObject({ snapshot: { meta: expect.any(Object) } });
    expect(heap.headers['content-disposition']).toBe('attachment; filename="berth.heapsnapshot"');
    // A snapshot of the whole program takes its time on a machine that is busy.
  }, 120_000);

  it('may stand beside plain HTTP on this machine, which has no profiles', async () => {
    const config = temporaryFile(`${header}enableProfiling: true\n`);
    const { berth, get } = await start('--config', config, '--port', '0');
    expect(await berth.get('/metrics')).toMatchObject({ status: 200 });
    expect(await berth.get('/debug/heap')).toMatchObject({ status: 404 });
    expect(await get('/healthz')).toMatchObject({ status: 200 });
  });
});

describe('flags of the port', () => {
  it.each([
    [['--port', '0', '--bind-address', '0.0.0.0'], '--port: plain HTTP'],
    [['--tls-cert-file', '/none', '--tls-private-key-file', '/none'], '--tls-cert-file: '],
    [['--client-ca-file', '/none'], '--client-ca-file: /none'],
    [['--secure-port', '10', '--tls-cipher-suites', 'ROT13'], '--tls-cipher-suites: '],
  ])('%j end the program with what is wrong', async (args, expected) => {
    const berth = new BerthProcess([
      'run',
      '--kubeconfig',
      kubeconfigFor(api.url),
      '--leader-elect=false',
      ...args,
    ]);
    expect(await berth.exited).toBe(2);
    expect(berth.complaints).toHaveLength(1);
    expect(berth.complaints[0]).toContain(expected);
  });
});
