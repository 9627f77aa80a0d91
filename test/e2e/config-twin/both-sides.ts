import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommandLine } from '../../../src/commands/command-line.js';
import type { CheckReport } from '../../../src/commands/config-check.js';

/** What a program makes of a file: the configuration in effect as YAML, or why not. */
export type Answer =
  | { readonly accepted: true; readonly text: string }
  | { readonly accepted: false; readonly reason: string };

/** Asks kube-scheduler, which writes the configuration in effect and ends before it talks to any API server. */
export async function askKubeScheduler(program: string, folder: string, file: string): Promise<Answer> {
  const written = join(folder, `${file}.kube-scheduler`);
  const child = spawn(
    program,
    [
      ...['--config', join(folder, file), '--write-config-to', written],
      // Nobody listens there; without an address it would not even read the file.
      ...['--master', 'http://127.0.0.1:1', '--secure-port', '0'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0 && existsSync(written)) return { accepted: true, text: readFileSync(written, 'utf8') };
  return { accepted: false, reason: reasonIn(stderr) };
}

/** The message of the last error that was logged, in one line. */
function reasonIn(stderr: string): string {
  const [, quoted, block] =
    /"command failed" err=(?:("(?:[^"\\]|\\.)*")|<\n([\s\S]*?)\n >)/.exec(stderr) ?? [];
  if (quoted !== undefined) return JSON.parse(quoted) as string;
  return (block ?? stderr).replaceAll(/\s+/g, ' ').trim();
}

/** The names under which kube-scheduler would run: where a file says nothing, the two differ on purpose. */
const flags = ['--scheduler-name', 'default-scheduler', '--allow-default-lease'];

/** Asks Berth, through its command line. */
export async function askBerth(folder: string, file: string): Promise<Answer> {
  const path = join(folder, file);
  const printed = await berth('config', 'print', ...flags, path);
  if (printed.code === 0) {
    const text = printed.stdout
      .replace(/^( {2}resourceName): berth$/m, '$1: kube-scheduler')
      .replace(/^( {2}resourceNamespace): berth-system$/m, '$1: kube-system');
    return { accepted: true, text };
  }
  const checked = await berth('config', 'check', '-o', 'json', ...flags, path);
  const { problems } = JSON.parse(checked.stdout) as CheckReport;
  return {
    accepted: false,
    reason: problems
      .map(({ path: field, message }) => (field === '' ? message : `${field}: ${message}`))
      .join('\n'),
  };
}

async function berth(...args: string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const context = { signal: new AbortController().signal, stdout, stderr, env: {} };
  const code = await runCommandLine(args, context);
  return { code, stdout: String(stdout.read() ?? '') };
}

/** Paths of kubeconfigs in the files: kube-scheduler reads what is there. */
const kubeconfigs = /\/etc\/(srv\/)?kubernetes\/[\w/.-]+/g;
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
`;

/** Puts a file where both programs find it, with a kubeconfig that exists. */
export function writeFile(folder: string, file: string, text: string): void {
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfig);
  writeFileSync(join(folder, file), text.replaceAll(kubeconfigs, path));
}
