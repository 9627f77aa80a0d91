import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectFolder } from './manifest-files.js';

const read = (path: string): string => readFileSync(join(projectFolder, path), 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
const [build = '', runtime = ''] = dockerfile.split(/^FROM .*$/m).slice(1);

describe('the image', () => {
  it('is made of files that the build context has', () => {
    const ignored = read('.dockerignore').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) =>
      list.trim().split(/\s+/),
    );
    expect(copied).toEqual(
      expect.arrayContaining(['package-lock.json', 'scripts', 'src', 'LICENSE', 'NOTICE']),
    );
    expect(copied.filter((path) => !existsSync(join(projectFolder, path)))).toEqual([]);
    expect(copied.filter((path) => ignored.includes(path))).toEqual([]);
  });

  it('installs what the lockfile says, and runs no script of a package', () => {
    expect(build).toContain('npm ci --ignore-scripts');
  });

  it('has the program, what it loads beside itself, and what it is made of', () => {
    const built = [...runtime.matchAll(/\/src\/dist\/(\S+)/g)].map(([, name]) => name);
    const programs = ['berth', 'lease-worker', 'plugin-module-hooks'];
    expect(built.sort()).toEqual(
      [
        ...programs.flatMap((name) => [`${name}.js`, `${name}.js.map`]),
        'berth.js.LEGAL.txt',
        'sbom.json',
      ].sort(),
    );
    for (const name of programs)
      expect(read('scripts/build.mjs')).toMatch(new RegExp(`^ {2}'?${name}'?: `, 'm'));
  });

  it('runs as a numeric user that is not root, without a shell', () => {
    expect(runtime).toMatch(/^USER 65532:65532$/m);
    expect(runtime).not.toMatch(/^RUN /m);
    expect(runtime).toContain('ENTRYPOINT ["node", "/app/berth.js"]');
    expect(runtime).toContain('CMD ["run"]');
  });

  it('lets both of its bases be replaced', () => {
    const bases = [...dockerfile.matchAll(/^FROM (.*)$/gm)].map(([, base]) => base);
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/^\$\{(BUILD|RUNTIME)_BASE\}/);
  });

  it('takes no version of Node.js that the package does not', () => {
    const bases = [...dockerfile.matchAll(/^ARG \w+_BASE=(.*)$/gm)].map(([, base = '']) => base);
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/\bnode(js|:)24-/);
  });
});
