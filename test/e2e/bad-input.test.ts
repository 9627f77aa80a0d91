import { createPrivateKey, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CertificateAuthority } from '../controlplane/certificate.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { freePorts } from '../controlplane/free-port.js';
import { apply, baseManifests, type Manifest, NAMESPACE, SERVICE_ACCOUNT } from './berth-installation.js';
import { type BerthEnd, BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';

/** Quiet enough for standard error to hold nothing but what a person has to read. */
const QUIET = ['--log-level', 'error', '--leader-elect=false', '--bind-address', '127.0.0.1', '--port', '0'];

interface Case {
  readonly what: string;
  /** Arguments of `berth`, made when the case runs. */
  readonly args: (cluster: TestCluster) => Promise<readonly string[]>;
  readonly exitCode: number;
  /** What the one line must say. */
  readonly says: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    what: 'an API server that cannot be reached',
    args: async ({ plane }) => {
      const [port = 0] = await freePorts(1);
      return run(
        await plane.writeKubeconfig('unreachable', { token: 'x', server: `https://127.0.0.1:${port}` }),
      );
    },
    exitCode: 3,
    says: [/cannot reach the API server/, /127\.0\.0\.1/],
  },
  {
    what: 'the wrong certificate authority',
    args: async ({ plane }) => {
      const { certificate: certificateAuthority } = new CertificateAuthority('another');
      return run(await plane.writeKubeconfig('wrong-ca', { token: 'x', certificateAuthority }));
    },
    exitCode: 3,
    says: [/certificate/, /kubeconfig/],
  },
  {
    what: 'a token that is none',
    args: async ({ plane }) => run(await plane.writeKubeconfig('no-token', { token: 'not-a-token' })),
    exitCode: 3,
    says: [/credentials|token/, /Unauthorized|401/],
  },
  {
    what: 'a token that has expired',
    args: async ({ plane }) =>
      run(await plane.writeKubeconfig('expired', { token: await expiredToken(plane) })),
    exitCode: 3,
    says: [/expired|Unauthorized/],
  },
  {
    what: 'a kubeconfig that does not exist',
    args: async ({ plane }) => run(join(plane.dir, 'no-such.kubeconfig')),
    exitCode: 3,
    says: [/no-such\.kubeconfig/],
  },
  {
    what: 'a context that does not exist',
    args: async ({ kubeconfig }) => [...run(kubeconfig), '--context', 'elsewhere'],
    exitCode: 3,
    says: [/elsewhere/],
  },
  ...[
    ['list', 'nodes'],
    ['watch', 'nodes'],
    ['list', 'pods'],
    ['create', 'pods/binding'],
  ].map(([verb = '', resource = '']) => ({
    what: `the right to ${verb} ${resource} missing`,
    args: async ({ plane }: TestCluster) => run(await without(plane, verb, resource)),
    exitCode: 3,
    says: [new RegExp(verb), new RegExp(resource), /RBAC|grant/],
  })),
  {
    what: 'an unknown flag',
    args: async ({ kubeconfig }) => [...run(kubeconfig), '--kubeconfg', 'x'],
    exitCode: 2,
    says: [/--kubeconfg/, /--help|--kubeconfig/],
  },
  {
    what: 'an unknown command',
    args: async () => ['runn'],
    exitCode: 2,
    says: [/runn/],
  },
  {
    what: 'a configuration file that does not exist',
    args: async ({ kubeconfig, plane }) => [...run(kubeconfig), '--config', join(plane.dir, 'no-such.yaml')],
    exitCode: 2,
    says: [/no-such\.yaml/],
  },
  {
    what: 'a configuration file that is not YAML',
    args: (cluster) => config(cluster, 'kind: [KubeSchedulerConfiguration\nprofiles: {'),
    exitCode: 2,
    says: [/\.yaml:\d+/],
  },
  {
    what: 'an unknown field in the configuration file',
    args: (cluster) => config(cluster, `${CONFIG_HEAD}\nprofils: []\n`),
    exitCode: 2,
    says: [/profils/, /\.yaml:3/],
  },
  {
    what: 'an unknown plugin in the configuration file',
    args: (cluster) =>
      config(
        cluster,
        `${CONFIG_HEAD}\nprofiles:\n- schedulerName: berth\n  plugins: {filter: {enabled: [{name: NodeAfinity}]}}\n`,
      ),
    exitCode: 2,
    says: [/NodeAfinity/],
  },
];

const CONFIG_HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration';

describe('what a person got wrong is told in one line, with the right exit code', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster(nodeGroup(1, { name: 'node' }), { components: { scheduler: false } });
  }, 120_000);

  afterAll(async () => {
    await cluster?.plane.stop();
  });

  it.each(CASES)('$what', async ({ args, exitCode, says }) => {
    const end = await BerthProcess.runToEnd(cluster.plane, await args(cluster), 25_000);
    expectOneClearLine(end);
    for (const pattern of says) expect(end.stderr).toMatch(pattern);
    expect(end.code).toBe(exitCode);
  });
});

function expectOneClearLine({ stdout, stderr }: BerthEnd): void {
  expect(stdout).toBe('');
  expect(stderr.split('\n').filter((line) => line !== '')).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at |\n\s+at |\bat file:|\[object |undefined|\bnode:internal/);
}

function run(kubeconfig: string): string[] {
  return ['run', '--kubeconfig', kubeconfig, ...QUIET];
}

async function config({ plane, kubeconfig }: TestCluster, text: string): Promise<string[]> {
  const path = join(plane.dir, 'broken.yaml');
  await writeFile(path, text);
  return [...run(kubeconfig), '--config', path];
}

/** A token as the API server would issue it, signed by its own key, but of yesterday. */
async function expiredToken(plane: ControlPlane): Promise<string> {
  const kubeconfig = await readFile(await plane.serviceAccountKubeconfig(NAMESPACE, SERVICE_ACCOUNT), 'utf8');
  const { token } = (JSON.parse(kubeconfig) as { users: [{ user: { token: string } }] }).users[0].user;
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const yesterday = Math.floor(Date.now() / 1000) - 86_400;
  const old = { ...claims, iat: yesterday, nbf: yesterday, exp: yesterday + 3_600 };
  const signed = `${header}.${Buffer.from(JSON.stringify(old)).toString('base64url')}`;
  const key = createPrivateKey(await readFile(join(plane.dir, 'service-account.key')));
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A kubeconfig of a ServiceAccount that has all rights of Berth's ClusterRole but one. */
async function without(plane: ControlPlane, verb: string, resource: string): Promise<string> {
  const role = (await baseManifests(plane)).find(({ kind }) => kind === 'ClusterRole');
  if (role === undefined) throw new Error('the manifests have no ClusterRole');
  const rules = (role.rules as readonly Rule[]).map((rule) =>
    rule.resources.includes(resource)
      ? { ...rule, verbs: rule.verbs.filter((candidate) => candidate !== verb) }
      : rule,
  );
  expect(rules).not.toEqual(role.rules);
  const name = `without-${verb}-${resource.replace('/', '-')}`;
  const manifests: Manifest[] = [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: NAMESPACE } as { name: string },
    },
    // A rule without verbs is not valid.
    { ...role, metadata: { name }, rules: rules.filter(({ verbs }) => verbs.length > 0) },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
    },
  ];
  await apply(plane, manifests);
  return plane.serviceAccountKubeconfig(NAMESPACE, name);
}
