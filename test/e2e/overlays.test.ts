import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ApiObject } from '../controlplane/api-client.js';
import type { Child } from '../controlplane/child-process.js';
import { startControlPlane } from '../controlplane/control-plane.js';
import { createKwokNode } from '../controlplane/kwok-node.js';
import { projectRoot } from '../controlplane/project-root.js';
import { operatorKinds } from '../prometheus/operator-kinds.js';
import { bindersOfAll } from './audit.js';
import { AUDIT_POLICY, BERTH_USER, NAMESPACE, SERVICE_ACCOUNT } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { nodesUsable, type TestCluster } from './cluster-setup.js';
import { until } from './until.js';
import { createPods, PODS, type Pod } from './workload.js';

jest.setTimeout(180_000);

const OVERLAYS = join(projectRoot(), 'manifests', 'overlays');
const REPLICAS = `/api/v1/namespaces/${NAMESPACE}/pods`;
/** Short, so that a test does not wait long for a lease to run out. */
const SHORT = ['lease-duration=4s', 'renew-deadline=3s', 'retry-period=500ms'];

let plane: TestCluster['plane'];

beforeAll(async () => {
  plane = await startControlPlane({ auditPolicy: AUDIT_POLICY, components: { scheduler: false } });
  const zones = ['a', 'a', 'b', 'b'];
  await Promise.all(
    zones.map((zone, index) =>
      createKwokNode(plane.api, { name: `node-${index}`, labels: { 'topology.kubernetes.io/zone': zone } }),
    ),
  );
  await nodesUsable(plane, zones.length);
  const items = { apiVersion: 'v1', kind: 'List', items: operatorKinds };
  await plane.kubectl(['apply', '-f', '-'], { input: JSON.stringify(items) });
  await plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await plane.kubectl(['create', 'namespace', 'monitoring']);
}, 120_000);

afterAll(async () => {
  await plane?.stop();
});

async function replicas(): Promise<Pod[]> {
  const { items } = await plane.api.list<Pod>(REPLICAS);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Waits for that many pods of Berth's that have a node, and returns the names of the nodes. */
async function placed(count: number): Promise<string[]> {
  let nodes: string[] = [];
  await until(`${count} replicas with a node`, async () => {
    nodes = (await replicas()).flatMap(({ spec }) => spec.nodeName ?? []);
    return nodes.length === count;
  });
  return nodes;
}

/** kube-scheduler as control planes run it: for its own Lease. */
async function startKubeScheduler(name: string): Promise<Child> {
  const election = SHORT.map((flag) => `--leader-elect-${flag}`);
  const kubeconfig = join(plane.dir, 'kube-scheduler.kubeconfig');
  const files = ['--kubeconfig', '--authentication-kubeconfig', '--authorization-kubeconfig'];
  return plane.run(name, plane.program('kube-scheduler'), [
    ...plane.schedulerArgs,
    ...files.map((flag) => `${flag}=${kubeconfig}`),
    ...election,
    '--leader-elect=true',
    '--bind-address=127.0.0.1',
    '--secure-port=0',
  ]);
}

describe('a real API server', () => {
  it.each(['minikube', 'ha', 'monitoring', 'minikube-monitoring', 'replace-default'])(
    'takes the overlay %s',
    async (overlay) => {
      // What is in a namespace cannot be tried before the namespace is there.
      await plane.kubectl(['apply', '-f', join(projectRoot(), 'manifests/base/namespace.yaml')]);
      const order = ['apply', '--server-side', '--dry-run=server', '-k', join(OVERLAYS, overlay)];
      const answer = await plane.kubectl(order);
      expect(answer.trim().split('\n').length).toBeGreaterThan(20);
    },
  );

  it('takes the base with the components that are in no overlay', async () => {
    const folder = join(plane.dir, 'components');
    await cp(join(projectRoot(), 'manifests'), join(folder, 'manifests'), { recursive: true });
    const components = ['serving-certificate', 'without-preemption'];
    await writeFile(
      join(folder, 'kustomization.yaml'),
      JSON.stringify({
        resources: ['manifests/base'],
        components: components.map((name) => `manifests/components/${name}`),
      }),
    );
    const answer = await plane.kubectl(['apply', '--server-side', '--dry-run=server', '-k', folder]);
    expect(answer).toContain('deployment.apps/berth');
    expect(answer).not.toContain('preemption');
  });
});

describe('Berth in the place of kube-scheduler', () => {
  let kubeScheduler: Child;
  let berth: BerthProcess;

  const holder = async (): Promise<string> => {
    const lease = await plane.api.get<ApiObject & { spec: { holderIdentity?: string } }>(
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler',
    );
    return lease.spec.holderIdentity ?? '';
  };

  /** Creates a pod that names no scheduler, and tells who bound it. */
  async function binderOf(name: string): Promise<string> {
    await createPods(plane.api, [{ name, spec: { schedulerName: undefined } }]);
    await until(`${name} bound`, async () => {
      const { spec } = await plane.api.get<Pod>(`${PODS}/${name}`);
      return spec.nodeName !== undefined;
    });
    return (await bindersOfAll(plane, [name])).get(name)?.join() ?? '';
  }

  it('is placed by kube-scheduler, its replicas apart, and waits while kube-scheduler leads', async () => {
    kubeScheduler = await startKubeScheduler('kube-scheduler-1');
    await plane.kubectl(['apply', '-k', join(OVERLAYS, 'replace-default')]);
    const nodes = await placed(2);
    const zones = nodes.map((node) => (['node-0', 'node-1'].includes(node) ? 'a' : 'b'));
    expect(zones.sort()).toEqual(['a', 'b']);

    const config = join(OVERLAYS, 'replace-default', 'scheduler-config.yaml');
    const election = SHORT.map((flag) => `--${flag}`);
    berth = await BerthProcess.start(plane, {
      kubeconfig: await plane.serviceAccountKubeconfig(NAMESPACE, SERVICE_ACCOUNT),
      args: ['--config', config, '--allow-default-lease', ...election],
    });
    expect(await berth.isLeader()).toBe(false);
    expect(await binderOf('first')).toBe('system:kube-scheduler');
  });

  it('decides once kube-scheduler has let go of the Lease, and goes on when it is back', async () => {
    await kubeScheduler.stop();
    await until('Berth leads', () => berth.isLeader());
    expect(await binderOf('second')).toBe(BERTH_USER);
    const ours = await holder();
    kubeScheduler = await startKubeScheduler('kube-scheduler-2');
    await until('kube-scheduler asks for the Lease', async () =>
      /attempting to acquire leader lease/i.test(kubeScheduler.stderr()),
    );
    expect(await binderOf('third')).toBe(BERTH_USER);
    expect(await holder()).toBe(ours);
  });

  it('comes back through kube-scheduler when no replica is left', async () => {
    await berth.child.kill();
    const lost = (await replicas()).map(({ metadata }) => metadata.name);
    await plane.kubectl(['-n', NAMESPACE, 'delete', 'pods', ...lost, '--force', '--grace-period=0']);
    await placed(2);
    const names = (await replicas()).map(({ metadata }) => metadata.name);
    expect(names.filter((name) => lost.includes(name))).toEqual([]);
    const binders = await bindersOfAll(plane, names);
    for (const name of names) expect(binders.get(name)).toEqual(['system:kube-scheduler']);
  });
});
