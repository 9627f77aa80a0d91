import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EnsureProgramOptions, ensureGoProgram } from '../controlplane/go-program.js';
import { projectRoot } from '../controlplane/project-root.js';

/** Path of the program `helm`, built from its pinned module when it is not in the cache. Throws as `ensureGoProgram` does. */
export function ensureHelm(options: EnsureProgramOptions = {}): Promise<string> {
  const moduleDir = join(projectRoot(), 'test', 'helm');
  const path = ['helm', cacheKey(moduleDir), 'helm'];
  return ensureGoProgram({ title: 'Helm', path, moduleDir, package: 'helm.sh/helm/v4/cmd/helm' }, options);
}

/** Another key for every change of the pinned modules. */
function cacheKey(moduleDir: string): string {
  const version = /helm\.sh\/helm\/v4 (v\S+)/.exec(readFileSync(join(moduleDir, 'go.mod'), 'utf8'))?.[1];
  const hash = createHash('sha256').update(readFileSync(join(moduleDir, 'go.sum')));
  return `helm-${version}_${process.platform}-${process.arch}_${hash.digest('hex').slice(0, 8)}`;
}
