import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buildLock } from '../controlplane/build-lock.js';
import { goCache, run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';
import type { ImageArchive } from './image.js';
import { buildBase, npmSettings, runtimeBase } from './image-bases.js';
import { ImageBuilder } from './image-builder.js';
import type { EnsureOptions } from './node-programs.js';
import { ensureNode24 } from './node24.js';

/** As the overlay for minikube names it, in full. */
const NAME = 'docker.io/library/berth:dev';
const BUILD_BASE = 'localhost/build-base:1';
const RUNTIME_BASE = 'localhost/runtime-base:1';
/** What goes into the image, from the root of the checkout; the last one says what the bases hold. */
const SOURCES = [
  ...['Dockerfile', '.dockerignore', '.npmrc', 'LICENSE', 'NOTICE'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src'],
  'test/realcluster/image-bases.ts',
];
/** Images of other states of the sources that are kept. */
const KEPT = 4;

/**
 * Berth's image from the project's own Dockerfile, unchanged. In the place of the bases from registries stand two that are made here, of
 * Node.js 24 and the libraries of this machine. It is built anew when anything that goes into it has changed.
 */
export async function ensureBerthImage(options: EnsureOptions): Promise<ImageArchive> {
  const { log, env = process.env, signal } = options;
  const folder = join(goCache(env), 'image');
  const node = await ensureNode24(options);
  const path = join(folder, `berth_${await fingerprint(node, env)}.tar`);
  await mkdir(folder, { recursive: true });
  const release = await buildLock(join(folder, 'lock'), { log, ...(signal === undefined ? {} : { signal }) });
  try {
    if (!existsSync(path)) await build(path, node, { log, env, signal });
    await utimes(path, new Date(), new Date());
    await removeOldest(folder);
  } finally {
    await release();
  }
  return { name: NAME, path };
}

async function build(
  path: string,
  node: string,
  options: EnsureOptions & { readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  options.log('Building the image of Berth with buildah; this takes less than a minute.');
  const npm = await npmSettings(options.env);
  const builder = await ImageBuilder.open(options);
  const contexts = await mkdtemp(join(tmpdir(), 'berth-bases-'));
  try {
    await builder.build({ context: await runtimeBase(join(contexts, 'runtime'), node), name: RUNTIME_BASE });
    await builder.build({ context: await buildBase(join(contexts, 'build'), node, npm), name: BUILD_BASE });
    await builder.build({
      context: projectRoot(),
      name: NAME,
      buildArguments: { BUILD_BASE, RUNTIME_BASE },
      // What was installed from the lockfile before need not be fetched once more; npm verifies it all the same.
      volumes: { '/root/.npm': npm.cache },
    });
    await builder.save(NAME, path);
  } finally {
    await rm(contexts, { recursive: true, force: true });
    await builder.close();
  }
}

async function fingerprint(node: string, env: NodeJS.ProcessEnv): Promise<string> {
  const hash = createHash('sha256').update(await run(node, ['--version'], { cwd: '/', env }));
  for (const source of SOURCES) {
    for (const path of await filesOf(join(projectRoot(), source)))
      hash.update(relative(projectRoot(), path)).update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 12);
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

async function removeOldest(folder: string): Promise<void> {
  const archives = (await readdir(folder)).filter((name) => name.endsWith('.tar'));
  const used = await Promise.all(
    archives.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  used.sort((a, b) => b.at - a.at);
  for (const { name } of used.slice(1 + KEPT)) await rm(join(folder, name), { force: true });
}
