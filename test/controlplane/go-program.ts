import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildLock } from './build-lock.js';
import { goCache, requireGo, run } from './go.js';

export interface GoProgram {
  /** For people: `Helm`. */
  readonly title: string;
  /** In the cache, its file last; one of the folders names what it is made of. */
  readonly path: readonly string[];
  /** Folder of the module that pins what it is made of. */
  readonly moduleDir: string;
  /** What is built. @default '.' */
  readonly package?: string;
}

export interface EnsureProgramOptions {
  /** Receives progress lines; standard error when left out. */
  readonly log?: ((line: string) => void) | undefined;
  /** Environment that is looked at: XDG_CACHE_HOME, PATH. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

const progressMs = 20_000;

/**
 * Path of a program that tests use, built from its pinned module when it is not in the cache: minutes, once.
 * @throws Error that says what to do when Go is missing or the build fails.
 */
export async function ensureGoProgram(
  program: GoProgram,
  { log = toStandardError, env = process.env }: EnsureProgramOptions = {},
): Promise<string> {
  const path = join(goCache(env), ...program.path);
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const release = await buildLock(`${path}.lock`, { log });
  try {
    if (!existsSync(path)) await build(program, path, { log, env });
  } finally {
    await release();
  }
  return path;
}

async function build(
  { title, moduleDir, package: what = '.' }: GoProgram,
  path: string,
  { log, env }: { readonly log: (line: string) => void; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  requireGo(env, `${title} is`);
  log(`Building ${path}; this takes some minutes, once.`);
  const unfinished = `${path}.${process.pid}`;
  let packages = 0;
  const progress = setInterval(() => log(`  ${packages} packages compiled`), progressMs);
  try {
    await run('go', ['build', '-trimpath', '-v', '-ldflags', '-s -w', '-o', unfinished, what], {
      cwd: moduleDir,
      env,
      onLine: () => {
        packages += 1;
      },
    });
    await rename(unfinished, path);
  } finally {
    clearInterval(progress);
    await rm(unfinished, { force: true });
  }
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
