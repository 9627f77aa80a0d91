import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../controlplane/free-port.js';
import type { ProcessGuard } from '../controlplane/process-guard.js';
import { projectRoot } from '../controlplane/project-root.js';
import { isOver } from './api-objects.js';
import type { FaultProxy } from './fault-proxy.js';
import type { FinalState } from './final-state.js';
import type { Replica } from './replica.js';
import type { TrialTime } from './trial-time.js';

export interface ProgramSlotOptions {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly token: string | undefined;
  readonly leaseNamespace: string;
  readonly seed: number;
  readonly leaderElect: boolean;
  readonly verbose: boolean;
  /** For kubeconfigs; removed by the guard. */
  readonly folder: string;
  readonly guard: ProcessGuard;
  readonly time: TrialTime;
}

/** Short, so that a takeover fits into a trial. */
export const programLeaseMs = 3_000;
const leaseFlags = ['--lease-duration', '3s', '--renew-deadline', '2s', '--retry-period', '400ms'];
const restartMs = 200;
const endWithinMs = 12_000;
/** What a process may keep beside what it had soon after its start: caches fill, the collector takes its time. */
const heapGrowthBytes = 150 * 1024 ** 2;

/** The program as it ships, as a process of its own. */
export class ProgramSlot implements Replica {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly endings: string[] = [];
  readonly failures: string[] = [];
  readonly jumpClock = undefined;
  incidents = 0;
  readonly #options: ProgramSlotOptions;
  readonly #kubeconfig: string;
  #child!: ChildProcess;
  #port = 0;
  #closing = false;
  #killed = false;
  #output = '';
  #firstHeap: number | undefined;

  private constructor(options: ProgramSlotOptions) {
    this.name = options.name;
    this.proxy = options.proxy;
    this.#options = options;
    this.#kubeconfig = join(options.folder, `${options.name}.kubeconfig`);
    const user = options.token === undefined ? {} : { token: options.token };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'trial', cluster: { server: this.proxy.url } }],
      users: [{ name: 'trial', user }],
      contexts: [{ name: 'trial', context: { cluster: 'trial', user: 'trial' } }],
      'current-context': 'trial',
    };
    writeFileSync(this.#kubeconfig, JSON.stringify(config), { mode: 0o600 });
  }

  static async start(options: ProgramSlotOptions): Promise<ProgramSlot> {
    const slot = new ProgramSlot(options);
    await slot.#start();
    return slot;
  }

  async kill(): Promise<void> {
    this.#killed = true;
    const ended = this.#ended();
    this.#child.kill('SIGKILL');
    await ended;
  }

  readonly freeze = async (ms: number): Promise<void> => {
    const { time } = this.#options;
    const { generation } = this.proxy;
    const child = this.#child;
    const from = time.now();
    child.kill('SIGSTOP');
    await sleep(ms);
    child.kill('SIGCONT');
    this.proxy.knowledge(generation).paused(from, time.now());
  };

  async unsettled({ nodes, pods, schedulerName }: FinalState): Promise<string[]> {
    const metrics = await this.#metrics().catch(() => undefined);
    if (metrics === undefined) return ['it does not answer'];
    const placed = pods.filter((pod) => (pod.spec.nodeName ?? '') !== '' && !isOver(pod)).length;
    const gated = pods.filter(
      ({ spec }) => spec.schedulerName === schedulerName && (spec.schedulingGates ?? []).length > 0,
    ).length;
    const expected: readonly (readonly [string, string, number])[] = [
      ['assumed pods', 'scheduler_cache_size{type="assumed_pods"}', 0],
      ['pods on nodes', 'scheduler_cache_size{type="pods"}', placed],
      ['nodes', 'scheduler_cache_size{type="nodes"}', nodes.length],
      ['events in flight', 'scheduler_inflight_events{event="Event"}', 0],
      // A preemptor is held back while its victims leave: soon there is room where there was none.
      ['pods held back', 'scheduler_pending_pods{queue="gated"}', gated],
      ['pods in backoff', 'scheduler_pending_pods{queue="backoff"}', 0],
    ];
    return expected.flatMap(([what, sample, count]) => {
      const found = valueOfSample(metrics, sample);
      return found === count ? [] : [`${found} ${what}, not ${count}`];
    });
  }

  async describe(): Promise<string> {
    const metrics = await this.#metrics().catch(() => '');
    const heap = valueOfSample(metrics, 'nodejs_heap_size_used_bytes') ?? 0;
    const growth = this.#firstHeap === undefined ? 0 : heap - this.#firstHeap;
    if (growth > heapGrowthBytes)
      this.failures.push(`the heap grew by ${Math.round(growth / 1024 ** 2)} MiB`);
    const leads = valueOfSample(metrics, 'leader_election_master_status{name="berth"}');
    return `${this.name} (process ${this.#child.pid}): heap ${Math.round(heap / 1024 ** 2)} MiB, ${leads === 1 ? 'leads' : 'does not lead'}`;
  }

  async stop(): Promise<void> {
    this.#closing = true;
    const ended = this.#ended();
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    const late = sleep(endWithinMs, 'late' as const, { ref: false });
    if ((await Promise.race([ended, late])) === 'late') this.#child.kill('SIGKILL');
    await ended;
  }

  async #start(): Promise<void> {
    const { seed, leaderElect, leaseNamespace, verbose, guard, folder } = this.#options;
    [this.#port = 0] = await freePorts(1);
    if (this.#closing) return;
    const flags = [
      '--kubeconfig',
      this.#kubeconfig,
      '--bind-address',
      '127.0.0.1',
      '--port',
      String(this.#port),
    ];
    const election = leaderElect
      ? [...leaseFlags, '--lease-namespace', leaseNamespace]
      : ['--leader-elect=false'];
    const rates = ['--kube-api-qps', '1000', '--kube-api-burst', '1000'];
    const args = ['run', ...flags, '--seed', String(seed % 2 ** 32), ...rates, ...election];
    // Nothing of the machine's own Kubernetes settings may help or disturb it.
    const { KUBECONFIG: _config, KUBERNETES_SERVICE_HOST: _host, NODE_OPTIONS: _node, ...env } = process.env;
    const program = join(projectRoot(), 'dist', 'berth.js');
    this.#killed = false;
    this.#output = '';
    this.#child = spawn(process.execPath, [program, ...args], {
      env: { ...env, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = this.#child;
    if (pid !== undefined) guard.add(pid);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-4_000);
        if (verbose) process.stdout.write(text);
      });
    this.#child.once('close', (code, signal) => {
      if (pid !== undefined) guard.remove(pid);
      if (!this.#closing) void this.#restart(code, signal);
    });
    void this.#noteHeap();
  }

  async #restart(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const lines = this.#output.trimEnd().split('\n');
    const lost = lines.some((line) => line.includes('leadership was lost'));
    const why = this.#killed
      ? 'killed'
      : lost
        ? 'lost the lease'
        : `code ${code ?? signal}: ${lines.slice(-3).join(' | ')}`;
    this.endings.push(why);
    if (!this.#killed && !lost && !isStartUpTrouble(lines)) this.failures.push(why);
    await sleep(restartMs);
    if (this.#closing) return;
    this.proxy.newClient();
    await this.#start();
  }

  /** The heap some seconds after the start is what later ones are compared with. */
  async #noteHeap(): Promise<void> {
    const child = this.#child;
    await sleep(4_000, undefined, { ref: false });
    if (this.#child !== child) return;
    const metrics = await this.#metrics().catch(() => '');
    this.#firstHeap = valueOfSample(metrics, 'nodejs_heap_size_used_bytes');
  }

  #ended(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once('close', () => resolve()));
  }

  #metrics(): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = get({
        host: '127.0.0.1',
        port: this.#port,
        path: '/metrics',
        agent: false,
        timeout: 2_000,
      });
      outgoing.once('response', (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.once('end', () => resolve(body));
        answer.once('error', reject);
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
      outgoing.once('error', reject);
    });
  }
}

/** The first questions of a process are not repeated: with the API server in trouble it ends, and the kubelet starts it again. */
function isStartUpTrouble(lines: readonly string[]): boolean {
  return !lines.some((line) => line.includes('synced with the cluster'));
}

function valueOfSample(metrics: string, sample: string): number | undefined {
  const line = metrics.split('\n').find((text) => text.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}
