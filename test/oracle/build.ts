import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EnsureProgramOptions, ensureGoProgram } from '../controlplane/go-program.js';
import { projectRoot } from '../controlplane/project-root.js';

/**
 * Path of the oracle program, built from source when it is not in the cache: some minutes the first time, as it holds
 * kube-scheduler. Throws as `ensureGoProgram` does.
 */
export function ensureOracle(options: EnsureProgramOptions): Promise<string> {
  const moduleDir = join(projectRoot(), 'test', 'oracle');
  return ensureGoProgram(
    { title: 'The oracle', path: ['oracle', cacheKey(moduleDir), 'oracle'], moduleDir },
    options,
  );
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
