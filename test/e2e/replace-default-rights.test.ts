import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '../controlplane/control-plane.js';
import { createKwokNode } from '../controlplane/kwok-node.js';
import { projectRoot } from '../controlplane/project-root.js';
import { berthRequests, bindersOfAll } from './audit.js';
import { AUDIT_POLICY, BERTH, BERTH_USER, NAMESPACE } from './berth-installation.js';
import { nodeGroup, nodesUsable } from './cluster-setup.js';
import { DeployedBerth } from './deployed-berth.js';
import { addFakeNodes, ON_FAKE_NODES } from './fake-nodes.js';
import { Outages } from './outages.js';
import { PodWatch } from './pod-watch.js';
import { grantedRights, unusedRights } from './rights.js';
import { RightsInUse } from './rights-in-use.js';
import { until } from './until.js';
import { createPods, type Pod } from './workload.js';

const OVERLAY = join(projectRoot(), 'manifests', 'overlays', 'replace-default');
/** Of a pod that names no scheduler, and so is one for `default-scheduler`. */
const FOR_ANYBODY = { schedulerName: undefined };

describe('Berth, installed as manifests/overlays/replace-default in a cluster that has no kube-scheduler,', () => {
  let plane: ControlPlane;
  let watch: PodWatch;
  let berth: DeployedBerth;
  const outages = new Outages();

  beforeAll(async () => {
    plane = await startControlPlane({ auditPolicy: AUDIT_POLICY, components: { scheduler: false } });
    watch = await PodWatch.start(plane.api);
    const plain = nodeGroup(2, { name: 'plain' });
    await Promise.all(plain.map((node) => createKwokNode(plane.api, node)));
    await nodesUsable(plane, plain.length);
    berth = await DeployedBerth.apply(plane, OVERLAY);
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await berth?.stop();
    await plane?.stop();
  });

  it('makes the Lease of kube-scheduler, and places its own replicas', async () => {
    let placed: Pod[] = [];
    await until('both replicas on nodes', async () => {
      const { items } = await plane.api.list<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods`);
      placed = items.filter(({ spec }) => spec.nodeName !== undefined);
      return placed.length === 2;
    });
    expect(new Set(placed.map(({ spec }) => spec.nodeName)).size).toBe(2);
    const binders = await bindersOfAll(
      plane,
      placed.map(({ metadata }) => metadata.name),
    );
    for (const { metadata } of placed) expect(binders.get(metadata.name)).toEqual([BERTH_USER]);
    const lease = await plane.kubectl(['-n', 'kube-system', 'get', 'lease', 'kube-scheduler', '-o', 'name']);
    expect(lease.trim()).toBe('lease.coordination.k8s.io/kube-scheduler');
  });

  it('places pods that name no scheduler, and pods that name Berth', async () => {
    await addFakeNodes(plane, 3);
    await createPods(plane.api, [
      { name: 'named', spec: ON_FAKE_NODES.spec },
      { name: 'unnamed', spec: { ...ON_FAKE_NODES.spec, ...FOR_ANYBODY } },
    ]);
    await watch.bound('named');
    await watch.bound('unnamed');
    expect(watch.get('unnamed')?.pod.spec.schedulerName).toBe('default-scheduler');
  }, 60_000);

  it('shows its metrics to those alone who may see them', async () => {
    const token = await plane.serviceAccountToken('default', 'default');
    expect(await berth.get('/metrics', { token: 'made-up' })).toMatchObject({ status: 401 });
    expect(await berth.get('/metrics', { token })).toMatchObject({ status: 403 });
    await plane.kubectl([
      ...['create', 'clusterrolebinding', 'scrapes', '--clusterrole=berth-metrics-reader'],
      '--serviceaccount=default:default',
    ]);
    await until('the right to be known', async () => (await berth.get('/metrics', { token })).status === 200);
  });

  it('makes room, binds volumes, repeats itself, and asks again where an answer got lost', async () => {
    const rights = new RightsInUse(plane, watch, FOR_ANYBODY);
    await rights.preempt();
    await rights.bindVolumes();
    await rights.repeatRefusal();
    await rights.loseAnswers(outages);
    expect(watch.moved).toEqual([]);
  }, 120_000);

  it('was never refused anything, and has used every right that it has', async () => {
    expect(outages.refused(await berthRequests(plane))).toEqual([]);
    const inLeaseNamespace = (await grantedRights(plane, BERTH)).filter(
      ({ role }) => role === 'berth-leader-election',
    );
    expect(
      inLeaseNamespace.map(({ namespace, resource, verb }) => `${namespace} ${verb} ${resource}`),
    ).toEqual([
      'kube-system create leases',
      'kube-system get leases',
      'kube-system update leases',
      'kube-system create events',
    ]);
    expect(await unusedRights(plane, BERTH)).toEqual([]);
  });
});
