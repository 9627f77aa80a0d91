import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DoctorReport } from '../../src/commands/doctor/report.js';
import { freePorts } from '../controlplane/free-port.js';
import { projectRoot } from '../controlplane/project-root.js';
import { apply, type Manifest } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster(nodeGroup(2, { name: 'node' }), { components: { scheduler: false } });
}, 120_000);

afterAll(() => cluster?.plane.stop());

function doctor(kubeconfig: string, ...args: string[]) {
  return BerthProcess.runToEnd(cluster.plane, ['doctor', '--kubeconfig', kubeconfig, ...args]);
}

async function report(kubeconfig: string, ...args: string[]) {
  const { code, stdout, stderr } = await doctor(kubeconfig, '-o', 'json', ...args);
  expect(stderr).toBe('');
  const { findings, ...sum } = JSON.parse(stdout) as DoctorReport;
  const finding = (check: string) => findings.find((each) => each.check === check);
  return { code, ...sum, findings, finding };
}

/** Does as the report says. */
async function mend(remedy: string | undefined): Promise<void> {
  const [program, ...args] = remedy?.split(' ') ?? [];
  expect(program).toBe('kubectl');
  await cluster.plane.kubectl(args);
}

const object = (kind: string, apiVersion: string, name: string, rest: object, namespace?: string): Manifest =>
  ({ kind, apiVersion, metadata: { name, ...(namespace && { namespace }) }, ...rest }) as Manifest;

describe('berth doctor', () => {
  it('finds nothing that fails where the manifests were applied', async () => {
    const { code, healthy, counts, findings } = await report(cluster.kubeconfig);
    expect(findings.filter(({ status }) => status === 'fail' || status === 'skipped')).toEqual([]);
    expect({ code, healthy, fail: counts.fail }).toEqual({ code: 0, healthy: true, fail: 0 });
  }, 30_000);

  it('asks about the rights of a ServiceAccount, verb by verb, and names the commands that grant them', async () => {
    const { plane } = cluster;
    const rbac = 'rbac.authorization.k8s.io';
    await apply(plane, [
      object('ServiceAccount', 'v1', 'half', {}, 'default'),
      object('ClusterRole', `${rbac}/v1`, 'half', {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
      }),
      object('ClusterRoleBinding', `${rbac}/v1`, 'half', {
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'half' },
        subjects: [{ kind: 'ServiceAccount', name: 'half', namespace: 'default' }],
      }),
    ]);
    const asked = ['--service-account', 'default/half'];
    const before = await report(plane.adminKubeconfig, ...asked);
    expect(before).toMatchObject({ code: 1, healthy: false });
    expect(before.finding('right pods')).toEqual({
      check: 'right pods',
      status: 'fail',
      message: 'missing: watch, delete',
      remedy: 'kubectl apply -k manifests/base (or the overlay in use)',
    });
    const reviews = before.finding('right tokenreviews.authentication.k8s.io');
    const configMap = before.finding('right configmaps in namespace kube-system');
    expect([reviews?.status, configMap?.status]).toEqual(['warn', 'warn']);
    await mend(reviews?.remedy);
    await mend(configMap?.remedy);
    const after = await report(plane.adminKubeconfig, ...asked);
    for (const { check } of [reviews, configMap].filter((finding) => finding !== undefined))
      expect(after.finding(check)?.status).toBe('ok');
    expect(after.finding('right subjectaccessreviews.authorization.k8s.io')?.status).toBe('ok');
  }, 60_000);

  it('wants the namespace of the lease to be there', async () => {
    const { plane } = cluster;
    const args = ['--lease-namespace', 'elsewhere'];
    const before = await report(plane.adminKubeconfig, ...args);
    expect(before.code).toBe(1);
    expect(before.finding('namespace')).toMatchObject({ status: 'fail' });
    await mend(before.finding('namespace')?.remedy);
    const after = await report(plane.adminKubeconfig, ...args);
    expect(after.finding('namespace')).toEqual({ check: 'namespace', status: 'ok', message: 'elsewhere' });
  }, 60_000);

  it("does not let the lease be kube-scheduler's, nor one that another program holds", async () => {
    const { plane } = cluster;
    const defaults = ['--lease-namespace', 'kube-system', '--lease-name', 'kube-scheduler'];
    const own = await report(plane.adminKubeconfig, ...defaults);
    expect(own.code).toBe(1);
    expect(own.findings.filter(({ check }) => check === 'lease')[0]).toMatchObject({
      status: 'fail',
      message: expect.stringContaining("belongs to the cluster's own kube-scheduler"),
    });
    const spec = {
      holderIdentity: 'else_1',
      leaseDurationSeconds: 3600,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    };
    await apply(plane, [object('Lease', 'coordination.k8s.io/v1', 'taken', { spec }, 'default')]);
    const taken = await report(
      plane.adminKubeconfig,
      '--lease-namespace',
      'default',
      '--lease-name',
      'taken',
    );
    expect(taken.finding('lease')).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(
        /^default\/taken is held by another program: else_1, which writes as kubectl/,
      ),
    });
  }, 60_000);

  it('tells of pods that wait, and whether somebody is there for them', async () => {
    const { plane } = cluster;
    const pod = object(
      'Pod',
      'v1',
      'too-large',
      {
        spec: {
          schedulerName: 'berth',
          containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1000' } } }],
        },
      },
      'default',
    );
    await apply(plane, [pod]);
    const alone = await report(plane.adminKubeconfig);
    expect(alone.finding('pods of berth')).toMatchObject({
      status: 'warn',
      message: '1 waits, and nobody holds the lease to place them',
    });
    const berth = await BerthProcess.start(plane, { kubeconfig: cluster.kubeconfig });
    try {
      for (;;) if (await berth.isLeader()) break;
      const served = await report(plane.adminKubeconfig);
      expect(served.finding('lease')).toMatchObject({
        status: 'ok',
        message: expect.stringMatching(/^berth-system\/berth is held by \S+, renewed \d+ s ago$/),
      });
      expect(served.finding('pods of berth')?.message).toBe('1 waits; their events tell why');
    } finally {
      await berth.child.stop();
      await plane.kubectl(['delete', 'pod', 'too-large']);
    }
    const given = await report(plane.adminKubeconfig);
    expect(given.finding('lease')?.message).toBe('berth-system/berth is free');
  }, 90_000);

  it('ends with 3 where no cluster is in reach, and with 2 for a flag that cannot be used', async () => {
    const [port = 0] = await freePorts(1);
    const away = await cluster.plane.writeKubeconfig('away', {
      token: 'x',
      server: `https://127.0.0.1:${port}`,
    });
    const { code, counts, finding } = await report(away);
    expect(code).toBe(3);
    expect(finding('API server')).toMatchObject({ status: 'fail' });
    expect(counts.skipped).toBeGreaterThan(0);
    const refused = await cluster.plane.writeKubeconfig('refused', { token: 'made-up' });
    expect((await report(refused)).code).toBe(3);
    expect((await doctor(away, '--service-account', 'berth')).code).toBe(2);
  }, 60_000);

  it('looks at the rest although the configuration cannot be used', async () => {
    const file = join(projectRoot(), 'package.json');
    const { code, finding, findings } = await report(cluster.plane.adminKubeconfig, '--config', file);
    expect(code).toBe(1);
    expect(finding('configuration')).toMatchObject({ status: 'fail', remedy: `berth config check ${file}` });
    expect(finding('version')?.status).toBe('ok');
    expect(findings.filter(({ status }) => status === 'skipped').length).toBeGreaterThan(0);
  }, 30_000);
});

describe('docs/doctor.md', () => {
  const page = readFileSync(join(projectRoot(), 'docs', 'doctor.md'), 'utf8');
  const blocks = [...page.matchAll(/^```console\n\$ (.*)\n([\s\S]*?)^```$/gm)].map(
    ([, command = '', output = '']) => [command, output] as const,
  );
  /** What is different in every cluster and every run. */
  const settled = (text: string): string =>
    text
      .replace(/https:\/\/\S+ \(kubeconfig .*\)/g, 'ADDRESS')
      .replace(/after \d+ ms/g, 'after some ms')
      .replace(/read kubeconfig \S+nowhere\.yaml/g, 'read kubeconfig nowhere.yaml')
      .replace(/berth-system\/berth is (free|not there yet.*)/g, 'berth-system/berth is to be had')
      .replace(/Kubernetes v1\.\d+\.\d+ /g, 'Kubernetes VERSION ');

  it.each(blocks)('shows what "%s" prints', async (command, output) => {
    const [first = '', echo] = command.split('; ');
    const [, , ...args] = first.split(' ');
    const kubeconfig = args.includes('--kubeconfig') ? [] : ['--kubeconfig', cluster.plane.adminKubeconfig];
    const end = await BerthProcess.runToEnd(cluster.plane, ['doctor', ...kubeconfig, ...args]);
    const shown = echo === undefined ? end.stdout : `${end.stdout}${end.code}\n`;
    expect(settled(shown)).toBe(settled(output));
  });

  it('has examples', () => {
    expect(blocks).toHaveLength(2);
  });
});
