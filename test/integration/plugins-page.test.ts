import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Within the package, so that `berth` is what it is for those who installed it.
const folder = join(root, 'dist', 'plugins-page');
const page = readFileSync(join(root, 'docs', 'plugins.md'), 'utf8');
const blocks = [
  ...page.matchAll(/^```(?:ts|yaml)\n(?:\/\/|#) ([\w.-]+\.(?:ts|yaml))\n([\s\S]*?)^```$/gm),
].map(([, name = '', content = '']) => ({ name, content }));
const env = { PATH: process.env.PATH, CI: 'true' };

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, content } of blocks) writeFileSync(join(folder, name), content);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/plugins.md', () => {
  it('has plugins, their tests and a configuration', () => {
    expect(blocks.map(({ name }) => name)).toEqual([
      'disk-type-score.ts',
      'disk-type-score.test.ts',
      'disk-type-score.yaml',
      'quiet-neighbours.ts',
      'zone-quota.ts',
      'zone-quota.test.ts',
    ]);
  });

  it.each(blocks.map(({ name }) => name).filter((name) => !name.endsWith('.test.ts')))(
    'has a %s that loads',
    (name) => {
      const { status, stderr } = spawnSync(
        process.execPath,
        [join(root, 'dist', 'berth.js'), 'plugin', 'check', join(folder, name)],
        { encoding: 'utf8', env },
      );
      expect([status, stderr]).toEqual([0, '']);
    },
  );

  it('has types that fit', () => {
    const tsconfig = { extends: join(root, 'examples', 'tsconfig.json'), include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
      {
        encoding: 'utf8',
        env,
      },
    );
    expect(stdout).toBe('');
  });

  it('has tests that pass', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings',
        'node_modules/jest/bin/jest.js',
        '--rootDir',
        folder,
        '--config',
        join(root, 'examples', 'jest.config.mjs'),
      ],
      { cwd: root, encoding: 'utf8', env },
    );
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  });
});
