import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { projectRoot } from '../controlplane/project-root.js';
import { apply, type Manifest, PROMETHEUS } from '../e2e/berth-installation.js';
import { PrometheusDiscovery } from '../prometheus/discovery.js';
import { PrometheusProcess } from '../prometheus/prometheus-process.js';
import type { BerthPod } from './installed-berth.js';

interface ServiceMonitor {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly endpoints: readonly [{ readonly port: string; readonly scheme: string; readonly path: string }];
  };
}

/** What Prometheus may look for, as its operator is set: addresses of Services in one kind of object or the other. */
export const ROLES = ['endpoints', 'endpointslice'] as const;

interface Scraping {
  readonly prometheus: PrometheusProcess;
  /** Ends the watches as well, which the API server's audit log tells of when they are over. */
  stop(): Promise<void>;
}

const component = (file: string): Promise<string> =>
  readFile(join(projectRoot(), 'manifests/components/monitoring', file), 'utf8');

/** Makes the ServiceAccount of Prometheus, with the rights that the monitoring component gives it. */
export async function allowPrometheus(plane: ControlPlane): Promise<void> {
  const access = parseAllDocuments(await component('prometheus-access.yaml'));
  await apply(plane, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROMETHEUS.namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: PROMETHEUS },
    ...access.map((one) => one.toJS() as Manifest),
  ]);
}

/**
 * A real Prometheus with that account: job `annotated` scrapes a pod as its annotations say; for each of {@link ROLES} a job of its name finds and
 * scrapes what the ServiceMonitor says.
 */
export async function startScraping(plane: ControlPlane, pod: BerthPod): Promise<Scraping> {
  const credentials = await plane.serviceAccountToken(PROMETHEUS.namespace, PROMETHEUS.name);
  const kubeconfig = await plane.serviceAccountKubeconfig(PROMETHEUS.namespace, PROMETHEUS.name);
  const { metadata, spec } = parse(await component('service-monitor.yaml')) as ServiceMonitor;
  const [{ port, scheme, path }] = spec.endpoints;
  // Its certificate is one that it made itself.
  const common = { authorization: { credentials }, tls_config: { insecure_skip_verify: true } };
  const annotation = (name: string) => pod.metadata.annotations?.[`prometheus.io/${name}`];
  expect(annotation('scrape')).toBe('true');
  const annotated = {
    job_name: 'annotated',
    scheme: annotation('scheme'),
    metrics_path: annotation('path'),
    static_configs: [{ targets: [`${pod.status.podIP}:${annotation('port')}`] }],
  };
  const keep = (label: string, regex: string) => ({
    action: 'keep',
    source_labels: [`__meta_kubernetes_${label.replaceAll(/\W/g, '_')}`],
    regex,
  });
  const { namespace } = metadata;
  const discoveries = await Promise.all(
    ROLES.map((role) => PrometheusDiscovery.start(plane, { role, kubeconfig, namespace })),
  );
  const found = ROLES.map((role, index) => ({
    job_name: role,
    scheme,
    metrics_path: path,
    file_sd_configs: [{ files: [discoveries[index]?.file] }],
    relabel_configs: [
      ...Object.entries(spec.selector.matchLabels).map(([label, value]) =>
        keep(`service_label_${label}`, value),
      ),
      keep(role === 'endpoints' ? 'endpoint_port_name' : 'endpointslice_port_name', port),
    ],
  }));
  const prometheus = await PrometheusProcess.start(plane, {
    scrapeConfigs: [annotated, ...found].map((job) => ({ ...job, ...common })),
  });
  const stop = async (): Promise<void> => {
    await Promise.all([prometheus, ...discoveries].map(({ child }) => child.stop()));
  };
  return { prometheus, stop };
}
