import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../controlplane/child-process.js';
import { run } from '../controlplane/go.js';
import type { ProcessGuard } from '../controlplane/process-guard.js';

export interface MachineOptions {
  readonly name: string;
  /** Folder for state and logs; made when it is not there. Short, as sockets have to fit in. */
  readonly dir: string;
  readonly guard: ProcessGuard;
  /** The first process: waits, and reaps. */
  readonly pause: string;
}

/** A program in a machine. Its child process is `nsenter`, which waits for it. */
export interface MachineProcess {
  readonly child: Child;
  /** Ends the program itself. */
  kill(): Promise<void>;
}

/** Settings of the whole kernel that a kubelet writes; the machine has files of its own in their place. */
const KERNEL_SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
] as const;

/**
 * A machine within this one: network, mount and process namespaces, the folders that node software writes to replaced by its own. Whatever
 * runs in it, containers and mounts included, ends with its first process.
 */
export class Machine {
  readonly name: string;
  readonly dir: string;
  /** Process id, as this machine's namespaces see it, of the first process. */
  readonly pid: number;
  readonly #first: Child;
  readonly #guard: ProcessGuard;

  private constructor(options: MachineOptions, first: Child, pid: number) {
    this.name = options.name;
    this.dir = options.dir;
    this.pid = pid;
    this.#first = first;
    this.#guard = options.guard;
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const { dir, guard, pause } = options;
    await mkdir(join(dir, 'logs'), { recursive: true });
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const first = await Child.start('unshare', 'unshare', [...namespaces, pause], {
      logs: join(dir, 'logs'),
      guard,
    });
    const machine = new Machine(options, first, await firstProcess(first, pause));
    try {
      await machine.#arrange();
    } catch (error) {
      await machine.stop();
      throw error;
    }
    return machine;
  }

  /** Runs a command in the machine to its end and returns what it printed. */
  run(
    command: string,
    args: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<string> {
    const { env = process.env } = options;
    return run('nsenter', [...this.#entrance(), command, ...args], { cwd: '/', env });
  }

  /** Starts a program in the machine; its output is in `logs/<name>.out` and `.err`. */
  async start(
    name: string,
    command: string,
    args: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<MachineProcess> {
    const child = await Child.start(name, 'nsenter', [...this.#entrance(), command, ...args], {
      logs: join(this.dir, 'logs'),
      guard: this.#guard,
      ...options,
    });
    const kill = async () => {
      const [program] = await childrenOf(child.pid);
      if (program !== undefined && child.running) process.kill(program, 'SIGKILL');
      await child.exited;
    };
    return { child, kill };
  }

  /** Ends everything in the machine; its folder stays. Safe to call twice. */
  async stop(): Promise<void> {
    // The first process dies with unshare, and everything else with the first process.
    await this.#first.kill();
    while (await exists(this.pid)) await sleep(20);
  }

  #entrance(): string[] {
    return ['--target', String(this.pid), '--net', '--mount', '--pid', '--wd=/', '--'];
  }

  /** The root stays what it is, so that programs and their libraries are found; what is written to is the machine's own. */
  async #arrange(): Promise<void> {
    const script = `
      mount --make-rshared /
      mount -t tmpfs tmpfs /run
      mkdir -p /run/lock "$1/var-lib/upper" "$1/var-lib/work" "$1/kernel"
      mount -t tmpfs tmpfs /var/log
      mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$1/var-lib/upper,workdir=$1/var-lib/work" /var/lib
      for setting in ${KERNEL_SETTINGS.join(' ')}; do
        [ -e "/proc/sys/$setting" ] || continue
        own="$1/kernel/$(echo "$setting" | tr / -)"
        cat "/proc/sys/$setting" > "$own"
        mount --bind "$own" "/proc/sys/$setting"
      done
      ip link set lo up
      echo 1 > /proc/sys/net/ipv4/ip_forward`;
    await this.run('sh', ['-ec', script, 'arrange', this.dir]);
  }
}

/** Waits until unshare has made the namespaces and has become, in its child, the first program. */
async function firstProcess(unshare: Child, program: string): Promise<number> {
  while (unshare.running) {
    const [pid] = await childrenOf(unshare.pid);
    const command = pid === undefined ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (pid !== undefined && command.startsWith(program)) return pid;
    await sleep(10);
  }
  throw new Error(`no namespaces can be made here: ${unshare.tail()}`);
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

async function exists(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/\) Z /.test(status);
}
