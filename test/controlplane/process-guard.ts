import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Sees to it that processes and a state folder do not outlive this process, whatever ends it (kill -9 included):
 * a small shell holds the other end of a pipe, and when the pipe closes it kills what it was told of and removes the folder.
 */
export class ProcessGuard {
  readonly #shell: ChildProcess;
  readonly #pids = new Set<number>();

  /** `folder` is removed when this process ends or {@link close} is called; nothing is removed when it is left out. */
  constructor(folder?: string) {
    const script =
      'while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -9 $pids; [ -z "$1" ] || rm -rf "$1"';
    this.#shell = spawn('/bin/sh', ['-c', script, 'guard', folder ?? ''], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A group of its own: Ctrl-C in the terminal must not end the guard before its work is done.
      detached: true,
    });
    this.#shell.unref();
    this.#shell.stdin?.on('error', () => {});
  }

  add(pid: number): void {
    this.#pids.add(pid);
    this.#tell();
  }

  remove(pid: number): void {
    this.#pids.delete(pid);
    this.#tell();
  }

  /** Kills what is left, removes the folder, and returns when both are done. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    this.#shell.ref();
    const closed = new Promise((resolve) => this.#shell.once('exit', resolve));
    this.#shell.stdin?.end();
    await closed;
  }

  #tell(): void {
    this.#shell.stdin?.write(`${[...this.#pids].join(' ')}\n`);
  }
}
