import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildLock } from '../controlplane/build-lock.js';
import { goCache, requireGo, run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';

export interface EnsureHelmOptions {
  /** Receives progress lines; standard error when left out. */
  readonly log?: (line: string) => void;
  /** Environment that is looked at: XDG_CACHE_HOME, PATH. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Path of the program `helm`, built from its pinned module when it is not in the cache: a minute or two, once.
 * @throws Error that says what to do when Go is missing or the build fails.
 */
export async function ensureHelm(options: EnsureHelmOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const moduleDir = join(projectRoot(), 'test', 'helm');
  const program = join(goCache(env), 'helm', cacheKey(moduleDir), 'helm');
  if (existsSync(program)) return program;
  await mkdir(dirname(program), { recursive: true });
  const release = await buildLock(`${program}.lock`, { log });
  const unfinished = `${program}.${process.pid}`;
  try {
    if (existsSync(program)) return program;
    requireGo(env, 'Helm is');
    log(`Building ${program}; this takes a minute or two, once.`);
    const flags = ['-trimpath', '-ldflags', '-s -w', '-o', unfinished];
    await run('go', ['build', ...flags, 'helm.sh/helm/v4/cmd/helm'], { cwd: moduleDir, env });
    await rename(unfinished, program);
    return program;
  } finally {
    await rm(unfinished, { force: true });
    await release();
  }
}

/** Another key for every change of the pinned modules. */
function cacheKey(moduleDir: string): string {
  const version = /helm\.sh\/helm\/v4 (v\S+)/.exec(readFileSync(join(moduleDir, 'go.mod'), 'utf8'))?.[1];
  const hash = createHash('sha256').update(readFileSync(join(moduleDir, 'go.sum')));
  return `helm-${version}_${process.platform}-${process.arch}_${hash.digest('hex').slice(0, 8)}`;
}
