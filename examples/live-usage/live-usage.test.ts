import { afterEach, describe, expect, it } from '@jest/globals';
import { makeNode, makePod, TestCluster } from 'berth/testing';
import { plugin } from './live-usage.js';

const start = Date.UTC(2026, 0, 1, 12);
const args = { prometheus: 'http://prometheus.example:9090/', freshSeconds: 60, staleSeconds: 300 };
const nodes = [makeNode({ name: 'busy' }), makeNode({ name: 'idle' })];
const clusters: TestCluster[] = [];
afterEach(() => {
  for (const cluster of clusters.splice(0)) cluster.close();
});

/** A Prometheus API that a test can change its mind about, and what it was asked. */
class Prometheus {
  readonly asked: string[] = [];
  shares: Readonly<Record<string, string>> = { busy: '0.9', idle: '0.1' };
  status = 200;
  at = start;

  readonly fetch: typeof fetch = async (url) => {
    this.asked.push(String(url));
    const result = Object.entries(this.shares).map(([node, share]) => ({
      metric: { node },
      value: [this.at / 1_000, share],
    }));
    return Response.json(
      { status: 'success', data: { resultType: 'vector', result } },
      { status: this.status },
    );
  };
}

async function cluster(
  prometheus: Prometheus,
  pods = [makePod({ nodeName: 'idle', requests: { cpu: '2' } })],
) {
  const made = new TestCluster({
    nodes,
    pods,
    plugin,
    args,
    alone: true,
    fetch: prometheus.fetch,
    now: new Date(start),
  });
  clusters.push(made);
  await made.advance(0);
  return made;
}

const scoresOf = async (made: TestCluster, pod = makePod()) => {
  const { scores } = await made.schedule(pod);
  made.removePod(pod);
  return { busy: scores.busy?.LiveUsage, idle: scores.idle?.LiveUsage };
};

describe('scores by live usage', () => {
  it('prefer the node that is idle by measurement, whatever is requested of it', async () => {
    const prometheus = new Prometheus();
    expect(await scoresOf(await cluster(prometheus))).toEqual({ busy: 10, idle: 90 });
    expect(prometheus.asked).toEqual([
      expect.stringMatching(/^http:\/\/prometheus\.example:9090\/api\/v1\/query\?query=1%20-%20avg/),
    ]);
  });

  it('ask in the background only, every so often, however many pods there are', async () => {
    const prometheus = new Prometheus();
    const made = await cluster(prometheus);
    for (let i = 0; i < 20; i++) await made.schedule(makePod());
    expect(prometheus.asked).toHaveLength(1);
    await made.advance(30_000);
    expect(prometheus.asked).toHaveLength(3);
  });

  it('fade into requests as the measurement gets older', async () => {
    const prometheus = new Prometheus();
    const made = await cluster(prometheus, [makePod({ nodeName: 'idle', requests: { cpu: '2' } })]);
    prometheus.status = 503;
    await made.advance(60_000);
    expect((await scoresOf(made)).idle).toBe(90);
    // Half-way between fresh and stale: 0.5 × 10 % used + 0.5 × 50 % requested, and the pod that was just placed.
    await made.advance(120_000);
    expect((await scoresOf(made)).busy).toBe(55);
    await made.advance(120_000);
    expect(await scoresOf(made)).toEqual({ busy: 100, idle: 50 });
    expect(made.backgroundFailures[0]).toMatch(/^LiveUsage: Error: http.* answered 503$/);
  });

  it('count pods that were placed since the measurement, so that a burst is spread', async () => {
    const prometheus = new Prometheus();
    prometheus.shares = { busy: '0.3', idle: '0.1' };
    const made = await cluster(prometheus, []);
    await made.advance(1_000);
    const placements: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++)
      placements.push((await made.schedule(makePod({ requests: { cpu: '500m' } }))).node);
    expect(placements).toEqual(['idle', 'idle', 'busy', 'idle']);
  });

  it('forget such pods once a measurement has seen them', async () => {
    const prometheus = new Prometheus();
    const made = await cluster(prometheus, []);
    await made.advance(1_000);
    await made.schedule(makePod({ requests: { cpu: '1' } }));
    expect((await scoresOf(made)).idle).toBe(65);
    prometheus.at = start + 14_000;
    await made.advance(20_000);
    expect((await scoresOf(made)).idle).toBe(90);
  });

  it('fall back to requests for nodes that are not measured, and for answers that are none', async () => {
    const prometheus = new Prometheus();
    prometheus.shares = { busy: 'NaN' };
    expect(await scoresOf(await cluster(prometheus))).toEqual({ busy: 100, idle: 50 });
  });

  it('give back what a pod counted for that was not placed after all', async () => {
    const prometheus = new Prometheus();
    const refuses = {
      name: 'Refuses',
      points: ['permit'] as const,
      create: () => ({ permit: () => ({ code: 'Unschedulable' as const, reasons: ['no'] }) }),
    };
    const made = new TestCluster({
      nodes,
      plugins: [{ plugin, args }, { plugin: refuses }],
      alone: true,
      fetch: prometheus.fetch,
      now: new Date(start),
    });
    clusters.push(made);
    await made.advance(1_000);
    const idle = async () =>
      (await made.schedule(makePod({ requests: { cpu: '1' } }))).scores.idle?.LiveUsage;
    expect([await idle(), await idle()]).toEqual([90, 90]);
  });
});
