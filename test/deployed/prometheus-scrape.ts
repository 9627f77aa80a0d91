import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { projectRoot } from '../controlplane/project-root.js';
import { apply, type Manifest } from '../e2e/berth-installation.js';
import { PrometheusProcess } from '../prometheus/prometheus-process.js';
import type { BerthPod } from './installed-berth.js';

const MONITORING = 'monitoring';

/** A token of a ServiceAccount. */
export async function tokenOf(plane: ControlPlane, namespace: string, name: string): Promise<string> {
  const { status } = await plane.api.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  );
  return status.token;
}

/** The ServiceAccount of Prometheus with the rights that the monitoring component gives it; a token of it is returned. */
export async function allowPrometheus(plane: ControlPlane): Promise<string> {
  const path = join(projectRoot(), 'manifests/components/monitoring/prometheus-access.yaml');
  const access = parseAllDocuments(await readFile(path, 'utf8')).map((one) => one.toJS() as Manifest);
  const account = { name: 'prometheus-k8s', namespace: MONITORING };
  await apply(plane, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: MONITORING } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    ...access,
  ]);
  return tokenOf(plane, account.namespace, account.name);
}

/** A real Prometheus that scrapes a pod as its annotations say, with this token. */
export async function startScraping(
  plane: ControlPlane,
  pod: BerthPod,
  token: string,
): Promise<PrometheusProcess> {
  const annotation = (name: string) => pod.metadata.annotations?.[`prometheus.io/${name}`];
  expect(annotation('scrape')).toBe('true');
  return PrometheusProcess.start(plane, {
    scrapeConfigs: [
      {
        job_name: 'berth',
        scheme: annotation('scheme'),
        metrics_path: annotation('path'),
        authorization: { credentials: token },
        // Its certificate is one that it made itself.
        tls_config: { insecure_skip_verify: true },
        static_configs: [{ targets: [`${pod.status.podIP}:${annotation('port')}`] }],
      },
    ],
  });
}
