import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { bindersByPod, placementFaults } from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess, UNHURRIED } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { createPods, deleteAllPods, replicas } from './workload.js';

const PODS = 600;
/** Early enough for most of the work to lie ahead. */
const MIDDLE = 100;

/** Without an API server Berth gives up after the renew deadline, as it should: long enough for a slow machine to start one. */
const PATIENT = ['--lease-duration', '60s', '--renew-deadline', '40s'];

describe('in the middle of 600 pods', () => {
  let cluster: TestCluster;
  let watch: PodWatch;
  let berth: BerthProcess;

  beforeAll(async () => {
    cluster = await startCluster(nodeGroup(50, { name: 'node', allocatable: { pods: '500', cpu: '32' } }), {
      components: { scheduler: false },
    });
    watch = await PodWatch.start(cluster.plane.api);
  }, 120_000);

  afterEach(async () => {
    await berth?.child.stop();
    await deleteAllPods(cluster.plane.api);
    await watch.until('all pods deleted', () => watch.pods().length === 0);
  });

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  /** Creates the pods while nobody schedules, starts Berth, and returns when some are bound and most are not. */
  async function intoTheMiddle(name: string, args: readonly string[]): Promise<void> {
    await createPods(cluster.plane.api, replicas(PODS, { name, requests: { cpu: '100m', memory: '64Mi' } }));
    berth = await BerthProcess.launch(cluster.plane, { ...cluster, args: [...UNHURRIED, ...args] });
    await watch.until('some pods bound', () => watch.boundCount() >= MIDDLE);
  }

  async function expectNothingLost(name: string, pods = PODS): Promise<void> {
    await watch.until('all pods bound', () => watch.boundCount() === pods, 90_000);
    const binders = await bindersByPod(cluster.plane);
    const notOnce = [...binders].filter(
      ([pod, users]) => pod.startsWith(`${name}-`) && users.join() !== BERTH_USER,
    );
    expect(notOnce).toEqual([]);
    expect(watch.moved).toEqual([]);
    expect(await placementFaults(cluster.plane)).toEqual([]);
  }

  it('Berth is asked to stop: it ends well, and its successor binds the rest', async () => {
    await intoTheMiddle('term', []);
    const { code } = await berth.child.stop(20_000);
    expect(code).toBe(0);
    // What was decided may have been bound on the way out; what comes now must wait for the successor.
    const bound = await boundNow();
    await createPods(cluster.plane.api, replicas(50, { name: 'term-late', requests: { cpu: '100m' } }));
    expect(await boundNow()).toBe(bound);

    berth = await BerthProcess.start(cluster.plane, { ...cluster, args: UNHURRIED });
    await expectNothingLost('term', PODS + 50);
  }, 120_000);

  it('Berth is killed: its successor binds the rest', async () => {
    await intoTheMiddle('kill', ['--leader-elect=false']);
    await berth.child.kill();
    expect(await boundNow()).toBeLessThan(PODS);

    berth = await BerthProcess.start(cluster.plane, {
      ...cluster,
      args: [...UNHURRIED, '--leader-elect=false'],
    });
    await expectNothingLost('kill');
  }, 120_000);

  it.each([
    ['crashes', true],
    ['is restarted in order', false],
  ])(
    'the API server %s: the same Berth, still leading, binds the rest',
    async (_, crash) => {
      const name = crash ? 'crash' : 'restart';
      await intoTheMiddle(name, PATIENT);
      await cluster.plane.stopApiServer({ crash });
      await sleep(1_000);
      // The watch may have missed the last ones, the audit log has not.
      const before = (await bindersByPod(cluster.plane, `${name}-`)).size;
      expect(before).toBeLessThan(PODS - MIDDLE);
      await cluster.plane.startApiServer();
      const up = performance.now();

      await expectNothingLost(name);
      console.log(
        `${before} of ${PODS} were bound; all ${Math.round(performance.now() - up)} ms after the API server was ready again`,
      );
      expect(berth.child.running).toBe(true);
    },
    120_000,
  );

  async function boundNow(): Promise<number> {
    const { items } = await cluster.plane.api.list<never>('/api/v1/pods?fieldSelector=spec.nodeName!=');
    return items.length;
  }
});
