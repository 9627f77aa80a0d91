import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where programs built from Go modules are kept, outside the checkout. */
export function goCache(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'berth');
}

/** Throws unless Go is on PATH. `what` is missing, for the message: `The programs of the control plane are`. */
export function requireGo(env: NodeJS.ProcessEnv, what: string): void {
  const found = (env.PATH ?? '').split(delimiter).some((folder) => executable(join(folder, 'go')));
  if (found) return;
  throw new Error(
    `${what} not built yet, and building needs Go 1.26 or later, which is not on PATH. ` +
      'Install Go (https://go.dev/doc/install) and run this again.',
  );
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Receives what the command says on standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Runs a command to its end and returns what it printed; the error of a failed one shows its last lines. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const { cwd, env, signal } = options;
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
    let output = '';
    let lastLines: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = text.split('\n').filter((line) => line !== '');
      for (const line of lines) options.onLine?.(line);
      lastLines = [...lastLines, ...lines].slice(-20);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else
        reject(
          new Error(`\`${command} ${args[0]}\` failed with exit code ${code}:\n${lastLines.join('\n')}`),
        );
    });
  });
}

export function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
