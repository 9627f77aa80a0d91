import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildLock } from '../controlplane/build-lock.js';
import { goCache, requireGo, run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';

export interface EnsureOracleOptions {
  /** Receives progress lines. */
  readonly log: (line: string) => void;
  /** Environment that is looked at: XDG_CACHE_HOME, PATH. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Path of the oracle program, built from source when it is not in the cache: some minutes the first time, as it holds
 * kube-scheduler.
 * @throws Error that says what to do when Go is missing or the build fails.
 */
export async function ensureOracle({ log, env = process.env }: EnsureOracleOptions): Promise<string> {
  const moduleDir = join(projectRoot(), 'test', 'oracle');
  const program = join(goCache(env), 'oracle', cacheKey(moduleDir), 'oracle');
  if (existsSync(program)) return program;
  await mkdir(dirname(program), { recursive: true });
  const release = await buildLock(`${program}.lock`, { log });
  try {
    if (!existsSync(program)) await build(moduleDir, program, { log, env });
  } finally {
    await release();
  }
  return program;
}

async function build(
  moduleDir: string,
  program: string,
  { log, env }: Required<EnsureOracleOptions>,
): Promise<void> {
  requireGo(env, 'The oracle is');
  log(`Building ${program}; this takes some minutes, once.`);
  const unfinished = `${program}.${process.pid}`;
  let packages = 0;
  const progress = setInterval(() => log(`  ${packages} packages compiled`), 20_000);
  try {
    const args = ['build', '-trimpath', '-v', '-ldflags', '-s -w', '-o', unfinished, '.'];
    await run('go', args, {
      cwd: moduleDir,
      env,
      onLine: () => {
        packages += 1;
      },
    });
    await rename(unfinished, program);
  } finally {
    clearInterval(progress);
    await rm(unfinished, { force: true });
  }
}

/** Another key for every change of the program or of the pinned modules. */
function cacheKey(moduleDir: string): string {
  const sources = readdirSync(moduleDir)
    .filter((name) => name.endsWith('.go') || name.startsWith('go.'))
    .sort();
  const hash = createHash('sha256');
  for (const name of sources) hash.update(name).update(readFileSync(join(moduleDir, name)));
  const goMod = readFileSync(join(moduleDir, 'go.mod'), 'utf8');
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(goMod)?.[1];
  return `k8s-${version}_${process.platform}-${process.arch}_${hash.digest('hex').slice(0, 8)}`;
}
