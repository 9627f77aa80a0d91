import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessGuard } from '../controlplane/process-guard.js';

/** What a command came to. */
export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ShellOptions {
  /** The user's home: the first working directory; what the session needs for itself lies beside it. */
  readonly home: string;
  /** All of the environment but HOME. */
  readonly env: Readonly<Record<string, string>>;
}

const HOURS_MS = 4 * 3_600_000;

/**
 * A terminal: one bash in which commands follow each other, so that folders, aliases, variables and jobs of one command are there for the
 * next. Everything that was started in it ends with {@link close}, or when this process ends, however it ends.
 */
export class ShellSession {
  readonly #options: ShellOptions;
  readonly #bash: ChildProcess;
  readonly #answers: Interface;
  readonly #guard = new ProcessGuard();
  readonly #exited: Promise<'exited'>;
  readonly #folder: string;

  constructor(options: ShellOptions) {
    this.#options = options;
    const { home, env } = options;
    this.#folder = mkdtempSync(join(home, '..', 'terminal-'));
    this.#bash = spawn('bash', ['--noprofile', '--norc', '-O', 'expand_aliases'], {
      cwd: home,
      env: { ...env, HOME: home },
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      // A group of its own, which its jobs belong to as well.
      detached: true,
    });
    this.#exited = once(this.#bash, 'exit').then(() => 'exited');
    this.#guard.add(-this.#pid);
    this.#answers = createInterface({ input: this.#bash.stdio[3] as Readable });
  }

  get #pid(): number {
    return this.#bash.pid ?? 0;
  }

  /** Runs one line as if it were typed. @throws Error when it takes longer than `withinMs`; the terminal is closed then. */
  async run(line: string, withinMs = 120_000): Promise<Result> {
    const file = (name: string) => join(this.#folder, name);
    for (const name of ['out', 'err']) writeFileSync(file(name), '');
    writeFileSync(file('line'), line);
    const answer = once(this.#answers, 'line') as Promise<[string]>;
    const [order, out, err] = ['line', 'out', 'err'].map((name) => `'${file(name)}'`);
    this.#bash.stdin?.write(`eval "$(cat ${order})" < /dev/null > ${out} 2> ${err}; echo $? >&3\n`);
    const timer = new AbortController();
    const late = sleep(withinMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
    const exitCode = await Promise.race([answer.then(([text]) => Number(text)), late, this.#exited]);
    timer.abort();
    const [stdout = '', stderr = ''] = ['out', 'err'].map((name) => readFileSync(file(name), 'utf8'));
    if (typeof exitCode === 'string') {
      await this.close();
      const how = exitCode === 'late' ? `it still ran after ${withinMs / 1000} s` : 'the terminal was closed';
      throw new Error(`${how}; it had printed:\n${stdout}${stderr}`);
    }
    return { exitCode, stdout, stderr };
  }

  /**
   * Another terminal in the same folder with the same aliases, for a line that runs until Ctrl-C; returns when what it prints matches.
   * @throws Error when it ends before, or prints nothing of the kind.
   */
  async runBeside(line: string, shows: RegExp, withinMs = 60_000): Promise<ShellSession> {
    const { stdout } = await this.run('pwd; alias');
    const [folder = '', ...aliases] = stdout.trimEnd().split('\n');
    const beside = new ShellSession(this.#options);
    for (const each of [`cd '${folder}'`, ...aliases]) await beside.run(each);
    const ended = beside.run(line, HOURS_MS).catch((error: unknown) => error);
    const printed = () =>
      ['out', 'err'].map((name) => readFileSync(join(beside.#folder, name), 'utf8')).join('');
    const deadline = performance.now() + withinMs;
    while (!shows.test(printed())) {
      const end = await Promise.race([ended, sleep(100)]);
      if (end === undefined && performance.now() < deadline) continue;
      await beside.close();
      const how = end === undefined ? `not within ${withinMs / 1000} s` : 'it ended before';
      throw new Error(`it was to print ${shows}: ${how}. It had printed:\n${printed()}`);
    }
    return beside;
  }

  /** Ends what runs in it as Ctrl-C does, and what does not end by that. */
  async close(): Promise<void> {
    if (this.#bash.exitCode === null && this.#bash.signalCode === null) {
      this.#signal('SIGINT');
      this.#bash.stdin?.end();
      const timer = new AbortController();
      const late = sleep(5_000, 'late', { signal: timer.signal }).catch(() => undefined);
      if ((await Promise.race([this.#exited, late])) === 'late') this.#signal('SIGKILL');
      timer.abort();
    }
    this.#signal('SIGKILL');
    this.#answers.close();
    this.#guard.remove(-this.#pid);
    await this.#guard.close();
  }

  /** To the whole group. */
  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#pid, signal);
    } catch {
      // Nobody is left in it.
    }
  }
}
