import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessGuard } from './process-guard.js';

export interface ChildOptions {
  /** Folder that gets `<name>.out` and `<name>.err`. */
  readonly logs: string;
  readonly guard: ProcessGuard;
  readonly env?: NodeJS.ProcessEnv;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that writes its output to files and ends no later than the one that started it. */
export class Child {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #logs: string;

  private constructor(name: string, process: ChildProcess, pid: number, logs: string, guard: ProcessGuard) {
    this.name = name;
    this.pid = pid;
    this.#process = process;
    this.#logs = logs;
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        guard.remove(pid);
        resolve({ code, signal });
      });
    });
  }

  /** @throws Error when the program cannot be started at all. */
  static async start(
    name: string,
    command: string,
    args: readonly string[],
    options: ChildOptions,
  ): Promise<Child> {
    const out = openSync(join(options.logs, `${name}.out`), 'a');
    const err = openSync(join(options.logs, `${name}.err`), 'a');
    const process = spawn(command, args, {
      stdio: ['ignore', out, err],
      // Ctrl-C in the terminal goes to the foreground group; these are ended in order instead.
      detached: true,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    closeSync(out);
    closeSync(err);
    await once(process, 'spawn');
    const pid = process.pid;
    if (pid === undefined) throw new Error(`${name} has no process id`);
    const child = new Child(name, process, pid, options.logs, options.guard);
    options.guard.add(pid);
    return child;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  stdout(): string {
    return readFileSync(join(this.#logs, `${this.name}.out`), 'utf8');
  }

  stderr(): string {
    return readFileSync(join(this.#logs, `${this.name}.err`), 'utf8');
  }

  /** The last lines of what it printed, for an error message. */
  tail(lines = 15): string {
    return `${this.stdout()}${this.stderr()}`.trimEnd().split('\n').slice(-lines).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#process.kill(signal);
  }

  /** Asks it to end, and kills it when it has not within `graceMs`. */
  async stop(graceMs = 15_000): Promise<ChildExit> {
    this.signal('SIGTERM');
    const timer = new AbortController();
    const late = sleep(graceMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.exited, late]);
    timer.abort();
    return this.kill();
  }

  async kill(): Promise<ChildExit> {
    this.signal('SIGKILL');
    return this.exited;
  }
}
