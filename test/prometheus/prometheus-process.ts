import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Child } from '../controlplane/child-process.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { freePorts } from '../controlplane/free-port.js';
import { ensurePrometheus } from './install.js';

/** One sample of an answer; not a number where Prometheus says `NaN`. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Target {
  readonly job: string;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
}

export interface Rule {
  readonly name: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export interface PrometheusOptions {
  /** Entries of `scrape_configs`. */
  readonly scrapeConfigs: readonly object[];
  /** Text of a rule file. */
  readonly rules?: string;
}

/** How often it scrapes and evaluates rules: as often as it can, so that tests need not wait. */
const interval = '1s';

/** A real Prometheus, on loopback, that ends with the control plane. */
export class PrometheusProcess {
  readonly child: Child;
  readonly #address: string;

  private constructor(child: Child, address: string) {
    this.child = child;
    this.#address = address;
  }

  /** Starts it and returns when it is ready. */
  static async start(plane: ControlPlane, options: PrometheusOptions): Promise<PrometheusProcess> {
    const { prometheus: program } = await ensurePrometheus();
    const folder = join(plane.dir, 'prometheus');
    await mkdir(folder, { recursive: true });
    if (options.rules !== undefined) await writeFile(join(folder, 'rules.yaml'), options.rules);
    await writeFile(
      join(folder, 'prometheus.yaml'),
      stringify({
        global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
        scrape_configs: options.scrapeConfigs,
        rule_files: options.rules === undefined ? [] : ['rules.yaml'],
      }),
    );
    const [port = 0] = await freePorts(1);
    const child = await plane.run('prometheus', program, [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const process = new PrometheusProcess(child, `http://127.0.0.1:${port}`);
    await process.#ready();
    return process;
  }

  /** Evaluates an instant query now. @throws Error with what Prometheus has against the query. */
  async query(text: string): Promise<Sample[]> {
    const { result } = await this.#get<{
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value: readonly [number, string];
      }[];
    }>(`/api/v1/query?query=${encodeURIComponent(text)}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async targets(): Promise<Target[]> {
    const { activeTargets } = await this.#get<{
      readonly activeTargets: readonly {
        readonly labels: { readonly job: string };
        readonly health: Target['health'];
        readonly lastError: string;
      }[];
    }>('/api/v1/targets');
    return activeTargets.map(({ labels, health, lastError }) => ({ job: labels.job, health, lastError }));
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.#get<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>(
      '/api/v1/rules',
    );
    return groups.flatMap(({ rules }) => rules);
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#address}${path}`);
    const body = (await answer.json()) as { readonly data: T; readonly error?: string };
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${body.error}`);
    return body.data;
  }

  async #ready(withinMs = 60_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const status = await fetch(`${this.#address}/-/ready`).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (!this.child.running || Date.now() > deadline)
        throw new Error(`Prometheus is not ready; the end of its output:\n${this.child.tail(30)}`);
      await sleep(50);
    }
  }
}
