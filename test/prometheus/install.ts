import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { buildLock } from '../controlplane/build-lock.js';
import { executable, goCache, run } from '../controlplane/go.js';

/** Absolute paths of the programs. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

export interface EnsurePrometheusOptions {
  /** Environment that is looked at: PATH, XDG_CACHE_HOME. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives progress lines; standard error when left out. */
  readonly log?: (line: string) => void;
}

/**
 * Finds Prometheus and promtool: those on PATH, or else those of Debian's package, which is unpacked into a cache beside the other programs
 * of the tests. Nothing is installed.
 * @throws Error that says what to do when there is no way to have them.
 */
export async function ensurePrometheus(options: EnsurePrometheusOptions = {}): Promise<PrometheusPrograms> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const found = programsIn(folder);
    if (executable(found.prometheus) && executable(found.promtool)) return found;
  }
  const cache = join(goCache(env), 'prometheus', `debian-${process.arch}`);
  const programs = programsIn(join(cache, 'usr', 'bin'));
  if (existsSync(programs.promtool)) return programs;
  await mkdir(dirname(cache), { recursive: true });
  const release = await buildLock(`${cache}.lock`, { log });
  try {
    if (!existsSync(programs.promtool)) await unpack(cache, { env, log });
  } finally {
    await release();
  }
  return programs;
}

function programsIn(folder: string): PrometheusPrograms {
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

async function unpack(cache: string, { env, log }: Surroundings): Promise<void> {
  log(`Unpacking Debian's package prometheus into ${cache}, once.`);
  const work = await mkdtemp(`${cache}.unpack-`);
  const run1 = (command: string, args: readonly string[]) => run(command, args, { cwd: work, env });
  try {
    await download(work, run1);
    const [archive] = (await readdir(work)).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    await run1('dpkg', ['-x', archive, 'root']);
    await rename(join(work, 'root'), cache);
  } catch (error) {
    throw new Error(
      `Prometheus is not to be had (${error instanceof Error ? error.message : String(error)}). ` +
        'Put `prometheus` and `promtool` on PATH (https://prometheus.io/download) and run this again.',
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** With the package lists that the machine has, or with lists of our own, where it has none. */
async function download(
  work: string,
  run1: (command: string, args: readonly string[]) => Promise<string>,
): Promise<void> {
  const quietly = ['-qq', '-o', 'APT::Sandbox::User=', '-o', 'Acquire::Retries=3'];
  try {
    await run1('apt-get', [...quietly, 'download', 'prometheus']);
  } catch {
    const lists = join(work, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    const own = [...quietly, '-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
    await run1('apt-get', [...own, 'update']);
    await run1('apt-get', [...own, 'download', 'prometheus']);
  }
}
