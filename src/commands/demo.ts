import { setMaxListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Berth } from '../berth.js';
import { systemClock } from '../clock.js';
import { loadConfiguration } from '../config/load.js';
import { toVersioned } from '../config/versioned.js';
import { BerthError } from '../errors.js';
import { ApiClient } from '../kube/api-client.js';
import { loadCredentials } from '../kube/credentials.js';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../kube/embedded/embedded-api-server.js';
import { openFence } from '../kube/write-fence.js';
import { createLogger } from '../observe/logger.js';
import { Metrics } from '../observe/metrics.js';
import { seededRandom } from '../random.js';
import type { Outcome } from '../scheduler/scheduler.js';
import { HttpServer } from '../serve/http-server.js';
import type { CommandContext } from './command-context.js';
import { demoNodes } from './demo/nodes.js';
import { DemoReport } from './demo/report.js';
import { demoWorkloads, type Workload, waitingWorkload } from './demo/workloads.js';
import type { DemoOptions } from './demo-options.js';

/** Long enough to read along, short enough to stay under a minute. */
const paceMs = 700;
const settleMs = 20_000;
const pollMs = 25;
const qps = 1_000;

/** Shows Berth at work on a cluster of its own: nothing but this process is needed, nothing outside it is touched. */
export async function demoCommand(options: DemoOptions, context: CommandContext): Promise<number> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const end = (): void => stop.abort();
  context.signal.addEventListener('abort', end, { once: true });
  const api = await startEmbeddedApiServer({ controllers: true, kubelets: true });
  const stage = new Stage(options, context, api, stop.signal);
  try {
    return await stage.play();
  } finally {
    end();
    context.signal.removeEventListener('abort', end);
    await stage.close();
    await api.close();
  }
}

class Stage {
  readonly #options: DemoOptions;
  readonly #api: EmbeddedApiServer;
  readonly #report: DemoReport;
  readonly #metrics = new Metrics();
  readonly #client: ApiClient;
  readonly #server: HttpServer;
  readonly #berth: Berth;
  readonly #outcomes: Outcome[] = [];
  readonly #signal: AbortSignal;
  #scheduling: Promise<unknown> = Promise.resolve();

  constructor(options: DemoOptions, context: CommandContext, api: EmbeddedApiServer, signal: AbortSignal) {
    this.#options = options;
    this.#api = api;
    this.#signal = signal;
    this.#report = new DemoReport(context, { color: options.color });
    const configuration = loadConfiguration(undefined, { schedulerName: 'berth', leaderElect: false });
    this.#client = new ApiClient(loadCredentials({ server: api.url }), { qps, burst: qps });
    this.#berth = new Berth({
      transport: this.#client,
      configuration,
      fence: openFence,
      metrics: this.#metrics,
      logger: createLogger({ level: options.logLevel === 'info' ? 'error' : options.logLevel }),
      clock: systemClock,
      random: seededRandom(options.seed ?? 1),
      onOutcome: (outcome) => {
        this.#outcomes.push(outcome);
        this.#report.outcome(outcome);
      },
    });
    const alive = { name: 'ping', check: () => true as const };
    this.#server = new HttpServer({
      checks: { healthz: [alive], livez: [alive], readyz: [alive] },
      metrics: () => this.#metrics.render(),
      configz: () => toVersioned(configuration),
    });
  }

  async play(): Promise<number> {
    const report = this.#report;
    report.title('A cluster of three nodes, served by the embedded API server');
    for (const { object, name, about } of demoNodes) {
      this.#api.create(object);
      report.line(name, about);
    }
    await this.#startBerth();

    report.title('Workloads, and what becomes of their pods');
    for (const workload of demoWorkloads) {
      await this.#submit(workload);
      await this.#until(
        () => this.#isSettled(workload),
        `the pods of ${workload.name} to be placed or refused`,
      );
      await this.#pause();
    }
    await this.#showRequeue();
    await this.#pause();

    report.summary([...demoWorkloads, waitingWorkload], this.#api);
    await this.#showMetrics();
    report.closing();
    if (this.#options.keep) await this.#keep();
    return 0;
  }

  async close(): Promise<void> {
    await this.#scheduling;
    await this.#berth.flushEvents();
    await this.#server.close();
    this.#metrics.close();
    await this.#client.close();
  }

  async #startBerth(): Promise<void> {
    this.#scheduling = Promise.allSettled([
      this.#berth.watch({ signal: this.#signal }),
      this.#berth.schedule({ signal: this.#signal }),
    ]);
    await this.#until(() => this.#berth.synced, 'the first synchronisation');
    this.#report.note(
      `Berth watches ${this.#berth.cluster.nodes.nodeCount} nodes and takes pods with schedulerName: berth`,
    );
    await this.#pause();
  }

  async #submit(workload: Workload): Promise<void> {
    this.#report.submitted(workload);
    this.#api.create(workload.object);
  }

  /** A pod waits for a label; the moment a node gets it, the pod is placed. */
  async #showRequeue(): Promise<void> {
    await this.#submit(waitingWorkload);
    await this.#until(() => this.#pendingCount(waitingWorkload) > 0, 'the refusal of the waiting pod');
    await this.#pause();
    this.#report.note('kubectl label node minikube-m03 disktype=nvme');
    this.#api.patch(
      { apiVersion: 'v1', kind: 'Node', name: 'minikube-m03' },
      { metadata: { labels: { disktype: 'nvme' } } },
    );
    await this.#until(() => this.#boundCount(waitingWorkload) === 1, 'the waiting pod to be placed');
  }

  async #showMetrics(): Promise<void> {
    const port = await this.#server.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    this.#report.metrics(`http://127.0.0.1:${port}/metrics`, await answer.text());
  }

  /** Leaves everything running until a signal comes. */
  async #keep(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-demo-'));
    const file = join(folder, 'kubeconfig');
    try {
      await writeFile(file, this.#api.kubeconfig(), { mode: 0o600 });
      this.#report.kept(file);
      await new Promise<void>((resolve) => {
        if (this.#signal.aborted) resolve();
        this.#signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #isSettled(workload: Workload): boolean {
    const pods = this.#api
      .list({ apiVersion: 'v1', kind: 'Pod' })
      .filter((pod) => belongsTo(pod, workload)).length;
    if (pods < workload.pods || this.#boundCount(workload) < workload.placed) return false;
    const ours = (workload.object.spec as { schedulerName?: string }).schedulerName !== 'somebody-else';
    return !ours || workload.placed === workload.pods || this.#pendingCount(workload) > 0;
  }

  #boundCount(workload: Workload): number {
    return this.#outcomes.filter(
      (outcome) => outcome.kind === 'bound' && outcome.pod.labels.app === workload.name,
    ).length;
  }

  #pendingCount(workload: Workload): number {
    return this.#outcomes.filter(
      (outcome) => outcome.kind === 'pending' && outcome.pod.labels.app === workload.name,
    ).length;
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const deadline = systemClock.monotonic() + settleMs;
    while (!condition()) {
      this.#signal.throwIfAborted();
      if (systemClock.monotonic() > deadline) {
        throw new BerthError('BERTH_E_INTERNAL', {
          reason: `the demo waited ${settleMs / 1000} s in vain for ${what}`,
        });
      }
      await systemClock.sleep(pollMs, { signal: this.#signal });
    }
  }

  async #pause(): Promise<void> {
    await systemClock.sleep(paceMs, { signal: this.#signal });
  }
}

function belongsTo(object: unknown, workload: Workload): boolean {
  return (object as { metadata: { labels?: { app?: string } } }).metadata.labels?.app === workload.name;
}
