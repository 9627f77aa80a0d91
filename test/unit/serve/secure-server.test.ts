import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import type { Caller } from '../../../src/kube/caller.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { Authenticator } from '../../../src/serve/authenticator.js';
import { Authorizer } from '../../../src/serve/authorizer.js';
import { ClientAuthorities } from '../../../src/serve/client-authorities.js';
import { Guard } from '../../../src/serve/guard.js';
import { Profiles } from '../../../src/serve/profiles.js';
import { SecureServer } from '../../../src/serve/secure-server.js';
import { selfSignedCertificate } from '../../../src/serve/self-signed-certificate.js';
import { ServingCertificate } from '../../../src/serve/serving-certificate.js';
import type { TlsSettings } from '../../../src/serve/tls-settings.js';
import { CertificateAuthority } from '../../controlplane/certificate.js';
import { ManualClock } from '../../manual-clock.js';
import { tlsRequest } from './tls-client.js';

interface World {
  readonly port: number;
  readonly server: SecureServer;
  readonly certificate: ServingCertificate;
  readonly authorities: ClientAuthorities;
  /** Callers and paths that were asked about. */
  readonly asked: string[];
  readonly complaints: string[];
  /** Moves time to when certificate and authorities are looked at again. */
  lookAgain(): Promise<void>;
}

const monitor: Caller = {
  name: 'system:serviceaccount:monitoring:prometheus',
  uid: '7',
  groups: ['system:serviceaccounts'],
  extra: {},
};
const stop = new AbortController();
const servers: SecureServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface WorldOptions {
  readonly clientCa?: () => string | undefined;
  readonly reviewToken?: (token: string) => Promise<Caller | undefined>;
  readonly reviewAccess?: () => Promise<{ allowed: boolean; reason: string }>;
  readonly tls?: TlsSettings;
  readonly profiles?: Profiles;
}

/** The token `good` is the monitor's, who may get /metrics; the user `reader` may too. */
async function world(options: WorldOptions = {}): Promise<World> {
  const clock = new ManualClock(Date.now());
  const asked: string[] = [];
  const complaints: string[] = [];
  const log = {
    ...silentLogger,
    warn: (message: string, facts: object = {}) => complaints.push(`${message} ${JSON.stringify(facts)}`),
  };
  const certificate = await ServingCertificate.load({
    source: { kind: 'memory' },
    names: ['localhost'],
    log,
    clock,
  });
  const authorities = new ClientAuthorities({
    read: async () => options.clientCa?.(),
    source: 'test',
    log,
  });
  await authorities.load();
  const reviewToken =
    options.reviewToken ?? (async (token: string) => (token === 'good' ? monitor : undefined));
  const guard = new Guard({
    authenticator: new Authenticator({
      reviewToken: (token) => {
        asked.push(`whose is ${token}`);
        return reviewToken(token);
      },
      tokenTtlMs: 10_000,
      clock,
    }),
    authorizer: new Authorizer({
      reviewAccess: async ({ name, groups }, { path, verb }) => {
        asked.push(`may ${name} (${groups.join(', ')}) ${verb} ${path}`);
        if (options.reviewAccess !== undefined) return options.reviewAccess();
        const allowed = (name === monitor.name || name === 'reader') && path === '/metrics' && verb === 'get';
        return { allowed, reason: '' };
      },
      alwaysAllowPaths: ['/healthz', '/readyz', '/livez'],
      allowedTtlMs: 10_000,
      deniedTtlMs: 10_000,
      clock,
    }),
    log,
    clock,
  });
  const ping = { name: 'ping', check: () => true as const };
  const server = new SecureServer({
    checks: { healthz: [ping], livez: [ping], readyz: [ping] },
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'a 1\n' }),
    configz: () => ({ parallelism: 16 }),
    guard,
    certificate,
    authorities,
    tls: options.tls ?? { minVersion: 'TLSv1.2', ciphers: undefined },
    clock,
    ...(options.profiles && { profiles: () => options.profiles }),
  });
  servers.push(server);
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  void server.keepCurrent({ signal: stop.signal });
  return {
    port,
    server,
    certificate,
    authorities,
    asked,
    complaints,
    lookAgain: () => clock.advance(60_000),
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('who may see what', () => {
  it.each(['/healthz', '/livez', '/readyz'])(
    'everybody may see %s, and nobody is asked for it',
    async (path) => {
      const { port, asked } = await world();
      expect(await tlsRequest(port, { path })).toMatchObject({ status: 200, body: 'ok' });
      expect(await tlsRequest(port, { path, headers: bearer('made up') })).toMatchObject({ status: 200 });
      expect(asked).toEqual([]);
    },
  );

  it.each([
    '/metrics',
    '/configz',
    '/readyz/ping',
    '/debug/heap',
    '/nothing',
    '/',
    '//healthz',
    '/healthz/../metrics',
  ])('nobody may see %s who does not say who he is', async (path) => {
    const { port, asked } = await world();
    const answer = await tlsRequest(port, { path });
    expect(answer).toMatchObject({ status: 403, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.body)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `forbidden: User "system:anonymous" cannot get path "${path}"`,
      reason: 'Forbidden',
      details: {},
      code: 403,
    });
    expect(asked).toEqual([`may system:anonymous (system:unauthenticated) get ${path}`]);
  });

  it('a token that is good shows what its owner may see', async () => {
    const { port, asked } = await world();
    expect(await tlsRequest(port, { path: '/metrics', headers: bearer('good') })).toMatchObject({
      status: 200,
      body: 'a 1\n',
    });
    expect(await tlsRequest(port, { path: '/configz', headers: bearer('good') })).toMatchObject({
      status: 403,
    });
    expect(asked).toEqual([
      'whose is good',
      `may ${monitor.name} (system:serviceaccounts, system:authenticated) get /metrics`,
      `may ${monitor.name} (system:serviceaccounts, system:authenticated) get /configz`,
    ]);
  });

  it('a token that is nobody’s is refused', async () => {
    const { port } = await world();
    const answer = await tlsRequest(port, { path: '/metrics', headers: bearer('bad') });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body)).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
  });

  it('credentials of another kind say nothing', async () => {
    const { port, asked } = await world();
    for (const authorization of ['Basic Z29vZDpnb29k', 'Bearer', 'Bearer  ', 'good'])
      expect(await tlsRequest(port, { path: '/metrics', headers: { authorization } })).toMatchObject({
        status: 403,
      });
    expect(asked).toEqual([`may system:anonymous (system:unauthenticated) get /metrics`]);
  });

  it('what a proxy would say of a caller counts for nothing', async () => {
    const { port } = await world();
    const headers = { 'x-remote-user': 'reader', 'x-remote-group': 'system:masters' };
    expect(await tlsRequest(port, { path: '/metrics', headers })).toMatchObject({ status: 403 });
  });

  it('the verb that is asked about is the method', async () => {
    const { port, asked } = await world();
    expect(
      await tlsRequest(port, { path: '/metrics', method: 'DELETE', headers: bearer('good') }),
    ).toMatchObject({ status: 403 });
    expect(asked.at(-1)).toContain(' delete /metrics');
  });
});

describe('client certificates', () => {
  const cluster = new CertificateAuthority('cluster');
  const stranger = new CertificateAuthority('stranger');
  const shown = (authority: CertificateAuthority, commonName: string, organizations: string[] = []) => {
    const { certificate: cert, key } = authority.issue({ commonName, organizations });
    return { cert, key };
  };
  const clientCa = (): string => cluster.certificate;

  it('name user and groups', async () => {
    const { port, asked } = await world({ clientCa });
    const tls = shown(cluster, 'reader', ['team-a', 'team-b']);
    expect(await tlsRequest(port, { path: '/metrics', tls })).toMatchObject({ status: 200 });
    expect(asked).toEqual(['may reader (team-a, team-b, system:authenticated) get /metrics']);
  });

  it('of system:masters may everything, and nobody is asked', async () => {
    const { port, asked } = await world({ clientCa });
    const tls = shown(cluster, 'admin', ['system:masters']);
    expect(await tlsRequest(port, { path: '/configz', tls })).toMatchObject({
      status: 200,
      body: '{"componentconfig":{"parallelism":16}}\n',
    });
    expect(asked).toEqual([]);
  });

  it('of others than the cluster are refused, unless a good token comes with them', async () => {
    const { port } = await world({ clientCa });
    const tls = shown(stranger, 'admin', ['system:masters']);
    expect(await tlsRequest(port, { path: '/metrics', tls })).toMatchObject({ status: 401 });
    expect(await tlsRequest(port, { path: '/metrics', tls, headers: bearer('good') })).toMatchObject({
      status: 200,
    });
  });

  it('say nothing where no authority is known', async () => {
    const { port } = await world();
    const tls = shown(cluster, 'admin', ['system:masters']);
    expect(await tlsRequest(port, { path: '/metrics', tls })).toMatchObject({ status: 403 });
  });

  it('are judged by the authorities of today, on connections of yesterday too', async () => {
    let ca = cluster.certificate;
    const { port, lookAgain } = await world({ clientCa: () => ca });
    const agent = new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
    const tls = shown(cluster, 'admin', ['system:masters']);
    expect(await tlsRequest(port, { path: '/configz', tls, agent })).toMatchObject({ status: 200 });
    ca = stranger.certificate;
    await lookAgain();
    await expect(tlsRequest(port, { path: '/configz', tls, agent })).rejects.toThrow('socket hang up');
    expect(await tlsRequest(port, { path: '/configz', tls, agent })).toMatchObject({ status: 401 });
    const other = shown(stranger, 'admin', ['system:masters']);
    expect(await tlsRequest(port, { path: '/configz', tls: other })).toMatchObject({ status: 200 });
    agent.destroy();
  });
});

describe('an API server that cannot be asked', () => {
  const forbidden = new ApiError('tokenreviews is forbidden', { failure: 'status', code: 403 });

  it('means 401 for tokens, with what to do, and a line in the log that is not repeated', async () => {
    const { port, complaints } = await world({ reviewToken: () => Promise.reject(forbidden) });
    for (const token of ['good', 'other']) {
      const answer = await tlsRequest(port, { path: '/metrics', headers: bearer(token) });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body).message).toBe(
        'Unauthorized: Berth may not review tokens; bind the ClusterRole system:auth-delegator to the user that Berth is (its ServiceAccount in the cluster)',
      );
    }
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain('system:auth-delegator');
  });

  it('means 500 for rights, and the details stay in the log', async () => {
    const { port, complaints } = await world({
      reviewAccess: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:443')),
    });
    const answer = await tlsRequest(port, { path: '/metrics', headers: bearer('good') });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('10.0.0.1');
    expect(complaints[0]).toContain('10.0.0.1');
    expect(await tlsRequest(port, { path: '/healthz' })).toMatchObject({ status: 200 });
  });
});

describe('requests that are not as they should be', () => {
  it('are answered 405 by whom they may be made', async () => {
    const { port } = await world({ reviewAccess: async () => ({ allowed: true, reason: '' }) });
    const answer = await tlsRequest(port, {
      path: '/metrics',
      method: 'POST',
      headers: bearer('good'),
      body: 'x',
    });
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD', connection: 'close' } });
  });

  it('end the connection where they bring a body', async () => {
    const { port } = await world();
    const answer = await tlsRequest(port, {
      path: '/healthz',
      headers: { 'content-length': 3 },
      body: 'abc',
    });
    expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
  });

  it('do not get far with headers without end', async () => {
    const { port } = await world();
    const headers = { 'x-long': 'x'.repeat(70_000) };
    const outcome = await tlsRequest(port, { path: '/healthz', headers }).then(
      ({ status }) => status,
      () => 'cut',
    );
    expect([431, 'cut']).toContain(outcome);
  });

  it('do not stop others when they are no TLS', async () => {
    const { port } = await world();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'close');
    expect(await tlsRequest(port, { path: '/healthz' })).toMatchObject({ status: 200 });
  });
});

describe('TLS', () => {
  it('is version 1.2 at least, and as much as is asked for', async () => {
    const usual = await world();
    await expect(
      tlsRequest(usual.port, { path: '/healthz', tls: { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' } }),
    ).rejects.toThrow();
    const old = { maxVersion: 'TLSv1.2' as const };
    expect(await tlsRequest(usual.port, { path: '/healthz', tls: old })).toMatchObject({
      protocol: 'TLSv1.2',
    });
    const strict = await world({ tls: { minVersion: 'TLSv1.3', ciphers: undefined } });
    await expect(tlsRequest(strict.port, { path: '/healthz', tls: old })).rejects.toThrow();
    expect(await tlsRequest(strict.port, { path: '/healthz' })).toMatchObject({ protocol: 'TLSv1.3' });
  });

  it('has another certificate when that was changed, and drops no connection for it', async () => {
    const { port, certificate, lookAgain } = await world();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
    const before = await tlsRequest(port, { path: '/healthz', agent });
    const other = selfSignedCertificate({ names: ['localhost'], now: Date.now() });
    let isChanged = true;
    Object.defineProperty(certificate, 'current', { get: () => other });
    certificate.refresh = async () => {
      const changed = isChanged;
      isChanged = false;
      return changed;
    };
    await lookAgain();
    const kept = await tlsRequest(port, { path: '/healthz', agent });
    expect(kept.fingerprint).toBe(before.fingerprint);
    const after = await tlsRequest(port, { path: '/healthz' });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    agent.destroy();
  });
});

describe('profiles', () => {
  it('do not exist unless they are wanted', async () => {
    const { port } = await world({ reviewAccess: async () => ({ allowed: true, reason: '' }) });
    for (const path of ['/debug/profile', '/debug/heap'])
      expect(await tlsRequest(port, { path, headers: bearer('good') })).toMatchObject({ status: 404 });
  });

  it('are those of V8, one at a time, to whom may see them', async () => {
    const { port } = await world({
      reviewAccess: async () => ({ allowed: true, reason: '' }),
      profiles: new Profiles(),
    });
    const headers = bearer('good');
    const [profile, second] = await Promise.all([
      tlsRequest(port, { path: '/debug/profile?seconds=1', headers }),
      tlsRequest(port, { path: '/debug/profile?seconds=1', headers }),
    ]);
    expect([profile?.status, second?.status].sort()).toEqual([200, 429]);
    const taken = profile?.status === 200 ? profile : second;
    expect(JSON.parse(taken?.body ?? '')).toMatchObject({ nodes: expect.any(Array) });
    expect(taken?.headers['content-disposition']).toBe('attachment; filename="berth.cpuprofile"');
    for (const seconds of ['0', '61', 'x', '1.5'])
      expect(await tlsRequest(port, { path: `/debug/profile?seconds=${seconds}`, headers })).toMatchObject({
        status: 400,
      });
  });

  it('are refused to strangers', async () => {
    const { port } = await world({ profiles: new Profiles() });
    expect(await tlsRequest(port, { path: '/debug/heap' })).toMatchObject({ status: 403 });
    expect(await tlsRequest(port, { path: '/debug/profile', headers: bearer('good') })).toMatchObject({
      status: 403,
    });
  });
});
