import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { berthRequests, bindersByPod, isBinding, placementFaults, schedulingEvents } from './audit.js';
import { BERTH_USER, NAMESPACE, SERVICE_ACCOUNT } from './berth-installation.js';
import { BerthProcess, UNHURRIED } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { until } from './until.js';
import { createPods, deleteAllPods, replicas } from './workload.js';

const PODS = 600;
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/berth`;
/** Short, so that a test does not wait long for a lease to run out. */
const SHORT = ['--lease-duration', '4s', '--renew-deadline', '3s', '--retry-period', '500ms'];

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

/** Two replicas of Berth, each with a token of its own, so that the audit log tells them apart. */
interface Pair {
  readonly leader: BerthProcess;
  readonly standby: BerthProcess;
}

describe('two replicas of Berth', () => {
  let cluster: TestCluster;
  let watch: PodWatch;
  let replicasRunning: BerthProcess[] = [];

  beforeAll(async () => {
    cluster = await startCluster(nodeGroup(30, { name: 'node', allocatable: { pods: '500', cpu: '64' } }), {
      components: { scheduler: false },
    });
    watch = await PodWatch.start(cluster.plane.api);
  }, 120_000);

  afterEach(async () => {
    for (const berth of replicasRunning) await berth.child.kill();
    replicasRunning = [];
    await cluster.plane.api.delete(LEASE).catch(() => undefined);
    await deleteAllPods(cluster.plane.api);
    await watch.until('all pods deleted', () => watch.pods().length === 0);
  });

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  async function startPair(args: readonly string[]): Promise<Pair> {
    const leader = await launch(args);
    await until('the first replica leads', () => leader.isLeader());
    const standby = await launch(args);
    await standby.ready();
    expect(await standby.isLeader()).toBe(false);
    return { leader, standby };
  }

  async function launch(args: readonly string[]): Promise<BerthProcess> {
    const kubeconfig = await cluster.plane.serviceAccountKubeconfig(NAMESPACE, SERVICE_ACCOUNT);
    const berth = await BerthProcess.launch(cluster.plane, { kubeconfig, args: [...UNHURRIED, ...args] });
    replicasRunning.push(berth);
    return berth;
  }

  async function expectEachBoundOnce(name: string): Promise<void> {
    const binders = [...(await bindersByPod(cluster.plane, `${name}-`))];
    expect(binders.length).toBeGreaterThan(PODS / 2);
    expect(binders.filter(([, users]) => users.join() !== BERTH_USER)).toEqual([]);
    expect(watch.moved).toEqual([]);
    expect(await placementFaults(cluster.plane)).toEqual([]);
    const scheduled = (await schedulingEvents(cluster.plane))
      .filter(({ reason }) => reason === 'Scheduled')
      .map(({ regarding }) => regarding.uid);
    expect(scheduled.filter((uid, index) => scheduled.indexOf(uid) !== index)).toEqual([]);
  }

  it('go on when the leader is killed in the middle of its work, and bind no pod twice', async () => {
    const { leader, standby } = await startPair(SHORT);
    const created = createPods(cluster.plane.api, orders('killed'));
    await watch.until('some pods bound', () => watch.boundCount() >= 50);
    await leader.child.kill();
    const killed = performance.now();
    await created;
    await watch.until('all pods bound', () => watch.boundCount() === PODS, 60_000);

    console.log(
      `all bound ${Math.round(performance.now() - killed)} ms after the leader was killed (lease of 4 s)`,
    );
    await until('the standby leads', () => standby.isLeader());
    await expectEachBoundOnce('killed');
  }, 120_000);

  it('hand over at once when the leader is asked to stop', async () => {
    // With the ordinary times, so that only a released lease explains a handover within the lease of 15 s.
    const { leader, standby } = await startPair([]);
    const before = await cluster.plane.api.get<Lease>(LEASE);
    const asked = performance.now();
    const { code } = await leader.child.stop(20_000);
    expect(code).toBe(0);
    await until('the standby leads', () => standby.isLeader());
    const handover = performance.now() - asked;

    console.log(`the standby led ${Math.round(handover)} ms after the leader was asked to stop`);
    expect(handover).toBeLessThan(10_000);
    const after = await cluster.plane.api.get<Lease>(LEASE);
    expect(after.spec.holderIdentity).not.toBe(before.spec.holderIdentity);
    expect(after.spec.leaseTransitions).toBe((before.spec.leaseTransitions ?? 0) + 1);
    await createPods(cluster.plane.api, orders('handed'));
    await watch.until('all pods bound', () => watch.boundCount() === PODS, 60_000);
    await expectEachBoundOnce('handed');
  }, 120_000);

  it('write nothing as a former leader that slept through the end of its lease', async () => {
    const { leader, standby } = await startPair(SHORT);
    const created = createPods(cluster.plane.api, orders('frozen'));
    await watch.until('some pods bound', () => watch.boundCount() >= 50);
    leader.child.signal('SIGSTOP');
    await created;
    await until('the standby leads', () => standby.isLeader());
    const takenOver = Date.now();
    await watch.until('all pods bound', () => watch.boundCount() === PODS, 60_000);
    // Work that the sleeper would see as its own, had it not lost the lease.
    await createPods(cluster.plane.api, replicas(50, { name: 'later', requests: { cpu: '100m' } }));
    leader.child.signal('SIGCONT');

    const { code } = await leader.child.exited;
    expect(code).toBe(1);
    await watch.until('the later pods bound', () => watch.boundCount() === PODS + 50);
    await expectEachBoundOnce('frozen');
    const binders = new Set(
      (await berthRequests(cluster.plane))
        .filter(isBinding)
        .filter(({ stageTimestamp }) => Date.parse(stageTimestamp) > takenOver)
        .map(({ user }) => user.extra?.['authentication.kubernetes.io/credential-id']?.join()),
    );
    expect(binders.size).toBe(1);
  }, 120_000);
});

function orders(name: string): ReturnType<typeof replicas> {
  return replicas(PODS, { name, requests: { cpu: '100m', memory: '64Mi' } });
}
