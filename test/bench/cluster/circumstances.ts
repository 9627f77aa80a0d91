import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { pinnedVersions } from '../../controlplane/build.js';
import { projectRoot } from '../../controlplane/project-root.js';
import type { Circumstances } from './case-result.js';

const bytesPerGb = 1024 ** 3;

/** Where and of what a bench is run. `node` is the path of the Node.js that Berth runs on. */
export function circumstances(argv: readonly string[], node: string): Circumstances {
  const processors = cpus();
  const root = projectRoot();
  const { kubernetes, etcd } = pinnedVersions(join(root, 'test', 'controlplane'));
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...argv.map(withoutFolder)].join(' '),
    commit: commitOf(root),
    processor: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    memoryGb: Math.round(totalmem() / bytesPerGb),
    platform: kernel(),
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    kubernetes,
    etcd,
  };
}

/** Where things lie on this machine tells nobody anything. */
function withoutFolder(argument: string): string {
  return isAbsolute(argument) ? `…/${basename(argument)}` : argument;
}

/** Empty outside a checkout; with a plus where files differ from the commit. */
function commitOf(root: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const commit = git('rev-parse', '--short', 'HEAD').trim();
    return git('status', '--porcelain', '--untracked-files=no').trim() === '' ? commit : `${commit}+`;
  } catch {
    return '';
  }
}

function kernel(): string {
  return `Linux ${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()}`;
}
