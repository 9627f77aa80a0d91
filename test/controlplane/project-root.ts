import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The checkout this code belongs to, found by walking up to Berth's package.json, so that it is the same whether
 * the code runs from its source or from the bundle in dist/.
 */
export function projectRoot(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && readFileSync(manifest, 'utf8').includes('"name": "berth"')) return dir;
    if (dir === dirname(dir)) throw new Error('the checkout of Berth was not found above this file');
  }
}
