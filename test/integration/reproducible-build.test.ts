import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { projectRoot } from '../controlplane/project-root.js';

jest.setTimeout(180_000);

/** What the Dockerfile copies before it builds. */
const sources = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src'];

let folders: string[] = [];

/** Name of each file in a folder's dist to the hash of its bytes. */
function hashes(folder: string): Record<string, string> {
  const dist = join(folder, 'dist');
  return Object.fromEntries(
    readdirSync(dist)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(dist, name)))
          .digest('hex'),
      ]),
  );
}

/** The packages as links where the disk allows it: they are not written to. */
const bringPackages = 'cp -rl "$1" "$2" 2>/dev/null || { rm -rf "$2"; cp -r "$1" "$2"; }';

beforeAll(() => {
  const packages = realpathSync(join(projectRoot(), 'node_modules'));
  folders = ['a', 'another-one'].map((name) => mkdtempSync(join(tmpdir(), `berth-${name}-`)));
  for (const folder of folders) {
    for (const path of sources) cpSync(join(projectRoot(), path), join(folder, path), { recursive: true });
    execFileSync('sh', ['-c', bringPackages, 'sh', packages, join(folder, 'node_modules')]);
  }
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('the build', () => {
  it('makes the same bytes of the same lockfile, wherever it runs', () => {
    const [first, second] = folders.map((folder, index) => {
      const env = {
        ...process.env,
        TZ: index === 0 ? 'UTC' : 'Asia/Tokyo',
        LANG: index === 0 ? 'C' : 'de_DE',
      };
      for (const script of ['build.mjs', 'sbom.mjs'])
        execFileSync(process.execPath, [join('scripts', script), '--quiet'], { cwd: folder, env });
      return hashes(folder);
    });
    expect(Object.keys(first ?? {})).toEqual(
      expect.arrayContaining(['berth.js', 'berth.js.map', 'sbom.json']),
    );
    expect(second).toEqual(first);
  });

  it('tells in the bill of materials of every package that the program depends on', () => {
    const bill = JSON.parse(readFileSync(join(folders[0] ?? '', 'dist', 'sbom.json'), 'utf8')) as {
      readonly bomFormat: string;
      readonly serialNumber: string;
      readonly metadata: { readonly timestamp?: string; readonly component: { readonly name: string } };
      readonly components: readonly { readonly purl: string; readonly hashes?: readonly unknown[] }[];
    };
    expect([bill.bomFormat, bill.metadata.component.name, bill.metadata.timestamp]).toEqual([
      'CycloneDX',
      'berth',
      undefined,
    ]);
    expect(bill.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(projectRoot(), 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>;
    const urls = bill.components.map(({ purl }) => purl);
    const urlOf = ([name, version]: [string, string]): string =>
      `pkg:npm/${name.replace('@', '%40')}@${version}`;
    expect(urls).toEqual(expect.arrayContaining(Object.entries(dependencies).map(urlOf)));
    expect(urls).not.toContain(urlOf(['jest', devDependencies.jest ?? '']));
    expect(bill.components.filter(({ hashes: found = [] }) => found.length === 0)).toEqual([]);
  });
});
