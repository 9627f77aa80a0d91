import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { projectRoot } from '../controlplane/project-root.js';
import { Minikube } from '../docs/minikube.js';
import { PageWalk, pagesOf } from '../docs/page-walk.js';
import { PrometheusStack } from '../docs/prometheus-stack.js';
import { until } from '../e2e/until.js';
import { PODS, type Pod } from '../e2e/workload.js';
import { ensureHelm } from '../helm/build.js';
import { panelQueries } from '../prometheus/dashboard.js';
import { ensureBerthImage } from '../realcluster/berth-image.js';
import { ensureNodePrograms } from '../realcluster/node-programs.js';
import { pauseImage } from '../realcluster/pause-image.js';
import { type RealCluster, startRealCluster } from '../realcluster/real-cluster.js';

jest.setTimeout(300_000);

/** What the workloads of the pages run; here nothing is asked of it but to run. */
const NGINX = 'docker.io/library/nginx:1.29';
const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
  version: string;
};
/** Berth's image as base and chart name it. */
const RELEASED = `docker.io/library/berth:${version}`;
const [first = '', ...others] = pagesOf('cluster');

describe('a newcomer with an empty home and a cluster whose nodes run containers', () => {
  let cluster: RealCluster;
  let newcomer: PageWalk;
  let stack: PrometheusStack;
  let charts: Server;
  let minikube: Minikube;

  beforeAll(async () => {
    const log = (line: string) => void process.stderr.write(`${line}\n`);
    const nginx = await pauseImage((await ensureNodePrograms({ log })).pause, { log }, NGINX);
    cluster = await startRealCluster({ nodes: 3, images: [nginx] });
    // As a registry would have it, for those pages that speak of one.
    const image = await ensureBerthImage({ log });
    await Promise.all(cluster.nodes.map((node) => node.import(image, RELEASED)));
    stack = new PrometheusStack(cluster.plane);
    charts = createServer((_request, response) => response.end('apiVersion: v1\nentries: {}\n'));
    await new Promise<void>((resolve) => charts.listen(0, '127.0.0.1', resolve));
    newcomer = await PageWalk.start({
      walk: 'cluster',
      programs: { kubectl: cluster.plane.program('kubectl'), helm: await ensureHelm() },
      standIns: [
        { commands: /^minikube /, run: async (command) => minikube.run(command) },
        { commands: /^helm upgrade --install prometheus /, run: (command) => stack.install(command) },
        { commands: /^helm uninstall prometheus /, run: () => stack.uninstall() },
      ],
      placeholders: {
        'minikube-m02': 'node-2',
        'workstation-1': 'node-2',
        'worker-1': 'node-1',
        'YOUR-REGISTRY/berth': 'berth',
        FILE: '~/.kube/config',
        // A registry of charts that has none: what is installed from it has a stand-in.
        'https://prometheus-community.github.io/helm-charts': `http://127.0.0.1:${(charts.address() as AddressInfo).port}`,
      },
    });
    minikube = new Minikube(cluster, newcomer.home);
  }, 600_000);

  afterAll(async () => {
    await newcomer?.end();
    await cluster?.stop();
    charts?.close();
  }, 60_000);

  it('begins with README.md', () => {
    expect(first).toBe('README.md');
  });

  it('gets from nothing to pods that Berth has placed, and learns why one waited, with README.md alone', async () => {
    await newcomer.follow(first);
    const { items } = await cluster.plane.api.list<Pod>(PODS);
    const named = items.filter(({ spec }) => spec.schedulerName === 'berth');
    expect(named.map(({ metadata }) => metadata.name)).toContain('wants-ssd');
    expect(named.filter(({ spec }) => spec.nodeName === undefined)).toEqual([]);
  });

  it('has Berth scraped by then, and a dashboard that has something to show', async () => {
    const prometheus = await stack.prometheus();
    await until('a scrape', async () => (await prometheus.query('up{job="berth"}'))[0]?.value === 1);
    expect(await stack.dashboards()).toHaveLength(1);
    const queries = panelQueries({ job: 'berth', rateInterval: '1m' });
    const shown = async (): Promise<string[]> => {
      const panels = await Promise.all(
        queries.map(async ({ panel, query }) => ((await prometheus.query(query)).length > 0 ? [panel] : [])),
      );
      return [...new Set(panels.flat())];
    };
    await until('panels', async () => (await shown()).length > 10);
    await prometheus.child.stop();
  });

  it.each(others)('can do what %s says', async (page) => {
    // They begin where README.md ends; docs/deploy.md has taken the image away since.
    if (page.startsWith('examples/')) await minikube.run('minikube image build --all -t berth:dev .');
    await newcomer.follow(page);
  });
});
