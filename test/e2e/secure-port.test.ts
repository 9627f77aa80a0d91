import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { selfSignedCertificate } from '../../src/serve/self-signed-certificate.js';
import { CertificateAuthority } from '../controlplane/certificate.js';
import type { Child } from '../controlplane/child-process.js';
import { freePorts } from '../controlplane/free-port.js';
import { projectRoot } from '../controlplane/project-root.js';
import { tlsRequest } from '../unit/serve/tls-client.js';
import { apply, type Manifest, NAMESPACE, SERVICE_ACCOUNT } from './berth-installation.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { until } from './until.js';

const rbac = 'rbac.authorization.k8s.io';
const account = (name: string, namespace = 'default'): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace } as Manifest['metadata'],
});
const serviceAccount = (name: string, namespace = 'default') => ({ kind: 'ServiceAccount', name, namespace });
const user = (name: string) => ({ kind: 'User', name, apiGroup: rbac });

/** What lets Berth ask about callers, and two callers that may scrape. */
const manifests: readonly Manifest[] = [
  account('scraper'),
  account('nobody'),
  account('powerless'),
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'test-berth-auth-delegator' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [serviceAccount(SERVICE_ACCOUNT, NAMESPACE)],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'test-berth-authentication-reader', namespace: 'kube-system' } as Manifest['metadata'],
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
    subjects: [serviceAccount(SERVICE_ACCOUNT, NAMESPACE)],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'test-metrics-reader' },
    rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'test-metrics-reader' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'test-metrics-reader' },
    subjects: [serviceAccount('scraper'), user('jane'), { kind: 'Group', name: 'watchers', apiGroup: rbac }],
  },
];

let cluster: TestCluster;
let runs = 0;

/** Berth as it runs in a cluster, on its secure port. */
async function startBerth(...args: string[]): Promise<{ readonly child: Child; readonly port: number }> {
  const { plane } = cluster;
  const [port = 0] = await freePorts(1);
  const { KUBECONFIG: _, KUBERNETES_SERVICE_HOST: __, ...env } = process.env;
  runs += 1;
  const child = await plane.run(
    `berth-secure-${runs}`,
    process.execPath,
    [
      ...[join(projectRoot(), 'dist', 'berth.js'), 'run', '--kubeconfig', cluster.kubeconfig],
      ...['--bind-address', '127.0.0.1', '--secure-port', String(port), '--leader-elect=false', ...args],
    ],
    { ...env, HOME: plane.dir, NODE_OPTIONS: '' },
  );
  await ready(child, port);
  return { child, port };
}

async function ready(child: Child, port: number): Promise<void> {
  await until(`${child.name} to be ready`, async () => {
    if (!child.running) throw new Error(`${child.name} ended:\n${child.tail(20)}`);
    const status = await tlsRequest(port, { path: '/readyz' }).then(
      (answer) => answer.status,
      () => 0,
    );
    return status === 200;
  });
}

beforeAll(async () => {
  cluster = await startCluster([], { components: { scheduler: false, kwok: false } });
  await apply(cluster.plane, manifests);
}, 120_000);

afterAll(() => cluster?.plane.stop());

describe('beside kube-scheduler itself, callers get the same answers', () => {
  const ports: Record<'berth' | 'kube-scheduler', number> = { berth: 0, 'kube-scheduler': 0 };
  type Proof = { readonly token?: string; readonly cert?: string; readonly key?: string };
  const proofs: Record<string, Proof> = {};

  beforeAll(async () => {
    const { plane } = cluster;
    const [port = 0] = await freePorts(1);
    const own = join(plane.dir, 'kube-scheduler.kubeconfig');
    const kubeScheduler = await plane.run('kube-scheduler', plane.program('kube-scheduler'), [
      ...plane.schedulerArgs,
      ...[`--kubeconfig=${own}`, `--authentication-kubeconfig=${own}`, `--authorization-kubeconfig=${own}`],
      ...['--leader-elect=false', '--bind-address=127.0.0.1', `--secure-port=${port}`],
    ]);
    ports['kube-scheduler'] = port;
    ports.berth = (await startBerth()).port;
    await ready(kubeScheduler, port);
    const certificate = (
      authority: Pick<CertificateAuthority, 'issue'>,
      name: string,
      groups: string[] = [],
    ) => {
      const { certificate: cert, key } = authority.issue({ commonName: name, organizations: groups });
      return { cert, key };
    };
    const clusterOwn = { issue: plane.clientCertificate.bind(plane) };
    const token = (name: string) => plane.serviceAccountToken('default', name);
    Object.assign(proofs, {
      nothing: {},
      'a made-up token': { token: 'made-up' },
      'a token without the right': { token: await token('nobody') },
      'a token with the right': { token: await token('scraper') },
      'a certificate with the right': certificate(clusterOwn, 'jane'),
      'a certificate of a group with the right': certificate(clusterOwn, 'joe', ['watchers', 'others']),
      'a certificate without the right': certificate(clusterOwn, 'joe'),
      'a certificate of system:masters': certificate(clusterOwn, 'root', ['system:masters']),
      'a certificate of a stranger': certificate(new CertificateAuthority('stranger'), 'root', [
        'system:masters',
      ]),
      'a certificate of a stranger and a token with the right': {
        ...certificate(new CertificateAuthority('stranger'), 'root'),
        token: await token('scraper'),
      },
    });
  }, 60_000);

  async function ask(scheduler: keyof typeof ports, path: string, { token, ...tls }: Proof) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { status, body } = await tlsRequest(ports[scheduler], { path, headers, tls });
    return { status, body };
  }

  it.each([
    ['nothing', 403],
    ['a made-up token', 401],
    ['a token without the right', 403],
    ['a token with the right', 200],
    ['a certificate with the right', 200],
    ['a certificate of a group with the right', 200],
    ['a certificate without the right', 403],
    ['a certificate of system:masters', 200],
    ['a certificate of a stranger', 401],
    ['a certificate of a stranger and a token with the right', 200],
  ])('to /metrics with %s: %d', async (name, expected) => {
    const [ours, theirs] = await Promise.all(
      (['berth', 'kube-scheduler'] as const).map((scheduler) =>
        ask(scheduler, '/metrics', proofs[name] ?? {}),
      ),
    );
    expect({ berth: ours?.status, kubeScheduler: theirs?.status }).toEqual({
      berth: expected,
      kubeScheduler: expected,
    });
    if (expected !== 200) {
      const [own, other] = [ours, theirs].map((answer) => JSON.parse(answer?.body ?? ''));
      expect(own).toEqual(other);
    }
  });

  it.each(['/configz', '/healthz/ping', '/nothing', '/debug/pprof/heap', '/'])(
    'to %s, whoever asks',
    async (path) => {
      for (const [name, proof] of Object.entries(proofs)) {
        // Berth has no Go profiles, and both have no pages that the other does not have.
        const mayBeMissing = name === 'a certificate of system:masters' && path.startsWith('/debug');
        if (mayBeMissing) continue;
        const [ours, theirs] = await Promise.all([
          ask('berth', path, proof),
          ask('kube-scheduler', path, proof),
        ]);
        expect({ name, status: ours.status }).toEqual({ name, status: theirs.status });
      }
    },
  );

  it('to health, which everybody may ask about', async () => {
    for (const path of ['/healthz', '/livez', '/readyz'])
      for (const scheduler of ['berth', 'kube-scheduler'] as const)
        expect(await ask(scheduler, path, {})).toEqual({ status: 200, body: 'ok' });
  });
});

describe('a user who may not ask about callers', () => {
  it('lets Berth start, and scrapes are told what to do', async () => {
    const { plane } = cluster;
    const powerless = await plane.serviceAccountKubeconfig('default', 'powerless');
    const { child, port } = await startBerth(
      ...['--authentication-kubeconfig', powerless, '--authorization-kubeconfig', powerless],
    );
    const headers = { authorization: `Bearer ${await plane.serviceAccountToken('default', 'scraper')}` };
    const answer = await tlsRequest(port, { path: '/metrics', headers });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body).message).toContain('bind the ClusterRole system:auth-delegator');
    expect(await tlsRequest(port, { path: '/metrics' })).toMatchObject({ status: 500 });
    expect(child.stderr()).toContain('client certificates are not accepted');
    expect(child.stderr()).toContain('tokens of callers cannot be reviewed');
    await child.stop();
  });
});

describe('the certificate', () => {
  it('is exchanged while Berth runs, when its files change', async () => {
    const folder = cluster.plane.dir;
    const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    const put = async () => {
      const { cert, key } = selfSignedCertificate({ names: ['berth.example'], now: Date.now() });
      await writeFile(`${keyFile}.new`, key);
      await writeFile(`${certFile}.new`, cert);
      await rename(`${keyFile}.new`, keyFile);
      await rename(`${certFile}.new`, certFile);
    };
    await put();
    const { child, port } = await startBerth('--tls-cert-file', certFile, '--tls-private-key-file', keyFile);
    const { fingerprint } = await tlsRequest(port, { path: '/healthz' });
    await put();
    await until('the other certificate', async () => {
      return (await tlsRequest(port, { path: '/healthz' })).fingerprint !== fingerprint;
    });
    await child.stop();
  });
});
