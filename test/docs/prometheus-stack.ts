import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import type { ApiObject } from '../controlplane/api-client.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { projectRoot } from '../controlplane/project-root.js';
import { apply } from '../e2e/berth-installation.js';
import { operatorKinds } from '../prometheus/operator-kinds.js';
import { PrometheusProcess } from '../prometheus/prometheus-process.js';
import type { Result } from './shell-session.js';

/** Values of the chart kube-prometheus-stack, as far as the project sets them. */
interface Values {
  readonly prometheus: {
    readonly serviceAccount: { readonly name: string };
    readonly prometheusSpec: {
      readonly serviceMonitorSelectorNilUsesHelmValues: boolean;
      readonly ruleSelectorNilUsesHelmValues: boolean;
    };
  };
  readonly grafana: { readonly sidecar: { readonly dashboards: { readonly searchNamespace: string } } };
}

interface ServiceMonitor extends ApiObject {
  readonly spec: {
    readonly jobLabel: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly endpoints: readonly [
      {
        readonly port: string;
        readonly scheme: string;
        readonly path: string;
        readonly tlsConfig: { readonly insecureSkipVerify: boolean };
      },
    ];
  };
}

interface Labelled extends ApiObject {
  readonly metadata: ApiObject['metadata'] & { readonly labels: Readonly<Record<string, string>> };
}

interface EndpointSlice extends ApiObject {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}

interface PrometheusRule extends ApiObject {
  readonly spec: object;
}

const MONITORS = '/apis/monitoring.coreos.com/v1';
/** What the chart's Prometheus asks monitors and rules to have, unless it is told not to. */
const ofRelease = ({ metadata }: ApiObject): boolean =>
  (metadata as Labelled['metadata']).labels?.release === 'prometheus';

/**
 * Stands in for the chart kube-prometheus-stack, whose images no registry is needed for here: it makes what Berth's manifests meet in a cluster
 * with the chart (kinds, namespace, ServiceAccount), and has a real Prometheus scrape what the chart's operator would find.
 */
export class PrometheusStack {
  readonly #plane: ControlPlane;
  #namespace = '';
  #values: Values | undefined;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** Does as `helm upgrade --install` of the chart, with the file of values that it names. */
  async install(command: string): Promise<Result> {
    const { values } = parseArgs({
      args: command.split(' ').slice(2),
      allowPositionals: true,
      options: {
        install: { type: 'boolean' },
        namespace: { type: 'string', default: 'default' },
        'create-namespace': { type: 'boolean' },
        values: { type: 'string', default: '' },
        wait: { type: 'boolean' },
      },
    });
    this.#namespace = values.namespace;
    const file = join(projectRoot(), values.values);
    this.#values = parse(await readFile(file, 'utf8')) as Values;
    const meta = (name: string) => ({ name, namespace: this.#namespace });
    await apply(this.#plane, operatorKinds);
    await this.#plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
    await apply(this.#plane, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.#namespace } },
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: meta(this.#values.prometheus.serviceAccount.name),
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: meta('prometheus-grafana'),
        stringData: { 'admin-password': 'a-password' },
      },
    ]);
    return { exitCode: 0, stdout: '', stderr: '' };
  }

  /** Does as `helm uninstall`: the kinds stay, as they do with the chart. */
  async uninstall(): Promise<Result> {
    const { name } = this.#chosen.prometheus.serviceAccount;
    const order = ['-n', this.#namespace, 'delete', `serviceaccount/${name}`, 'secret/prometheus-grafana'];
    return { exitCode: 0, stdout: await this.#plane.kubectl(order), stderr: '' };
  }

  /** A Prometheus that scrapes what the ServiceMonitors name, and evaluates the rules, that there are by now. */
  async prometheus(): Promise<PrometheusProcess> {
    const { serviceAccount, prometheusSpec } = this.#chosen.prometheus;
    const token = await this.#plane.serviceAccountToken(this.#namespace, serviceAccount.name);
    const { items: monitors } = await this.#plane.api.list<ServiceMonitor>(`${MONITORS}/servicemonitors`);
    const { items: rules } = await this.#plane.api.list<PrometheusRule>(`${MONITORS}/prometheusrules`);
    const [all, allRules] = [
      !prometheusSpec.serviceMonitorSelectorNilUsesHelmValues,
      !prometheusSpec.ruleSelectorNilUsesHelmValues,
    ];
    const scrapeConfigs = monitors
      .filter((monitor) => all || ofRelease(monitor))
      .map((monitor) => this.#scrapeConfig(monitor, token));
    const found = rules.filter((rule) => allRules || ofRelease(rule)).map(({ spec }) => stringify(spec));
    return PrometheusProcess.start(this.#plane, {
      scrapeConfigs: await Promise.all(scrapeConfigs),
      ...(found[0] === undefined ? {} : { rules: found[0] }),
    });
  }

  /** Texts of the dashboards that Grafana's sidecar would find. */
  async dashboards(): Promise<string[]> {
    const { searchNamespace } = this.#chosen.grafana.sidecar.dashboards;
    const place = searchNamespace === 'ALL' ? '' : `/namespaces/${searchNamespace}`;
    const { items } = await this.#plane.api.list<ApiObject & { readonly data: Record<string, string> }>(
      `/api/v1${place}/configmaps?labelSelector=grafana_dashboard%3D1`,
    );
    return items.flatMap(({ data }) => Object.values(data));
  }

  get #chosen(): Values {
    if (this.#values === undefined) throw new Error('the stack was not installed');
    return this.#values;
  }

  async #scrapeConfig({ metadata, spec }: ServiceMonitor, token: string): Promise<object> {
    const [endpoint] = spec.endpoints;
    const selector = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
    const { items: slices } = await this.#plane.api.list<EndpointSlice & Labelled>(
      `/apis/discovery.k8s.io/v1/namespaces/${metadata.namespace}/endpointslices?labelSelector=${encodeURIComponent(selector.join())}`,
    );
    return {
      // The operator takes it from that label of the Service, which its slices have as well.
      job_name: slices[0]?.metadata.labels[spec.jobLabel] ?? metadata.name,
      scheme: endpoint.scheme,
      metrics_path: endpoint.path,
      authorization: { credentials: token },
      tls_config: { insecure_skip_verify: endpoint.tlsConfig.insecureSkipVerify },
      static_configs: slices.map((slice) => {
        const port = slice.ports.find(({ name }) => name === endpoint.port)?.port;
        return {
          targets: slice.endpoints.flatMap(({ addresses }) => addresses.map((ip) => `${ip}:${port}`)),
        };
      }),
    };
  }
}
