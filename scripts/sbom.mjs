// Writes dist/sbom.json: what the program is made of, from the lockfile alone, in CycloneDX. Twice from the same lockfile gives the same bytes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// A folder without node_modules: npm then looks at nothing but the lockfile.
const work = mkdtempSync(join(tmpdir(), 'berth-sbom-'));
// npm calls the program after the folder.
const folder = join(work, 'berth');
try {
  mkdirSync(folder);
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(root, file), join(folder, file));
  const kind = ['--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev', '--package-lock-only'];
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', ...kind], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm sbom failed:\n${stderr}`);
  const bill = JSON.parse(stdout);
  // npm draws a number and asks the clock; what is left depends on the lockfile (and on the version of npm, which it names).
  delete bill.metadata.timestamp;
  delete bill.serialNumber;
  const hash = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
  const uuid = [hash.slice(0, 8), hash.slice(8, 12), `5${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`];
  bill.serialNumber = `urn:uuid:${[...uuid, hash.slice(20, 32)].join('-')}`;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', 'sbom.json'), `${JSON.stringify(bill, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
