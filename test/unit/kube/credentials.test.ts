import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import {
  type Credentials,
  type CredentialsRequest,
  loadCredentials,
  type Surroundings,
} from '../../../src/kube/credentials.js';
import { issue, makeAuthority } from './certificates.js';
import { ImpatientClock } from './impatient-clock.js';

let directory: string;
let clock: ImpatientClock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-credentials-'));
  clock = new ImpatientClock();
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string): string => join(directory, name);

function write(name: string, content: string | object): string {
  writeFileSync(file(name), typeof content === 'string' ? content : JSON.stringify(content));
  return file(name);
}

function kubeconfig(user: object, cluster: object = {}, extra: object = {}): object {
  return {
    clusters: [{ name: 'c', cluster: { server: 'https://c.example:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
    'current-context': 'x',
    ...extra,
  };
}

/** Nothing of the machine that runs the tests is looked at. */
function load(request: CredentialsRequest = {}, surroundings: Surroundings = {}): Credentials {
  return loadCredentials(request, {
    clock,
    env: {},
    home: file('home'),
    serviceAccountDirectory: file('serviceaccount'),
    ...surroundings,
  });
}

const loadUser = (user: object, cluster: object = {}): Credentials =>
  load({ kubeconfig: write('config', kubeconfig(user, cluster)) });

async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).failure).toBe('credentials');
    const { message } = error as ApiError;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('it was not refused');
}

describe('where credentials come from', () => {
  it('an explicit kubeconfig gives server, namespace and headers', async () => {
    const credentials = load(
      { kubeconfig: write('config', kubeconfig({ token: 'abc' }, { server: 'https://c.example/prefix/' })) },
      { env: { KUBECONFIG: '/not/there' } },
    );
    expect(credentials.server.href).toBe('https://c.example/prefix');
    expect(credentials.namespace).toBe('team');
    expect(credentials.source).toBe(`kubeconfig ${file('config')} (context x)`);
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer abc' });
  });

  it('YAML is read as well as JSON, and another context can be chosen', async () => {
    const path = write(
      'config',
      `apiVersion: v1
kind: Config
current-context: first
clusters:
- {name: a, cluster: {server: "https://a.example"}}
- {name: b, cluster: {server: "https://b.example"}}
contexts:
- {name: first, context: {cluster: a, user: one}}
- {name: second, context: {cluster: b, user: two}}
users:
- {name: one, user: {token: "1"}}
- {name: two, user: {token: "2"}}
`,
    );
    const second = load({ kubeconfig: path, context: 'second' });
    expect(second.server.host).toBe('b.example');
    expect(second.namespace).toBe('default');
    expect(await second.headers()).toEqual({ Authorization: 'Bearer 2' });
  });

  it('of several KUBECONFIG files the first that names a thing wins, and absent ones are passed over', async () => {
    const first = write('first', {
      'current-context': 'mixed',
      contexts: [{ name: 'mixed', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user: { token: 'first' } }],
    });
    const second = write('second', kubeconfig({ token: 'second' }));
    const credentials = load({}, { env: { KUBECONFIG: `${file('absent')}:${first}:${second}` } });
    expect(credentials.server.host).toBe('c.example:6443');
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer first' });
  });

  it('in a pod the service account is used, with its namespace trimmed', async () => {
    inCluster('mounted-token');
    const credentials = load(
      {},
      { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' } },
    );
    expect(credentials.server.href).toBe('https://10.0.0.1/');
    expect(credentials.namespace).toBe('kube-system');
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer mounted-token' });
    expect(String((await credentials.connect()).ca)).toContain('BEGIN CERTIFICATE');
  });

  it('in a pod of an IPv6 cluster the address is put in brackets', () => {
    inCluster('t');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect(load({}, { env }).server.href).toBe('https://[fd00::1]:6443/');
  });

  it('~/.kube/config is the last resort', () => {
    mkdirSync(file('home/.kube'), { recursive: true });
    write('home/.kube/config', kubeconfig({}));
    expect(load().server.host).toBe('c.example:6443');
  });

  it('a server alone is used without any credentials, also over plain http', async () => {
    const credentials = load(
      { server: 'http://127.0.0.1:8080' },
      { env: { KUBECONFIG: write('config', kubeconfig({ token: 'secret' })) } },
    );
    expect(credentials.server.href).toBe('http://127.0.0.1:8080/');
    expect(await credentials.headers()).toEqual({});
    expect(await credentials.connect()).toEqual({});
  });

  it('a server beside a kubeconfig takes the place of its address', async () => {
    const path = write('config', kubeconfig({ token: 'abc' }));
    const credentials = load({ kubeconfig: path, server: 'http://localhost:1' });
    expect(credentials.server.host).toBe('localhost:1');
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer abc' });
  });
});

describe('kinds of credentials', () => {
  it('basic authentication', async () => {
    const headers = await loadUser({ username: 'me', password: 'pa:ss' }).headers();
    expect(headers).toEqual({ Authorization: `Basic ${Buffer.from('me:pa:ss').toString('base64')}` });
  });

  it('a context without user still trusts its CA', async () => {
    const authority = makeAuthority(directory, 'authority');
    const config = kubeconfig(
      {},
      { 'certificate-authority-data': Buffer.from(authority.cert).toString('base64') },
    );
    const path = write('config', { ...config, contexts: [{ name: 'x', context: { cluster: 'c' } }] });
    const credentials = load({ kubeconfig: path });
    expect(await credentials.headers()).toEqual({});
    expect(String((await credentials.connect()).ca)).toBe(authority.cert);
  });

  it('client certificates by paths relative to the kubeconfig, and a server not to be verified', async () => {
    const authority = makeAuthority(directory, 'authority');
    const client = issue(directory, authority, 'client');
    const credentials = loadUser(
      { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
      { 'insecure-skip-tls-verify': true, 'tls-server-name': 'other.example' },
    );
    const tls = await credentials.connect();
    expect(String(tls.cert)).toBe(client.cert);
    expect(String(tls.key)).toBe(client.key);
    expect(tls).toMatchObject({ servername: 'other.example', rejectUnauthorized: false });
  });

  it('a token file is read again after a minute, or at once when its token was refused', async () => {
    write('token', 'one\n');
    const credentials = loadUser({ tokenFile: 'token', token: 'less important' });
    const first = await credentials.headers();
    expect(first).toEqual({ Authorization: 'Bearer one' });
    write('token', 'two\n');
    clock.advance(59_999);
    expect(await credentials.headers()).toBe(first);
    clock.advance(1);
    const second = await credentials.headers();
    expect(second).toEqual({ Authorization: 'Bearer two' });
    write('token', 'three\n');
    credentials.invalidate(first);
    expect(await credentials.headers()).toBe(second);
    credentials.invalidate(second);
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer three' });
  });

  it('TLS material stays the same object until it changes', async () => {
    const authority = makeAuthority(directory, 'authority');
    const credentials = loadUser({}, { 'certificate-authority': 'authority.crt' });
    const first = await credentials.connect();
    credentials.invalidate();
    expect(await credentials.connect()).toBe(first);
    makeAuthority(directory, 'next');
    write('authority.crt', readFileSync(file('next.crt'), 'utf8'));
    credentials.invalidate();
    const second = await credentials.connect();
    expect(second).not.toBe(first);
    expect(String(second.ca)).not.toBe(authority.cert);
  });

  it('an exec plugin beside the kubeconfig is run once for many requests, and again when its token is refused', async () => {
    write(
      'plugin.sh',
      `#!/bin/sh
echo run >> "${file('runs')}"
n=$(wc -l < "${file('runs')}")
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s-%s","expirationTimestamp":"2099-01-01T00:00:00Z"}}' "$GREETING" $n
case "$KUBERNETES_EXEC_INFO" in *client.authentication.k8s.io/v1*) ;; *) exit 3 ;; esac
`,
    );
    chmodSync(file('plugin.sh'), 0o755);
    const credentials = loadUser({
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: './plugin.sh',
        env: [{ name: 'GREETING', value: 'hello' }],
      },
    });
    const answers = await Promise.all([credentials.headers(), credentials.headers(), credentials.connect()]);
    expect(answers[0]).toEqual({ Authorization: 'Bearer hello-1' });
    expect(answers[1]).toBe(answers[0]);
    credentials.invalidate(answers[0]);
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer hello-2' });
  });
});

describe('what cannot be used is refused in one line that names the file and what to do', () => {
  it('nothing found', async () => {
    expect(await refusal(() => load())).toBe(
      `no Kubernetes credentials found: KUBECONFIG is not set, this is not a pod with a service account, and ${file('home/.kube/config')} does not exist; pass --kubeconfig FILE`,
    );
  });

  it('an absent file', async () => {
    expect(await refusal(() => load({ kubeconfig: file('absent') }))).toBe(
      `cannot read kubeconfig ${file('absent')}: no such file; check --kubeconfig and the file's permissions`,
    );
    expect(await refusal(() => load({}, { env: { KUBECONFIG: file('absent') } }))).toBe(
      `KUBECONFIG names ${file('absent')}, which does not exist; correct KUBECONFIG or unset it`,
    );
  });

  it('a directory', async () => {
    expect(await refusal(() => load({ kubeconfig: directory }))).toContain('it is a directory');
  });

  it.each([
    ['broken YAML', 'clusters: [\n  unclosed: {\n'],
    ['an empty file', ''],
    ['a list', '- a\n- b\n'],
    ['binary rubbish', '\u0000\u0001\u0002'],
  ])('%s', async (_what, content) => {
    const message = await refusal(() => load({ kubeconfig: write('config', content) }));
    expect(message).toContain(`kubeconfig ${file('config')} cannot be used: `);
    expect(message).toContain('correct the file or pass another with --kubeconfig');
  });

  it('a cluster without server', async () => {
    const message = await refusal(() => loadUser({}, { server: undefined }));
    expect(message).toContain('clusters[0].cluster.server is missing');
  });

  it('a context that is not there, with those that are', async () => {
    const path = write('config', kubeconfig({}));
    expect(await refusal(() => load({ kubeconfig: path, context: 'prod' }))).toBe(
      `kubeconfig ${path} has no context "prod"; use --context with one of: x`,
    );
    write('config', kubeconfig({}, {}, { 'current-context': '' }));
    expect(await refusal(() => load({ kubeconfig: path }))).toBe(
      `kubeconfig ${path} has no current-context; name one with --context (it has: x)`,
    );
  });

  it('a context whose cluster or user is not there', async () => {
    const path = write('config', kubeconfig({}, {}, { users: [] }));
    expect(await refusal(() => load({ kubeconfig: path }))).toContain('names user "u", which is not in it');
    write('config', kubeconfig({}, {}, { clusters: [] }));
    expect(await refusal(() => load({ kubeconfig: path }))).toContain(
      'names cluster "c", which is not in it',
    );
  });

  it.each([
    ['certificate-authority', {}, { 'certificate-authority': 'gone.pem' }],
    ['client-certificate', { 'client-certificate': 'gone.pem' }, {}],
    ['client-key', { 'client-key': 'gone.pem' }, {}],
    ['tokenFile', { tokenFile: 'gone.pem' }, {}],
  ])('a missing %s file', async (role, user, cluster) => {
    expect(await refusal(() => loadUser(user, cluster))).toBe(
      `cannot read ${file('gone.pem')}, the ${role} of kubeconfig ${file('config')} (context x): no such file; restore the file or correct its path`,
    );
  });

  it('a certificate that is none, and a key that belongs to another certificate', async () => {
    write('rubbish.pem', 'not a certificate');
    const rubbish = await refusal(() => loadUser({ 'client-certificate': 'rubbish.pem' }).connect());
    expect(rubbish).toContain(
      `a certificate or key of kubeconfig ${file('config')} (context x) cannot be used`,
    );
    const authority = makeAuthority(directory, 'authority');
    issue(directory, authority, 'one');
    issue(directory, authority, 'two');
    const mixed = await refusal(() =>
      loadUser({ 'client-certificate': 'one.crt', 'client-key': 'two.key' }).connect(),
    );
    expect(mixed).toContain('cannot be used');
  });

  it.each(['10.0.0.1:6443', 'ftp://c.example', 'not a url'])('the address %s', async (server) => {
    expect(await refusal(() => loadUser({}, { server }))).toContain('write it as https://HOST:PORT');
  });

  it('fields that would otherwise be ignored', async () => {
    expect(await refusal(() => loadUser({}, { 'proxy-url': 'http://proxy:3128' }))).toContain(
      'proxy-url, which is not supported',
    );
    expect(await refusal(() => loadUser({ as: 'x', 'as-groups': ['g'] }))).toContain(
      'as-groups, which is not supported',
    );
  });

  it('such fields in entries that are not used do no harm', () => {
    const config = kubeconfig({});
    const other = {
      name: 'other',
      cluster: { server: 'https://o.example', 'proxy-url': 'http://proxy:3128' },
    };
    const clusters = [...(config as { clusters: object[] }).clusters, other];
    expect(load({ kubeconfig: write('config', { ...config, clusters }) }).server.host).toBe('c.example:6443');
  });

  it('an exec plugin that is not there, fails, or says nothing of use', async () => {
    const absent = loadUser({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin' },
    });
    expect(await refusal(() => absent.headers())).toContain(
      'credential plugin "no-such-plugin" of kubeconfig',
    );
    const failing = loadUser({
      exec: { command: 'sh', args: ['-c', 'echo log in first >&2; echo more >&2; exit 1'] },
    });
    expect(await refusal(() => failing.headers())).toContain('failed: log in first; run it by hand');
    const empty = loadUser({ exec: { command: 'echo', args: ['{}'] } });
    await refusal(() => empty.headers());
  });

  it('a token file that vanished later, until it is back', async () => {
    write('token', 'one');
    const credentials = loadUser({ tokenFile: 'token' });
    rmSync(file('token'));
    expect(await refusal(() => credentials.headers())).toContain(`cannot read ${file('token')}`);
    write('token', 'two');
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer two' });
  });
});

function inCluster(token: string): void {
  mkdirSync(file('serviceaccount'));
  makeAuthority(directory, 'authority');
  write('serviceaccount/ca.crt', readFileSync(file('authority.crt'), 'utf8'));
  write('serviceaccount/token', `${token}\n`);
  write('serviceaccount/namespace', 'kube-system\n');
}
