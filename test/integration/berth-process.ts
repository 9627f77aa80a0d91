import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcessGuard } from '../controlplane/process-guard.js';
import { eventually } from './eventually.js';
import { sumOf } from './exposition.js';

const program = fileURLToPath(new URL('../../dist/berth.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'berth-integration-'));
/** Takes processes and files along even when the test process is killed. */
const guard = new ProcessGuard(folder);
let files = 0;

/** Writes a file that stays until `BerthProcess.close`; returns its path. */
export function temporaryFile(content: string, suffix = '.yaml'): string {
  const path = join(folder, `${++files}${suffix}`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

/** A kubeconfig for a server, with a token where one is given. */
export function kubeconfigFor(url: string, options: { readonly token?: string } = {}): string {
  const user = options.token === undefined ? '{}' : `{token: ${options.token}}`;
  return temporaryFile(
    [
      'apiVersion: v1',
      'kind: Config',
      'clusters:',
      `- {name: test, cluster: {server: "${url}"}}`,
      'users:',
      `- {name: test, user: ${user}}`,
      'contexts:',
      '- {name: test, context: {cluster: test, user: test}}',
      'current-context: test',
      '',
    ].join('\n'),
  );
}

/** The program as it ships, as a process of its own. */
export class BerthProcess {
  static readonly #running = new Set<BerthProcess>();
  stdout = '';
  stderr = '';
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    // Nothing of the machine's own Kubernetes settings may help or disturb it.
    const {
      KUBECONFIG: _config,
      KUBERNETES_SERVICE_HOST: _host,
      NODE_OPTIONS: _options,
      ...own
    } = process.env;
    this.#child = spawn(process.execPath, [program, ...args], {
      env: { ...own, HOME: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = this.#child;
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        BerthProcess.#running.delete(this);
        if (pid !== undefined) guard.remove(pid);
        resolve(code ?? signal ?? 'SIGKILL');
      });
    });
    BerthProcess.#running.add(this);
    if (pid !== undefined) guard.add(pid);
  }

  /** `berth run` on any free port, without leader election unless the arguments ask for it. */
  static run(kubeconfig: string, ...args: readonly string[]): BerthProcess {
    const election = args.some((arg) => arg.startsWith('--lease')) ? [] : ['--leader-elect=false'];
    const serving = ['--bind-address', '127.0.0.1', '--port', '0'];
    return new BerthProcess(['run', '--kubeconfig', kubeconfig, ...serving, ...election, ...args]);
  }

  /** Ends whatever a test has left running. */
  static async killAll(): Promise<void> {
    await Promise.all([...BerthProcess.#running].map((berth) => berth.end('SIGKILL')));
  }

  /** For `afterAll`: nothing of these processes is left after it. */
  static async close(): Promise<void> {
    await BerthProcess.killAll();
    await guard.close();
  }

  /** Lines on standard error that are not log lines. */
  get complaints(): string[] {
    return this.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.send(signal);
    return this.exited;
  }

  /** GET on its own server; status 0 when it does not answer. */
  async get(
    path: string,
  ): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
    await eventually('the address of the health server', () => this.#address !== undefined, {
      state: () => this.stderr.slice(-500),
    });
    try {
      const answer = await fetch(`${this.#address}${path}`, { headers: { connection: 'close' } });
      const type = answer.headers.get('content-type') ?? '';
      return { status: answer.status, type, body: await answer.text() };
    } catch {
      return { status: 0, type: '', body: '' };
    }
  }

  async ready(): Promise<void> {
    await eventually('the process to be ready', async () => (await this.get('/readyz')).status === 200);
  }

  async leads(): Promise<boolean> {
    const { body } = await this.get('/metrics');
    return sumOf(body, 'leader_election_master_status') === 1;
  }

  get #address(): string | undefined {
    return /"address":"(http:[^"]+)"/.exec(this.stderr)?.[1];
  }
}
