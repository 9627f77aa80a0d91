import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Child } from '../controlplane/child-process.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { freePorts } from '../controlplane/free-port.js';
import { run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';
import { alertsOf, prometheusRulePath, ruleFile } from '../prometheus/alert-rules.js';
import { panelQueries } from '../prometheus/dashboard.js';
import { ensurePrometheus } from '../prometheus/install.js';
import { PrometheusProcess, type Target } from '../prometheus/prometheus-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { until } from './until.js';
import { createPods, replicas } from './workload.js';

jest.setTimeout(180_000);

const MONITORING = join(projectRoot(), 'manifests', 'components', 'monitoring');
const rules = async (): Promise<string> => ruleFile(await readFile(prometheusRulePath, 'utf8'));

describe('the alerts', () => {
  let folder: string;
  let promtool: string;

  beforeAll(async () => {
    ({ promtool } = await ensurePrometheus());
    folder = await mkdtemp(join(tmpdir(), 'berth-alerts-'));
    await writeFile(join(folder, 'berth-rules.yaml'), await rules());
    const tests = join(projectRoot(), 'test', 'prometheus', 'alerts.test.yaml');
    await writeFile(join(folder, 'alerts.test.yaml'), await readFile(tests));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const check = (...args: string[]): Promise<string> =>
    run(promtool, args, { cwd: folder, env: process.env });

  it('are rules as Prometheus wants them', async () => {
    const { length } = alertsOf(await rules());
    expect(await check('check', 'rules', '--lint=all', '--lint-fatal', 'berth-rules.yaml')).toContain(
      `SUCCESS: ${length} rules found`,
    );
  });

  it('fire when they have to, and only then', async () => {
    expect(await check('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
  });
});

describe('Berth, scraped by a real Prometheus,', () => {
  let cluster: TestCluster;
  let watch: PodWatch;
  let berth: Child;
  let prometheus: PrometheusProcess;

  beforeAll(async () => {
    const nodes = nodeGroup(3, { name: 'node', allocatable: { cpu: '4', pods: '2000' } });
    cluster = await startCluster(nodes, { components: { scheduler: false } });
    const { plane } = cluster;
    watch = await PodWatch.start(plane.api);
    await plane.kubectl(['create', 'namespace', 'monitoring']);
    await plane.kubectl(['-n', 'monitoring', 'create', 'serviceaccount', 'prometheus-k8s']);
    await plane.kubectl(['-n', 'monitoring', 'create', 'serviceaccount', 'stranger']);
    // Of the component, what needs no other kinds than those of the cluster.
    await plane.kubectl(['apply', '-f', join(MONITORING, 'prometheus-access.yaml')]);
    await plane.kubectl(['create', 'priorityclass', 'important', '--value=1000']);

    const [port = 0] = await freePorts(1);
    berth = await startBerth(plane, port);
    const scrape = async (job: string, account?: string): Promise<object> => ({
      job_name: job,
      scheme: 'https',
      tls_config: { insecure_skip_verify: true },
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      ...(account === undefined
        ? {}
        : { authorization: { credentials_file: await tokenFile(plane, account) } }),
    });
    prometheus = await PrometheusProcess.start(plane, {
      rules: await rules(),
      scrapeConfigs: [
        await scrape('berth', 'prometheus-k8s'),
        await scrape('unauthorised', 'stranger'),
        await scrape('unauthenticated'),
      ],
    });
  });

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  /** As the Deployment runs it, but for the address, the credentials, and how often it looks at itself. */
  async function startBerth(plane: ControlPlane, port: number): Promise<Child> {
    const { KUBECONFIG: _, KUBERNETES_SERVICE_HOST: __, ...env } = process.env;
    const config = join(projectRoot(), 'manifests', 'base', 'scheduler-config.yaml');
    const serving = ['--bind-address', '127.0.0.1', '--secure-port', String(port)];
    // A rate that is reached now and then, so that its panel has something to show.
    const rate = ['--kube-api-qps', '20', '--kube-api-burst', '20'];
    const args = [
      '--config',
      config,
      '--kubeconfig',
      cluster.kubeconfig,
      '--cache-check-interval',
      '1s',
      ...rate,
    ];
    const program = join(projectRoot(), 'dist', 'berth.js');
    return plane.run('berth', process.execPath, [program, 'run', ...serving, ...args], {
      ...env,
      HOME: plane.dir,
      NODE_OPTIONS: '',
    });
  }

  async function tokenFile(plane: ControlPlane, account: string): Promise<string> {
    const path = join(plane.dir, `${account}.token`);
    await writeFile(path, await plane.kubectl(['-n', 'monitoring', 'create', 'token', account]));
    return path;
  }

  /** Of a target that Prometheus has not looked for yet, the health is unknown as well. */
  async function target(job: string): Promise<Pick<Target, 'health' | 'lastError'>> {
    const found = (await prometheus.targets()).find((each) => each.job === job);
    return found ?? { health: 'unknown', lastError: '' };
  }

  it('lets in whoever may read metrics, and nobody else', async () => {
    await until('the scrape that is allowed', async () => (await target('berth')).health === 'up');
    for (const job of ['unauthorised', 'unauthenticated']) {
      // Until Berth listens, and when it is slow, a scrape fails for other reasons.
      await until(`the scrape that is ${job}`, async () =>
        (await target(job)).lastError.includes('HTTP status 403'),
      );
    }
    await until(
      'the scrape to be noted',
      async () => (await prometheus.query('up{job="berth"}'))[0]?.value === 1,
    );
  });

  it('gives every panel of the dashboard something to show', async () => {
    const { api } = cluster.plane;
    const working = new AbortController();
    const work = (async () => {
      for (let round = 0; !working.signal.aborted; round++) {
        await createPods(api, [
          ...replicas(30, { name: `small-${round}`, requests: { cpu: '1m' } }),
          { name: `huge-${round}`, requests: { cpu: '100' } },
        ]);
        if (round === 2) {
          // They fill the nodes, so that the next one has to make room for itself.
          await createPods(api, replicas(3, { name: 'filler', requests: { cpu: '3' } }));
          await watch.bound('filler-0');
        }
        if (round >= 3 && round < 6) {
          const spec = { priorityClassName: 'important' };
          await createPods(api, [{ name: `important-${round}`, requests: { cpu: '3' }, spec }]);
        }
        await sleep(2_000, undefined, { signal: working.signal }).catch(() => undefined);
      }
    })();
    const queries = panelQueries({ job: 'berth', rateInterval: '1m' });
    expect(queries.length).toBeGreaterThan(30);
    let empty: string[] = [];
    try {
      await until(
        'all panels have something to show',
        async () => {
          const found = await Promise.all(
            queries.map(async ({ panel, query }) => {
              const samples = await prometheus.query(query);
              return samples.some(({ value }) => Number.isFinite(value)) ? [] : [`${panel}: ${query}`];
            }),
          );
          empty = found.flat();
          return empty.length === 0;
        },
        150_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; nothing comes of\n${empty.join('\n')}`);
      });
    } finally {
      working.abort();
      await work;
    }

    const value = async (query: string): Promise<number> => (await prometheus.query(query))[0]?.value ?? 0;
    const attempts = (result: string) =>
      value(`sum(scheduler_schedule_attempts_total{job="berth", result="${result}"})`);
    expect(await attempts('scheduled')).toBeGreaterThan(0);
    expect(await attempts('unschedulable')).toBeGreaterThan(0);
    expect(await value('sum(scheduler_preemption_victims_sum{job="berth"})')).toBeGreaterThan(0);
    const reasons = await prometheus.query(
      'sum by (plugin, reason) (berth_refused_attempts_total{job="berth"})',
    );
    expect(reasons.map(({ metric }) => metric)).toContainEqual({
      plugin: 'NodeResourcesFit',
      reason: 'Insufficient cpu',
    });
  });

  it('has Prometheus evaluate all alerts, of which none is due while all is well, and the first one is when Berth is gone', async () => {
    const names = alertsOf(await rules()).map(({ alert }) => alert);
    await until('all rules evaluated', async () =>
      (await prometheus.rules()).every(({ health }) => health !== 'unknown'),
    );
    const before = await prometheus.rules();
    expect(before.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(before.filter(({ health }) => health !== 'ok')).toEqual([]);
    // Pods that fit nowhere wait, as they have to. A stall of the machine is noticed by others, until the next scrape.
    await until('no alert due', async () =>
      (await prometheus.rules()).every(
        ({ state, name }) => state === 'inactive' || name === 'BerthUnschedulablePods',
      ),
    );

    await berth.kill();
    const stateOf = async (alert: string) =>
      (await prometheus.rules()).find(({ name }) => name === alert)?.state;
    for (const alert of ['BerthDown', 'BerthInstanceUnreachable'])
      await until(`${alert} is pending`, async () => (await stateOf(alert)) === 'pending');
  });
});
