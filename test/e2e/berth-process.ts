import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, ChildExit } from '../controlplane/child-process.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { freePorts } from '../controlplane/free-port.js';
import { projectRoot } from '../controlplane/project-root.js';
import { until } from './until.js';

export interface BerthOptions {
  readonly kubeconfig: string;
  /** Further arguments of `berth run`. */
  readonly args?: readonly string[];
  /** Laid over the environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** How a run ended that was expected to end by itself. */
export interface BerthEnd extends ChildExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** A rate at which some hundred pods take some seconds, so that a test reaches the middle of the work in time. */
export const UNHURRIED = ['--kube-api-qps', '100', '--kube-api-burst', '100'] as const;

const LAST_ACTIVITY = 'berth_reflector_last_activity_seconds';

let started = 0;

/** The program as it ships (`node dist/berth.js run`), as a process of its own. */
export class BerthProcess {
  readonly child: Child;
  readonly #port: number;

  private constructor(child: Child, port: number) {
    this.child = child;
    this.#port = port;
  }

  /** Starts Berth and returns when `/readyz` answers 200. @throws Error with the end of its output when it does not. */
  static async start(plane: ControlPlane, options: BerthOptions): Promise<BerthProcess> {
    const berth = await BerthProcess.launch(plane, options);
    await berth.ready();
    return berth;
  }

  /** Starts Berth and returns at once. */
  static async launch(plane: ControlPlane, options: BerthOptions): Promise<BerthProcess> {
    const [port = 0] = await freePorts(1);
    const serving = ['--bind-address', '127.0.0.1', '--port', String(port)];
    const args = ['run', '--kubeconfig', options.kubeconfig, ...serving, ...(options.args ?? [])];
    return new BerthProcess(await spawnBerth(plane, args, options.env), port);
  }

  /** Runs `berth` with exactly these arguments until it ends by itself. @throws Error when it does not within `withinMs`. */
  static async runToEnd(plane: ControlPlane, args: readonly string[], withinMs = 30_000): Promise<BerthEnd> {
    const child = await spawnBerth(plane, args);
    const timer = new AbortController();
    const late = sleep(withinMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
    const end = await Promise.race([child.exited, late]);
    timer.abort();
    if (end === 'late') {
      await child.kill();
      throw new Error(`berth ${args.join(' ')} still ran after ${withinMs} ms:\n${child.tail(30)}`);
    }
    return { ...end, stdout: child.stdout(), stderr: child.stderr() };
  }

  async ready(withinMs = 30_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const { status } = await this.#get('/readyz').catch(() => ({ status: 0 }));
      if (status === 200) return;
      if (!this.child.running || Date.now() > deadline) {
        const what = this.child.running ? 'is not ready' : 'ended';
        throw new Error(`${this.child.name} ${what}; the end of its output:\n${this.child.tail(30)}`);
      }
      await sleep(50);
    }
  }

  /** The text of `/metrics`. */
  async metrics(): Promise<string> {
    return (await this.#get('/metrics')).body;
  }

  /** Sum of all samples of a metric whose labels include those given; undefined when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const samples = (await this.metrics())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    return samples.length === 0 ? undefined : samples.reduce((sum, value) => sum + value, 0);
  }

  /**
   * Does one write to an object of a kind, and returns when Berth has heard of it: kinds come by watches of their own, in no order between
   * them. What was written to others of the kind before is known then as well.
   */
  async hears(resource: string, write: () => Promise<unknown>): Promise<void> {
    const silence = async () => 1_000 * ((await this.metric(LAST_ACTIVITY, { resource })) ?? 0);
    const before = await silence();
    const since = performance.now();
    await write();
    await until(`${this.child.name} to hear of ${resource}`, async () => {
      const asked = performance.now();
      // Without news it grows by the time that has gone by.
      return (await silence()) < before + asked - since;
    });
  }

  isLeader(): Promise<boolean> {
    return this.metric('leader_election_master_status').then(
      (value) => value === 1,
      () => false,
    );
  }

  #get(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = get(
        { host: '127.0.0.1', port: this.#port, path, agent: false, timeout: 5_000 },
        (answer) => {
          let body = '';
          answer.setEncoding('utf8').on('data', (text: string) => {
            body += text;
          });
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
          answer.once('error', reject);
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer from ${path}`)));
      outgoing.once('error', reject);
    });
  }
}

function spawnBerth(
  plane: ControlPlane,
  args: readonly string[],
  overlay: NodeJS.ProcessEnv = {},
): Promise<Child> {
  started += 1;
  // Nothing of the machine's own Kubernetes settings may help or disturb it.
  const { KUBECONFIG: _, KUBERNETES_SERVICE_HOST: __, ...env } = process.env;
  const program = join(projectRoot(), 'dist', 'berth.js');
  return plane.run(`berth-${started}`, process.execPath, [program, ...args], {
    ...env,
    HOME: plane.dir,
    NODE_OPTIONS: '',
    ...overlay,
  });
}
