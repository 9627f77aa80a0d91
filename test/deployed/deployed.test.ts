import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../controlplane/project-root.js';
import { berthRequests, bindersByPod, requestsOf } from '../e2e/audit.js';
import { AUDIT_POLICY, BERTH, BERTH_USER, NAMESPACE, PROMETHEUS } from '../e2e/berth-installation.js';
import { addFakeNodes, ON_FAKE_NODES } from '../e2e/fake-nodes.js';
import { HeldBindings } from '../e2e/held-bindings.js';
import { Outages } from '../e2e/outages.js';
import { PodWatch } from '../e2e/pod-watch.js';
import { grantedRights, unusedRights } from '../e2e/rights.js';
import { RightsInUse } from '../e2e/rights-in-use.js';
import { until } from '../e2e/until.js';
import { createPods } from '../e2e/workload.js';
import { ensureBerthImage } from '../realcluster/berth-image.js';
import { unpackedSize } from '../realcluster/image.js';
import { type RealCluster, startRealCluster } from '../realcluster/real-cluster.js';
import { Arrivals } from './arrivals.js';
import { type BerthPod, InstalledBerth } from './installed-berth.js';
import { allowPrometheus, ROLES, startScraping } from './prometheus-scrape.js';
import { ServiceAccountKeys } from './service-account-keys.js';
import { highAvailability, patientLeader } from './variants.js';
import { runningDeployment } from './workloads.js';

const FAKE_NODES = 100;
const manifests = join(projectRoot(), 'manifests');

describe('Berth, deployed beside kube-scheduler in a cluster whose nodes run containers', () => {
  let cluster: RealCluster;
  let watch: PodWatch;
  let berth: InstalledBerth;
  let imageSize: number;
  const outages = new Outages();

  beforeAll(async () => {
    const log = (line: string) => void process.stderr.write(`${line}\n`);
    const image = await ensureBerthImage({ log });
    imageSize = await unpackedSize(image);
    cluster = await startRealCluster({
      nodes: 2,
      images: [image],
      controlPlane: { auditPolicy: AUDIT_POLICY },
    });
    watch = await PodWatch.start(cluster.plane.api);
    berth = new InstalledBerth(cluster);
  }, 600_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.stop();
  }, 60_000);

  it('becomes ready under the strictest pod security standard, applied as the overlay for minikube', async () => {
    await cluster.plane.kubectl(['apply', '-k', join(manifests, 'overlays', 'minikube')]);
    await berth.ready(1);
    const { metadata } = await cluster.plane.api.get<{ metadata: { labels: Record<string, string> } }>(
      `/api/v1/namespaces/${NAMESPACE}`,
    );
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    await until('a leader', async () => (await berth.leader()) !== undefined);
    await addFakeNodes(cluster.plane, FAKE_NODES);
    await createPods(cluster.plane.api, [{ name: 'first', ...ON_FAKE_NODES }]);
    await watch.bound('first');
  }, 120_000);

  it('is small: an image of at most 200 MB, at most 100 MB of memory at rest with a hundred nodes', async () => {
    const pod = await onlyPod();
    let memory = Number.POSITIVE_INFINITY;
    // Right after the start there is garbage that nobody has had to collect yet.
    const isSmall = async (): Promise<boolean> => {
      memory = await berth.memory(pod);
      return memory <= 100e6;
    };
    const atRest = until('100 MB of memory or less', isSmall, 120_000);
    await atRest.finally(() => {
      const [image, own] = [imageSize, memory].map((bytes) => Math.round(bytes / 1e6));
      console.log(`the image has ${image} MB; Berth has ${own} MB of memory with ${FAKE_NODES + 2} nodes`);
    });
    expect(imageSize).toBeLessThanOrEqual(200e6);
  }, 150_000);

  it('has the five pods of a Deployment run that names it, while kube-scheduler places those that do not', async () => {
    const ours = await runningDeployment(cluster.plane, {
      name: 'ours',
      replicas: 5,
      schedulerName: 'berth',
    });
    const theirs = await runningDeployment(cluster.plane, { name: 'theirs', replicas: 3 });
    const binders = await bindersByPod(cluster.plane);
    expect(ours.map((pod) => binders.get(pod)?.join())).toEqual(Array(5).fill(BERTH_USER));
    expect(theirs.map((pod) => binders.get(pod)?.join())).toEqual(Array(3).fill('system:kube-scheduler'));
  }, 120_000);

  it('shows its metrics to a Prometheus that may see them, and to nobody else', async () => {
    const pod = await onlyPod();
    await allowPrometheus(cluster.plane);
    const { prometheus, stop } = await startScraping(cluster.plane, pod);
    for (const job of ['annotated', ...ROLES])
      await until(`the metrics of Berth in Prometheus, in job ${job}`, async () => {
        const scheduled = `scheduler_schedule_attempts_total{job="${job}", result="scheduled"}`;
        const found = await prometheus.query(`sum(${scheduled})`);
        return (found[0]?.value ?? 0) >= 5;
      });
    const stranger = await cluster.plane.serviceAccountToken('default', 'default');
    // Who shows nothing is system:anonymous, which may not; who shows something false is nobody.
    expect(await berth.get(pod, '/metrics')).toMatchObject({ status: 403 });
    expect(await berth.get(pod, '/metrics', { token: 'made-up' })).toMatchObject({ status: 401 });
    expect(await berth.get(pod, '/metrics', { token: stranger })).toMatchObject({ status: 403 });
    expect(await berth.get(pod, '/livez')).toMatchObject({ status: 200 });
    await stop();
  }, 120_000);

  it('uses its rights over pods, volumes and events', async () => {
    const rights = new RightsInUse(cluster.plane, watch);
    await rights.preempt();
    await rights.bindVolumes();
    await rights.repeatRefusal();
    expect(watch.moved).toEqual([]);
  }, 120_000);

  it('loses nothing when its Deployment is restarted', async () => {
    const arrivals = Arrivals.start(cluster, watch, 'rollout');
    const before = await onlyPod();
    await cluster.plane.kubectl(['-n', NAMESPACE, 'rollout', 'restart', 'deployment/berth']);
    await rolledOut();
    await until('another leader', async () => {
      const leader = await berth.leader();
      return leader !== undefined && leader.metadata.uid !== before.metadata.uid;
    });
    expect(await arrivals.faults()).toEqual([]);
  }, 120_000);

  it('loses nothing when its process is killed', async () => {
    const arrivals = Arrivals.start(cluster, watch, 'killed');
    const [before] = await berth.ready(1);
    const pod = before as BerthPod;
    process.kill(await berth.process(pod), 'SIGKILL');
    const { passed, worked } = await berth.timeToReady(pod);
    console.log(
      `ready ${Math.round(passed)} ms after its process was started, ${worked} ms of processor time`,
    );
    expect(await arrivals.faults()).toEqual([]);
    expect(await berth.formerEnds()).toEqual(['Error']);
  }, 120_000);

  it('goes on as the same process when the API server crashes with bindings on their way, and loses nothing', async () => {
    // A machine that has much to do may start an API server no sooner than an ordinary Lease runs out.
    await cluster.plane.kubectl(['apply', '-k', await patientLeader(cluster.dir)]);
    const pod = await leads();
    const before = await berth.process(pod);
    const arrivals = Arrivals.start(cluster, watch, 'crash');
    const held = await HeldBindings.start(cluster.plane.api);
    await until('bindings on their way', async () => held.count >= 5);
    await outages.during(async () => {
      await cluster.plane.stopApiServer({ crash: true });
      held.letGo();
      await cluster.plane.startApiServer();
    });
    expect(await arrivals.faults()).toEqual([]);
    expect({ process: await berth.process(pod), ended: await berth.formerEnds() }).toEqual({
      process: before,
      ended: [],
    });
    await held.stop();
  }, 120_000);

  it('goes on with the next token when the one that it began with is void', async () => {
    const arrivals = Arrivals.start(cluster, watch, 'token');
    const pod = await leads();
    const [before, former] = [await berth.process(pod), await berth.token(pod)];
    const keys = new ServiceAccountKeys(cluster.plane);
    await outages.during(() => keys.roll());
    // A kubelet renews a token when four fifths of its life are over; one that has just started asks for new ones.
    await cluster.node(pod.spec.nodeName).restartKubelet();
    await until('another token in the pod', async () => (await berth.token(pod)) !== former);
    await outages.during(() => keys.retireFormer());
    const stale = await cluster.plane.writeKubeconfig('former', { token: former });
    await expect(cluster.plane.kubectl(['--kubeconfig', stale, 'get', 'nodes'])).rejects.toThrow(
      /Unauthorized|must be logged in/,
    );
    expect(await arrivals.faults()).toEqual([]);
    expect(await berth.process(pod)).toBe(before);
  }, 120_000);

  it('hands over to a second replica on another node, and loses nothing', async () => {
    await cluster.plane.kubectl(['apply', '-k', await highAvailability(cluster.dir)]);
    await rolledOut();
    const pods = await berth.ready(2);
    expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2);
    await until('a leader', async () => (await berth.leader()) !== undefined);

    const arrivals = Arrivals.start(cluster, watch, 'handover');
    const leader = (await berth.leader()) as BerthPod;
    await cluster.plane.kubectl(['-n', NAMESPACE, 'delete', 'pod', leader.metadata.name, '--wait=false']);
    // Mostly the standby; but the pod that takes the former leader's place is there within a second, and may be quicker.
    await until('another replica leads', async () => {
      const uid = (await berth.leader())?.metadata.uid;
      return uid !== undefined && uid !== leader.metadata.uid;
    });
    expect(await arrivals.faults()).toEqual([]);
    await berth.ready(2);
  }, 120_000);

  it('was never refused anything, and has used every right that it has', async () => {
    expect(outages.refused(await berthRequests(cluster.plane))).toEqual([]);
    expect((await grantedRights(cluster.plane, BERTH)).length).toBeGreaterThan(30);
    expect(await unusedRights(cluster.plane, BERTH)).toEqual([]);
  });

  it('has given Prometheus no more and no less than it needs', async () => {
    expect(outages.refused(await requestsOf(cluster.plane, PROMETHEUS))).toEqual([]);
    expect((await grantedRights(cluster.plane, PROMETHEUS)).length).toBeGreaterThan(5);
    expect(await unusedRights(cluster.plane, PROMETHEUS)).toEqual([]);
  });

  /** Until then, two pods may be a new one and one that is about to go. */
  async function rolledOut(): Promise<void> {
    await cluster.plane.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/berth', '--timeout=60s']);
  }

  /** The only pod, once it leads: the rollout that brought it is over then. */
  async function leads(): Promise<BerthPod> {
    await rolledOut();
    const pod = await onlyPod();
    await until('it leads', async () => (await berth.leader())?.metadata.uid === pod.metadata.uid);
    return pod;
  }

  async function onlyPod(): Promise<BerthPod> {
    const [pod] = await berth.ready(1);
    return pod as BerthPod;
  }
});
