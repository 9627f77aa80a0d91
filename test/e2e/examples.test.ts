import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import { freePorts } from '../controlplane/free-port.js';
import type { KwokNode } from '../controlplane/kwok-node.js';
import { projectRoot } from '../controlplane/project-root.js';
import { berthAnswers, placementFaults } from './audit.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { DeployedBerth, type DeployOptions } from './deployed-berth.js';
import { MovableClock } from './movable-clock.js';
import { PodWatch } from './pod-watch.js';
import { PrometheusServer } from './prometheus-server.js';
import { until } from './until.js';
import { createPods, type PodOrder } from './workload.js';

/*
 * The examples as their users have them: applied with kubectl, read from their ConfigMap, run with what their manifests allow. Each has
 * nodes of its own, which pods choose by the label `case`.
 */

const CPUS = 8;
const GIBIBYTES_PER_CPU = 4;

/** CPUs of nodes on which one pod has room, best first: the default plugins prefer the largest. */
const SLOTS = [20, 10, 6, 4, 3, 2];

const NODES: Readonly<Record<string, readonly KwokNode[]>> = {
  annotation: [{ name: 'low' }, { name: 'high' }, { name: 'unclear' }],
  hours: [{ name: 'desk', labels: { 'example.com/interactive': 'true' } }],
  usage: [{ name: 'calm' }, { name: 'middle' }, { name: 'busy' }],
  queue: SLOTS.map((cpus) => ({
    name: `slot-${cpus}`,
    allocatable: { cpu: String(cpus), memory: `${cpus * GIBIBYTES_PER_CPU}Gi`, pods: '1' },
  })),
};

/** A pod that asks for memory in the proportion of the nodes, so that only its CPUs matter. */
function order(where: string, name: string, milliCpu: number, more: Partial<PodOrder> = {}): PodOrder {
  return {
    ...more,
    name,
    requests: {
      cpu: `${milliCpu}m`,
      memory: `${Math.round((milliCpu / 1_000) * GIBIBYTES_PER_CPU * 1024)}Mi`,
    },
    spec: { nodeSelector: { case: where }, ...more.spec },
  };
}

describe('an example, applied with kubectl,', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let running: DeployedBerth | undefined;

  beforeAll(async () => {
    const nodes = Object.entries(NODES).flatMap(([group, members]) =>
      members.map((node) => ({ ...node, labels: { ...node.labels, case: group } })),
    );
    cluster = await startCluster(nodes, { components: { scheduler: false } });
    api = cluster.plane.api;
    watch = await PodWatch.start(api);
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'important' },
      value: 1_000,
    });
  }, 120_000);

  afterEach(async () => {
    if (running === undefined) return;
    // It gives its lease back, for the next one.
    const { code } = await running.stop();
    running = undefined;
    expect(code).toBe(0);
  });

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  const nodeOf = (name: string): string | undefined => watch.get(name)?.pod.spec.nodeName;

  /** Runs an example as it is, or as its user changes it, in a copy. */
  async function deploy(
    example: string,
    options: DeployOptions = {},
    change?: (configuration: string) => string,
  ): Promise<DeployedBerth> {
    let root = projectRoot();
    if (change !== undefined) {
      root = await mkdtemp(join(cluster.plane.dir, 'copy-'));
      for (const part of ['manifests', `examples/${example}`])
        await cp(join(projectRoot(), part), join(root, part), { recursive: true });
      const file = join(root, 'examples', example, 'berth.yaml');
      const before = await readFile(file, 'utf8');
      const after = change(before);
      if (after === before) throw new Error(`${file} has nothing of what was to be changed`);
      await writeFile(file, after);
    }
    running = await DeployedBerth.apply(cluster.plane, join(root, 'examples', example), options);
    return running;
  }

  async function annotate(node: string, score: string): Promise<void> {
    await api.patch(`/api/v1/nodes/${node}`, { metadata: { annotations: { 'example.com/score': score } } });
  }

  it('node-annotation-score: pods go where the annotation is highest, and where it is after a change', async () => {
    await annotate('low', '10');
    await annotate('high', '95.5');
    await annotate('unclear', 'many');
    // Without the plugin every pod would go to another node than this one.
    await createPods(api, [order('annotation', 'load-of-high', 6_000, { spec: { nodeName: 'high' } })]);
    const berth = await deploy('node-annotation-score');
    const names = ['annotated-0', 'annotated-1', 'annotated-2'];
    await createPods(
      api,
      names.map((name) => order('annotation', name, 250)),
    );
    for (const name of names) await watch.bound(name);
    expect(names.map(nodeOf)).toEqual(['high', 'high', 'high']);

    await annotate('low', '96');
    let pods = 0;
    // Nodes and pods come by different ways: nothing tells when the change has arrived.
    await until('a pod on the node that is the highest now', async () => {
      const name = `annotated-later-${++pods}`;
      await createPods(api, [order('annotation', name, 1)]);
      await watch.bound(name);
      return nodeOf(name) === 'low';
    });
    expect(await berth.metric('berth_plugin_faults_total')).toBe(0);
  });

  it('business-hours: batch pods wait until people go home, and again from the next morning on', async () => {
    // A Monday in winter, ten minutes before the end: Berlin is an hour ahead.
    const clock = await MovableClock.create(cluster.plane.dir, Date.parse('2026-03-02T16:50:00Z'));
    const berth = await deploy('business-hours', { nodeOptions: [clock.option] });
    const batch = { labels: { 'example.com/batch': 'true' } };
    await createPods(api, [order('hours', 'service', 100), order('hours', 'batch-monday', 100, batch)]);
    await watch.bound('service');
    const why = '1 node(s) were kept for people until 18:00 Europe/Berlin';
    expect(await watch.refused('batch-monday')).toContain(why);
    expect(nodeOf('batch-monday')).toBeUndefined();

    await clock.set(Date.parse('2026-03-02T17:00:00Z'));
    await watch.bound('batch-monday');
    expect([nodeOf('service'), nodeOf('batch-monday')]).toEqual(['desk', 'desk']);

    await clock.set(Date.parse('2026-03-03T07:00:00Z'));
    await createPods(api, [order('hours', 'batch-tuesday', 100, batch)]);
    expect(await watch.refused('batch-tuesday')).toContain(why);
    expect(await berth.metric('berth_plugin_faults_total')).toBe(0);
  });

  it('live-usage: what Prometheus measured decides, fades as it gets old, and nobody waits for a Prometheus that is down', async () => {
    const shares = { calm: 0.05, middle: 0.35, busy: 0.95 };
    const requested = { calm: 5, middle: 2, busy: 1 };
    type NodeName = keyof typeof shares;
    const clock = await MovableClock.create(cluster.plane.dir, Date.now());
    const [port = 0] = await freePorts(1);
    const prometheus = new PrometheusServer(port, () => clock.now());
    await createPods(
      api,
      Object.entries(requested).map(([nodeName, cpus]) =>
        order('usage', `load-of-${nodeName}`, cpus * 1_000, { spec: { nodeName } }),
      ),
    );

    /** Share of its CPU that pods on a node ask for, as the API server has it. */
    const requestedShare = (node: string): number =>
      watch
        .pods()
        .filter(({ pod }) => pod.spec.nodeName === node)
        .flatMap(({ pod }) => pod.spec.containers)
        .reduce((sum, { resources }) => sum + cpusOf(resources?.requests?.cpu), 0) / CPUS;

    /** The best node by the formulas of the example's page, for so many seconds between measurement and decision. */
    const bestAt = (ageSeconds: number): NodeName => {
      const trust = Math.min(1, Math.max(0, (300 - ageSeconds) / (300 - 60)));
      const totals = (Object.keys(shares) as NodeName[]).map((node) => {
        const asked = requestedShare(node);
        const used = trust * shares[node] + (1 - trust) * asked;
        return { node, total: 5 * 100 * (1 - used) + 100 * (1 - asked - 0.1 / CPUS) };
      });
      totals.sort((a, b) => b.total - a.total);
      return totals[0]?.node ?? 'calm';
    };

    /** Where the next pod has to go, however long it takes to get that far. */
    const predicted = (ageSeconds: number): NodeName => {
      const [soon, late] = [bestAt(ageSeconds), bestAt(ageSeconds + 30)];
      if (soon !== late) throw new Error(`${ageSeconds} s is too close to where the best node changes`);
      return soon;
    };

    const placed = async (name: string): Promise<string | undefined> => {
      await createPods(api, [order('usage', name, 100)]);
      await watch.bound(name);
      return nodeOf(name);
    };

    try {
      const berth = await deploy('live-usage', { nodeOptions: [clock.option] }, (text) =>
        text
          .replace(/prometheus: .*/, `prometheus: http://127.0.0.1:${port}`)
          .replace(/refreshSeconds: .*/, 'refreshSeconds: 1'),
      );
      const failures = (): Promise<number> =>
        berth.metric('berth_plugin_background_failures_total', { plugin: 'LiveUsage' });
      const failsAgain = async (): Promise<void> => {
        const before = await failures();
        await until('Prometheus to be missed', async () => (await failures()) > before);
      };
      const isRead = async (): Promise<void> => {
        // It asks again after it has read an answer.
        const before = prometheus.queries.length;
        await until('an answer to be read', async () => prometheus.queries.length > before + 1);
      };

      await failsAgain();
      // Nothing was measured yet, which is as if it were too old.
      const unmeasured = predicted(1_000);
      expect(await placed('usage-unmeasured')).toBe(unmeasured);

      await prometheus.start(shares);
      await isRead();
      const fresh = predicted(0);
      expect(await placed('usage-fresh')).toBe(fresh);
      expect(new Set(prometheus.queries)).toEqual(
        new Set(['1 - avg by (node) (rate(node_cpu_seconds_total{mode="idle"}[2m]))']),
      );

      await prometheus.stop();
      await failsAgain();
      await clock.set(prometheus.answeredAt + 200_000);
      const fading = predicted(200);
      expect(await placed('usage-fading')).toBe(fading);

      await clock.set(prometheus.answeredAt + 310_000);
      const stale = predicted(310);
      expect(await placed('usage-stale')).toBe(stale);
      expect([unmeasured, fresh, fading, stale]).toEqual(['busy', 'calm', 'middle', 'busy']);

      await prometheus.start(shares);
      await isRead();
      expect(await placed('usage-fresh-again')).toBe('calm');
      expect(await berth.metric('berth_plugin_faults_total')).toBe(0);
    } finally {
      await prometheus.stop();
    }
  });

  it('tiered-queue: pods are tried tier by tier, then by priority, then the smaller first', async () => {
    const tier = (name: string) => ({ labels: { 'example.com/tier': name } });
    const important = { spec: { priorityClassName: 'important', nodeSelector: { case: 'queue' } } };
    const orders = [
      order('queue', 'gold-important', 500, { ...tier('gold'), ...important }),
      order('queue', 'gold-small', 100, tier('gold')),
      order('queue', 'gold-large', 600, tier('gold')),
      order('queue', 'silver-important', 300, { ...tier('silver'), ...important }),
      order('queue', 'silver', 300, tier('silver')),
      order('queue', 'of-no-tier-important', 200, { ...tier('bronze'), ...important }),
    ];
    // All of them wait when Berth starts, the last one for longest. Each takes the largest node that is left when it is tried.
    for (const each of orders.toReversed()) await createPods(api, [each]);
    await deploy('tiered-queue');
    for (const { name } of orders) await watch.bound(name);
    const tried = SLOTS.map((cpus) => watch.pods().find(({ pod }) => pod.spec.nodeName === `slot-${cpus}`));
    expect(tried.map((sighting) => sighting?.pod.metadata.name)).toEqual(orders.map(({ name }) => name));
  });

  it('none of them asked for more than its manifests allow, or put a pod where it may not be', async () => {
    expect(await berthAnswers(cluster.plane, 401, 403)).toEqual({});
    expect(await placementFaults(cluster.plane)).toEqual([]);
    expect(watch.moved).toEqual([]);
  });
});

function cpusOf(quantity = '0'): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1_000 : Number(quantity);
}
